#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Finished images on real registries: an OCI layout from a folder, a file and a pipe, an image for two platforms, and promotion
# from one registry into another that goes on without the first. What was pushed is pulled by docker, skopeo, containerd and podman.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/registry/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/registry/lib.sh"

need_engine
make_image
need_containerd
export DOCKER_CONFIG=$scratch/no-login HOME=$scratch
mkdir "$scratch/no-login"
printf "{}\n" >"$scratch/no-login/config.json" # podman wants the file
staging=127.0.0.1:28470 production=127.0.0.1:28471
real_registry staging 28470
staging_pid=$pid
real_registry production 28471
for host in "$staging" "$production"; do
  within 20 answers "http://$host/v2/" || { cat "$scratch/staging.log" "$scratch/production.log"; exit 1; }
done

# podman with a storage of its own.
podman_here() { podman --root "$scratch/podman" --runroot "$scratch/podman-run" --storage-driver vfs "$@"; }

# pulled_plain HOST/NAME@DIGEST: as pulled_alike, without TLS.
pulled_plain() {
  local reference=$1
  docker image rm -f "$image" "$reference" >/dev/null 2>&1 || true
  holds "  docker pulls it" docker pull -q "$reference"
  docker tag "$reference" "$image" && docker save "$image" >"$scratch/docker.tar"
  rm -f "$scratch/skopeo.tar"
  holds "  skopeo pulls it" skopeo copy -q --src-tls-verify=false "docker://$reference" "oci-archive:$scratch/skopeo.tar"
  holds "  containerd pulls it" ctr_here images pull --snapshotter native --plain-http "$reference"
  holds "  and hands it out" ctr_here images export "$scratch/containerd.tar" "$reference"
  holds "  podman pulls it" podman_here pull -q --tls-verify=false "$reference"
  rm -f "$scratch/podman.tar"
  holds "  and hands it out" podman_here save -q --format oci-archive -o "$scratch/podman.tar" "$reference"
  holds "  each the same, file by file" same_files "$scratch/layout.tar" "$scratch/docker.tar" "$scratch/skopeo.tar" "$scratch/containerd.tar" "$scratch/podman.tar"
}

# ---- a layout, as skopeo and buildah write it

skopeo copy -q "docker-archive:$archive" "oci:$scratch/layout:svc"
tar -C "$scratch/layout" -cf "$scratch/layout.tar" .
digest=$(jq -r '.manifests[0].digest' "$scratch/layout/index.json")
status "a layout in a folder" 0 registry-push --from "$scratch/layout" "$staging/svc:folder"
has "keeps its digest" "^$staging/svc@$digest\$" "$out"
pulled_plain "$out"
status "a layout in a file" 0 registry-push --from "oci-archive:$scratch/layout.tar" "$staging/file:1"
has "is the same image" "^$staging/file@$digest\$" "$out"
status "a layout by a pipe" 0 sh -c "cat $scratch/layout.tar | registry-push $staging/pipe:1"
has "is the same image" "^$staging/pipe@$digest\$" "$out"
status "and packed once more" 0 sh -c "gzip -1c $scratch/layout.tar | registry-push $staging/packed:1"
has "is the same image" "^$staging/packed@$digest\$" "$out"
rm -f "$scratch/by-skopeo.tar"
skopeo copy -q "docker-archive:$archive" "oci-archive:$scratch/by-skopeo.tar"
status "an archive of skopeo's" 0 registry-push --from "$scratch/by-skopeo.tar" "$staging/svc:archive"
rm -rf "$scratch/dir"
skopeo copy -q "oci:$scratch/layout:svc" "dir:$scratch/dir"
status "a folder of skopeo's dir: kind" 0 registry-push --from "dir:$scratch/dir" "$staging/dir:1"
has "is the same image" "^$staging/dir@$digest\$" "$out"

# ---- damage

