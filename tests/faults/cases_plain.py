# SPDX-License-Identifier: Apache-2.0
"""No fault at all: what a push costs, and that what is stored is the image. What the other cases compare with."""
import subprocess

from images import LARGE, SMALL
from trial import case


@case("a new blob takes a HEAD, a POST and a PUT")
def new_blobs(t):
    registry = t.registry()
    t.push(registry, SMALL, "--no-reuse")
    t.count(registry, blob_head=3, upload_post=3, upload_put=3, upload_patch=0, manifest_put=1, manifest_head=1)
    t.equal("bytes", registry.sent(), sum(len(b) for b in registry.blobs["svc"].values()))


@case("a pipe and a file end in the same image")
def pipe_and_file(t):
    registry = t.registry()
    for image in (SMALL, LARGE):
        one = t.push(registry, image, repository="file", tag=image.name)
        two = t.push(registry, image, repository="pipe", tag=image.name, source="pipe")
        t.equal("digest", two.stdout.split("@")[1], one.stdout.split("@")[1])


@case("a layer beyond the window takes a POST, a PATCH and a PUT, and is sent once")
def growing(t):
    registry = t.registry()
    t.push(registry, LARGE, "--no-reuse", source="pipe")
    t.count(registry, upload_patch=1, upload_post=3, upload_put=3)
    t.equal("bytes", registry.sent(), sum(len(b) for b in registry.blobs["svc"].values()))


@case("the second push sends nothing")
def second(t):
    registry = t.registry()
    t.push(registry, SMALL)
    sent, puts = registry.sent(), registry.count("manifest.put")
    t.push(registry, SMALL)
    t.equal("bytes", registry.sent(), sent)
    t.equal("manifests written", registry.count("manifest.put"), puts)


@case("several tags and repositories: sent once, mounted, tagged last")
def several(t):
    registry = t.registry()
    t.push(registry, SMALL, f"{registry.address}/other/place:1", "--tag", "latest", stores=False)
    t.count(registry, upload_mount=3, upload_put=3)
    t.equal("tags", [sorted(registry.tags[r]) for r in ("svc", "other/place")], [["1", "latest"]] * 2)
    t.true("the same image", registry.tags["svc"]["1"] == registry.tags["other/place"]["latest"])


@case("a client that breaks the spec is noticed")
def the_judge_judges(t):
    """The rules themselves: a request of curl that is wrong in five ways."""
    registry = t.registry()
    digest = "sha256:" + "0" * 64
    for words in (["-X", "PUT", "-d", "{}", "-H", "Content-Type: text/plain", f"{registry.url}/v2/a/manifests/1"],
                  ["-I", f"{registry.url}/v2/a/manifests/1"],
                  ["-X", "POST", "-H", "Authorization: Basic eDp5", f"{registry.url}/v2/a/blobs/uploads/?digest=x"],
                  ["-X", "PATCH", "-d", "abc", f"{registry.url}/v2/a/blobs/uploads/nonsense"],
                  ["-X", "PUT", "-d", "abc", f"{registry.url}/v2/A//manifests/1"],
                  ["-X", "PUT", f"{registry.url}/v2/a/blobs/uploads/x?digest={digest}"]):
        subprocess.run(["curl", "-s", "--noproxy", "*", *words], capture_output=True, timeout=10, check=False)
    found = "\n".join(registry.violations)
    for part in ("User-Agent", "mediaType is None", "Accept lacks", "credentials", "Content-Length", "never was",
                 "the API does not have", "the colon", "a chunk is application/x-www-form-urlencoded"):
        t.true(f"'{part}' is among\n{found}", part in found)
