#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A real registry that is killed while it takes an image, one whose disk is full, and a line that is cut: what is stored in the
# end is the image, or nothing under that tag.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/registry/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/registry/lib.sh"

need_engine
make_image
export DOCKER_CONFIG=$scratch/no-login HOME=$scratch
mkdir "$scratch/no-login"
front=127.0.0.1:28475
tag_of() { curl -s --noproxy '*' -o /dev/null -w '%{http_code}' -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' "http://$1/manifests/$2"; }
pulled() {
  rm -f "$scratch/skopeo.tar"
  holds "  skopeo pulls it" skopeo copy -q --src-tls-verify=false "docker://$1" "docker-archive:$scratch/skopeo.tar:$image"
  holds "  the same, file by file" same_files "$archive" "$scratch/skopeo.tar"
}

# ---- killed, and up again with the same storage

real_registry killed 28475
victim=$pid
within 20 answers "http://$front/v2/" || { cat "$scratch/killed.log"; exit 1; }
(
  sleep 1.5
  kill -KILL "$victim"
  sleep 2
  exec docker-registry serve "$scratch/killed.yml"
) >>"$scratch/killed.log" 2>&1 &
pids+=($!)
status "a registry that is killed and comes again" 0 registry-push --limit-rate 4m --from "$archive" "$front/svc:1"
reference=$out
has "was tried again" 'trying again' "$err"
pulled "$reference"
status "and it takes the image by a pipe, too" 0 sh -c "cat $archive | registry-push --no-reuse $front/svc:2"
has "the same image" "^$reference\$" "$out"

# ---- a full disk

mkdir "$scratch/full"
mount -t tmpfs -o size=8m slipway-e2e "$scratch/full"
# shellcheck disable=SC2016 # when it is over
on_exit+=('umount "$scratch/full"')
full=127.0.0.1:28476
real_registry full 28476
within 20 answers "http://$full/v2/" || { cat "$scratch/full.log"; exit 1; }
status "a registry whose disk is full is 75" 75 registry-push --retries 2 --from "$archive" "$full/svc:1"
empty "with nothing on stdout" "$out"
has "and what it answered" 'HTTP 50|broke|silent' "$err"
holds "no tag came of it" test "$(tag_of "$full/v2/svc" 1)" = 404
mount -o remount,size=100m "$scratch/full"
status "with room again, the same command goes through" 0 registry-push --from "$archive" "$full/svc:1"
has "with the same digest" "@${reference#*@}\$" "$out"
pulled "$out"
finish
