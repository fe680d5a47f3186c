# SPDX-License-Identifier: Apache-2.0
"""Sources that break off or lie: exit 65, no tag, no session, nothing on stdout."""
import gzip
import time

from images import LARGE, SMALL, TINY, Image, archive_of, noise
from trial import case, cases


def at(image, part):
    return image.archive[:int(len(image.archive) * part)]


CUTS = {
    "empty": b"",
    "garbage": b"\x00garbage" * 1000,
    "cut in the first header": SMALL.archive[:300],
    "cut in a layer": at(SMALL, 0.5),
    "cut before manifest.json": SMALL.archive[:SMALL.archive.rindex(b"manifest.json")],
    "cut in manifest.json": SMALL.archive[:SMALL.archive.rindex(b"manifest.json") + 520],
    "without its two end blocks": SMALL.archive.rstrip(b"\0") + b"\0" * (-len(SMALL.archive.rstrip(b"\0")) % 512),
    "gzip, cut": gzip.compress(SMALL.archive, 1)[:800000],
    "gzip, its check sum wrong": gzip.compress(SMALL.archive, 1)[:-8] + b"\0\0\0\0" + gzip.compress(SMALL.archive, 1)[-4:],
}


@cases(list(CUTS), "an archive on stdin that is {0}: 65, no tag, sessions given up")
def broken(t, name):
    registry = t.registry()
    ran = t.push(registry, SMALL, data=CUTS[name], status=65)
    t.count(registry, manifest_put=0)
    if name not in ("empty", "garbage"):
        path = t.folder / "cut.tar"
        path.write_bytes(CUTS[name])
        t.push(registry, SMALL, "--from", str(path), data=b"", status=65)


@case("a growing layer that is cut in the pipe: 65, the session is deleted")
def growing(t):
    registry = t.registry()

    def feed(pipe):
        pipe.write(at(LARGE, 0.9))
        pipe.flush()
        deadline = time.monotonic() + 30
        while registry.sent("upload.patch") < 1 << 20 and time.monotonic() < deadline:
            time.sleep(0.02)
    t.push(registry, LARGE, feed=feed, status=65)
    t.equal("sessions given up", registry.deletes, 1)
    t.count(registry, manifest_put=0)


@case("one flipped bit in a layer: 65 before any tag is written")
def flipped(t):
    data = bytearray(SMALL.archive)
    data[len(data) // 2] ^= 1
    registry = t.registry()
    ran = t.push(registry, SMALL, data=bytes(data), status=65)
    t.says(ran, "damaged")
    t.count(registry, manifest_put=0)


@case("a tag that stood before stands afterwards, when the source breaks off")
def stands(t):
    registry = t.registry()
    t.push(registry, SMALL)
    before = dict(registry.tags["svc"])
    t.push(registry, LARGE, data=at(LARGE, 0.7), status=65)
    t.equal("tags", registry.tags["svc"], before)


@cases(["plain", "gzip"], "--all, from a file that is {0}: each image where its name says, and what they share is sent once")
def every_image(t, packing):
    registry = t.registry()
    twin = Image("twin", [[("srv/data", noise(3 << 19, 1))], [("etc/name", b"twin\n")]])
    file = t.folder / "all.tar"
    whole = archive_of(SMALL, twin)
    file.write_bytes(gzip.compress(whole, 1) if packing == "gzip" else whole)
    ran = t.run(registry.address + "/team/{name}:{tag}", "--all", "--from", str(file), "--memory", "8m")
    t.equal("exit status", (ran.status, ran.stderr if ran.status else ""), (0, ""))
    for image, line in zip((SMALL, twin), ran.stdout.splitlines(), strict=True):
        digest = registry.tags[f"team/{image.name}"]["1"]
        t.equal("its line", line, f"{registry.address}/team/{image.name}@{digest}")
        _, manifest = registry.manifests[f"team/{image.name}"][digest]
        t.equal("wrong with the image", list(image.is_in(manifest, registry.blobs[f"team/{image.name}"])), [])
    t.at_most("bytes", registry.sent(), 1 << 21)
    t.obeyed()


@case("--all, through a pipe or where two would be one: 64, and nothing is asked")
def not_every_image(t):
    registry = t.registry()
    whole = archive_of(SMALL, TINY)
    t.equal("by pipe", t.run(registry.address + "/{name}:{tag}", "--all", data=whole).status, 64)
    file = t.folder / "all.tar"
    file.write_bytes(whole)
    t.equal("one place", t.run(registry.address + "/svc:{tag}", "--all", "--from", str(file)).status, 64)
    t.equal("no template", t.run(registry.address + "/svc:1", "--all", "--from", str(file)).status, 64)
    t.equal("tags", registry.tags, {})
