#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Step 5 on a real engine and registry: what is stored is what was built, and nothing else moves a tag.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_engine
need_base
REGISTRY_PORT=5098
export REGISTRY_PORT
registry=localhost:$REGISTRY_PORT
secret=hunter2-$RANDOM$RANDOM
printf '%s' "$secret" | htpasswd -niB pipeline >"$scratch/htpasswd"
REGISTRY_HTPASSWD=$scratch/htpasswd "$top/scripts/lib/registry" up >/dev/null
# shellcheck disable=SC2016
on_exit+=('"$top/scripts/lib/registry" down')
mkdir "$scratch/docker" "$scratch/wrong"
login() { printf '{"auths": {"%s": {"auth": "%s"}}}' "$registry" "$(printf 'pipeline:%s' "$1" | base64 -w0)"; }
login "$secret" >"$scratch/docker/config.json"
login wrong >"$scratch/wrong/config.json"
export DOCKER_CONFIG=$scratch/docker

printf 'FROM %s\nRUN head -c 3000000 /dev/urandom > /random && head -c 5000000 /dev/zero > /zero\nCMD ["true"]\n' "$base" >"$scratch/Dockerfile"
(cd "$scratch" && mkdir context && pipeline-build -f Dockerfile --context context --tag localhost/e2e-push:1) >/dev/null 2>&1
ask() { curl -sS --noproxy '*' -u "pipeline:$secret" -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' "$@"; }
digest_of() { ask -I "http://$registry/v2/$1/manifests/$2" | tr -d '\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p'; }

# Tests that start together want the same registry.
four_at_once() {
  local one all=() result=0
  for one in 1 2 3 4; do
    REGISTRY_PORT=5097 "$top/scripts/lib/registry" up &
    all+=($!)
  done
  for one in "${all[@]}"; do wait "$one" || result=$?; done
  REGISTRY_PORT=5097 "$top/scripts/lib/registry" down
  return $result
}
status "four that start one registry at once get one" 0 four_at_once

status "an image line is pushed from the engine" 0 sh -c "echo localhost/e2e-push:1 | registry-push $registry/e2e/push:one"
first=$out
has "and the digest comes out, alone" "^$registry/e2e/push@sha256:[0-9a-f]{64}\$" "$first"
has "which is what the registry says of the tag" "^${first#*@}\$" "$(digest_of e2e/push one)"
status "the stream of docker save gives the same digest" 0 sh -c "docker save localhost/e2e-push:1 | registry-push $registry/e2e/push:two"
has "exactly" "^$first\$" "$out"
docker image rm localhost/e2e-push:1 >/dev/null 2>&1 || true
holds "docker can pull it by that digest" docker pull -q "$first"
# shellcheck disable=SC2016 # the inner shell expands it
holds "and every layer is what it was" docker run --rm --network none "$first" sh -c 'test "$(wc -c < /random)" = 3000000'
docker tag "$first" localhost/e2e-push:1

DOCKER_CONFIG=$scratch/wrong status "a wrong password is 77" 77 sh -c "echo localhost/e2e-push:1 | registry-push $registry/e2e/push:wrong"
empty "with nothing on stdout" "$out"
has "and the registry named" "$registry" "$err"
empty "and the password not" "$(grep -F -e wrong: -e "$secret" <<<"$err" || true)"
empty "and no tag" "$(digest_of e2e/push wrong)"

docker save localhost/e2e-push:1 >"$scratch/image.tar"
size=$(stat -c %s "$scratch/image.tar")
for part in 10 50 90 99; do
  status "an archive cut at $part % is 65" 65 sh -c "head -c $((size * part / 100)) $scratch/image.tar | registry-push $registry/e2e/push:cut"
  empty "and moves no tag" "$out$(digest_of e2e/push cut)"
done
python3 - "$scratch/image.tar" <<'PYTHON'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(3_000_000)
    byte = file.read(1)
    file.seek(3_000_000)
    file.write(bytes([byte[0] ^ 1]))
PYTHON
status "one flipped bit in a layer is 65" 65 registry-push --from "$scratch/image.tar" "$registry/e2e/push:flipped"
empty "and moves no tag" "$out$(digest_of e2e/push flipped)"

"$top/scripts/lib/registry" down
status "a registry that is down is 69" 69 sh -c "echo localhost/e2e-push:1 | registry-push --retries 0 $registry/e2e/push:down"
empty "with nothing on stdout" "$out"
finish