cp -r "$scratch/layout" "$scratch/damaged"
largest=$(find "$scratch/damaged/blobs/sha256" -type f -printf '%s %p\n' | sort -rn | sed -n '1s/^[0-9]* //p')
printf 'x' | dd of="$largest" bs=1 seek=1000000 conv=notrunc 2>/dev/null
tag_of() { curl -s --noproxy '*' -o /dev/null -w '%{http_code}' -H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json' "http://$1"; }
status "one changed byte in a layer is 65" 65 registry-push --no-reuse --from "$scratch/damaged" "$production/bad:1"
empty "with nothing on stdout" "$out"
has "and the blob is named" "${largest##*/}" "$err"
holds "no tag came of it" test "$(tag_of "$production/v2/bad/manifests/1")" = 404
size=$(stat -c %s "$scratch/layout.tar")
for part in 30 99; do
  status "a layout that was cut at $part % is 65" 65 sh -c "head -c $((size * part / 100)) $scratch/layout.tar | registry-push $production/bad:1"
  holds "no tag came of it" test "$(tag_of "$production/v2/bad/manifests/1")" = 404
done

# ---- two platforms

python3 - "$scratch/layout" <<'PYTHON'
import hashlib, json, pathlib, sys
layout = pathlib.Path(sys.argv[1])
blobs = layout / "blobs" / "sha256"
def put(data):
    (blobs / hashlib.sha256(data).hexdigest()).write_bytes(data)
    return {"digest": "sha256:" + hashlib.sha256(data).hexdigest(), "size": len(data)}
def read(node):
    return json.loads((blobs / node["digest"][7:]).read_bytes())
index = json.loads((layout / "index.json").read_text())
image = index["manifests"][0]
manifest = read(image)
config = read(manifest["config"])
config["architecture"] = "arm64"
manifest["config"].update(put(json.dumps(config).encode()))
kind = manifest.get("mediaType", image["mediaType"])
other = {"mediaType": kind, **put(json.dumps({**manifest, "mediaType": kind}).encode()), "platform": {"architecture": "arm64", "os": "linux"}}
first = {k: v for k, v in image.items() if k != "annotations"} | {"platform": {"architecture": "amd64", "os": "linux"}}
media = "application/vnd.oci.image.index.v1+json"
both = put(json.dumps({"schemaVersion": 2, "mediaType": media, "manifests": [first, other]}).encode())
index["manifests"] = [{"mediaType": media, **both, "annotations": {"org.opencontainers.image.ref.name": "both"}}]
(layout / "index.json").write_text(json.dumps(index))
PYTHON
both=$(jq -r '.manifests[0].digest' "$scratch/layout/index.json")
status "an image for two platforms" 0 registry-push --from "oci:$scratch/layout:both" "$staging/multi:1"
has "keeps the digest of its index" "^$staging/multi@$both\$" "$out"
rm -rf "$scratch/all"
holds "skopeo pulls all of it" skopeo copy -q --all --src-tls-verify=false "docker://$staging/multi:1" "oci:$scratch/all:1"
holds "letter for letter" sh -c "cd $scratch/all/blobs/sha256 && for f in *; do test \"\$f\" = \"\$(sha256sum <\$f | cut -c1-64)\" && cmp \$f $scratch/layout/blobs/sha256/\$f || exit 1; done; test -f ${both#sha256:}"
pulled_plain "$staging/multi@$both"
status "one of its platforms" 0 registry-push --from "$scratch/layout" --platform linux/arm64 "$staging/arm:1"
has "is the manifest that the index names" "\"sha256:${out#*@sha256:}\"" "$(cat "$scratch/layout/blobs/sha256/${both#sha256:}")"
status "a platform that it is not for is 66" 66 registry-push --from "$scratch/layout" --platform linux/s390x "$staging/none:1"
has "and those that it is for are named" 'linux/amd64, linux/arm64' "$err"

# ---- from one registry into another

status "a promotion" 0 registry-push --from "registry:$staging/multi@$both" "$production/svc:1"
has "keeps the digest" "^$production/svc@$both\$" "$out"
status "within one registry" 0 registry-push --json --from "registry:$production/svc@$both" "$production/stable/svc:1"
has "sends nothing" '"uploadedBytes": 0' "$out"
kill "$staging_pid"
wait "$staging_pid" 2>/dev/null || true
rm -rf "$scratch/staging"
pulled_plain "$production/svc@$both"
status "with the source gone, a second one is told" 69 registry-push --retries 0 --from "registry:$staging/multi@$both" "$production/svc:2"
holds "no tag came of it" test "$(tag_of "$production/v2/svc/manifests/2")" = 404
finish
