#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The registry of the design on its storage: examples/registry/registry-swift.yml on a real OpenStack Swift, whose servers freeze
# and go away while an image is pushed.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/registry/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/registry/lib.sh"
# shellcheck source=tests/e2e/registry/swift.sh
. "$(dirname "${BASH_SOURCE[0]}")/registry/swift.sh"

need_engine
make_image
need_containerd
export DOCKER_CONFIG=$scratch/no-login HOME=$scratch
mkdir "$scratch/no-login"
port=28490 front=127.0.0.1:28496
swift_up $port || { tail -n 5 "$scratch"/swift-*.log; exit 1; }
sed "s/28080/$port/;s/127.0.0.1:5001/$front/" "$top/examples/registry/registry-swift.yml" >"$scratch/registry.yml"
REGISTRY_STORAGE_SWIFT_PASSWORD=secret REGISTRY_HTTP_SECRET=e2e background registry docker-registry serve "$scratch/registry.yml"
within 30 answers "http://$front/v2/" || { cat "$scratch/registry.log"; exit 1; }
tag_of() { curl -s --noproxy '*' -o /dev/null -w '%{http_code}' -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' "http://$front/v2/svc/manifests/$1"; }

status "a push into Swift" 0 registry-push --from "$archive" "$front/svc:1"
reference=$out
has "gives the image's name by digest" "^$front/svc@sha256:[0-9a-f]{64}\$" "$out"
holds "Swift has it" test "$(swift_objects $port)" -gt 5
docker image rm -f "$image" >/dev/null 2>&1 || true
holds "docker pulls it" docker pull -q "$reference"
docker tag "$reference" "$image" && docker save "$image" >"$scratch/docker.tar"
holds "skopeo pulls it" skopeo copy -q --src-tls-verify=false "docker://$reference" "docker-archive:$scratch/skopeo.tar:$image"
holds "containerd pulls it" ctr_here images pull --snapshotter native --plain-http "$reference"
holds "and hands it out" ctr_here images export "$scratch/containerd.tar" "$reference"
holds "each the same, file by file" same_files "$archive" "$scratch/docker.tar" "$scratch/skopeo.tar" "$scratch/containerd.tar"
status "a second push sends nothing" 0 registry-push --json --from "$archive" "$front/svc:2"
has "not a byte" '"uploadedBytes": 0' "$out"

# ---- a container server that is frozen for a while: uploads hang in the registry, and the push outlives it

kill -STOP "${swift_pids[container]}"
(sleep 8 && kill -CONT "${swift_pids[container]}") &
pids+=($!)
status "a container server that is frozen for 8 s" 0 registry-push --no-reuse --force-blobs --stall 4s --from "$archive" "$front/svc:frozen"
has "ends in the same image" "^$reference\$" "$out"
wait "$!" 2>/dev/null || true

# ---- memcached gone: tokens are lost, and the registry answers 500 until it is back

kill "${swift_pids[memcached]}"
wait "${swift_pids[memcached]}" 2>/dev/null || true
(sleep 5 && exec memcached -u "$(id -un)" -l 127.0.0.1 -p $((port + 4)) -m 64) >/dev/null 2>&1 &
pids+=($!)
status "memcached gone for 5 s" 0 registry-push --no-reuse --force-blobs --from "$archive" "$front/svc:tokens"
has "ends in the same image" "^$reference\$" "$out"

# ---- the storage gone for good: the registry never answers, which is said in bounded time, and no tag comes of it

kill -STOP "${swift_pids[container]}" "${swift_pids[object]}"
begun=$SECONDS
status "storage that never answers is 69" 69 registry-push --no-reuse --force-blobs --stall 3s --retries 1 --from "$archive" "$front/svc:never"
holds "within a minute" test $((SECONDS - begun)) -lt 60
has "and silence is what is told" 'went silent' "$err"
empty "with nothing on stdout" "$out"
kill -CONT "${swift_pids[container]}" "${swift_pids[object]}"
within 30 answers "http://$front/v2/svc/tags/list" || true
holds "no tag came of it" test "$(tag_of never)" = 404
finish
