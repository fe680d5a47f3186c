# SPDX-License-Identifier: Apache-2.0
"""Finished images for several platforms: nothing is visible before what is below it, whatever goes wrong on the way, and what
is stored is letter for letter what the layout holds. And promotion, where two registries can fail."""
import functools
import gzip
import hashlib
import json

from images import noise, tar_of
from trial import case, cases
from faulty_registry import Basic, Fault, cut, error_body, refuse

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Layout:
    """Two platforms that share their first layer; the second layer of each is `size` bytes that do not compress."""

    def __init__(self, name, size):
        self.name, self.blobs = name, {}
        shared = self.layer([("etc/name", b"shared\n" * 100)])
        children = []
        for number, architecture in enumerate(("amd64", "arm64")):
            config = self.add(json.dumps({"architecture": architecture, "os": "linux"}).encode(), "config.v1+json")
            layers = [shared, self.layer([("srv/data", noise(size, 10 + number))])]
            manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
            children.append({**self.add(json.dumps(manifest).encode(), "manifest.v1+json"),
                             "platform": {"architecture": architecture, "os": "linux"}})
        self.root = self.add(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}).encode(), "index.v1+json")

    def add(self, data, kind):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest, "size": len(data)}

    def layer(self, files):
        return self.add(gzip.compress(tar_of(files), 1, mtime=0), "layer.v1.tar+gzip")

    @functools.cached_property
    def archive(self):
        files = [(f"blobs/sha256/{digest[7:]}", data) for digest, data in sorted(self.blobs.items())]
        return tar_of([*files, ("index.json", json.dumps({"schemaVersion": 2, "manifests": [self.root]}).encode()),
                       ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')])


BOTH = Layout("both", 1 << 20)
LARGE_BOTH = Layout("large-both", 3 << 20)


def push(t, registry, *options, image=BOTH, status=0, **settings):
    """As t.push; and all of the layout is there, or no tag of it."""
    ran = t.push(registry, image, *options, status=status, stores=False, **settings)
    if status == 0:
        repository = settings.get("repository", "svc")
        t.equal("stdout", ran.stdout, f"{registry.address}/{repository}@{image.root['digest']}\n")
        t.equal("the tag", registry.tags[repository]["1"], image.root["digest"])
        manifests = {digest: data for digest, (_, data) in registry.manifests[repository].items()}
        for digest, data in image.blobs.items():
            t.true(f"{digest} is there, letter for letter", {**registry.blobs[repository], **manifests}.get(digest) == data)
    return ran


@cases(["file", "pipe"], "an image for two platforms by {0}")
def plain(t, source):
    registry = t.registry()
    push(t, registry, source=source)
    t.count(registry, manifest_put=3)


@cases([500, 502, 503, 429], "HTTP {0} twice on each kind of request: 0")
def passing(t, status):
    registry = t.registry([Fault(kind, status=status, headers=(("Retry-After", "0"),), times=2)
                           for kind in ("manifest.head", "blob.head", "upload.post", "upload.put", "manifest.put")])
    push(t, registry)


@case("manifests below the index that are refused: 77, no index, no tag")
def denied(t):
    registry = t.registry([Fault("manifest.put", status=403, body=error_body("DENIED"), times=None)])
    push(t, registry, status=77)
    t.equal("tags", registry.tags.get("svc", {}), {})


@case("a child that the registry does not see yet under its index is waited for")
def late_child(t):
    registry = t.registry([refuse("manifest.put", 400, "MANIFEST_BLOB_UNKNOWN", when=lambda r: r.name == "1")])
    push(t, registry)


@cases([0, 0.5, 0.999], "connections that break after {0} of a layer: 0")
def broken(t, part):
    registry = t.registry([cut("upload.put", part) for _ in range(2)])
    push(t, registry, sessions=False)


@case("a second push of the same is one question", http2=False)
def again(t):
    registry = t.registry()
    push(t, registry)
    asked = len(registry.log)
    push(t, registry)
    t.equal("requests", len(registry.log) - asked, 1)


@case("a registry that confirms another digest for a child: 76, no tag")
def other_digest(t):
    registry = t.registry([Fault("manifest.put", headers=(("Docker-Content-Digest", "sha256:" + "0" * 64),), status=201, times=1)])
    push(t, registry, status=76)


@cases(["file", "pipe"], "large finished layers by {0}, with connections that break")
def large(t, source):
    faults = [cut("upload.put", 0.5)] if source == "file" else []
    push(t, t.registry(faults), image=LARGE_BOTH, source=source, sessions=False)


# ---- promotion

def promote(t, source, target, *options, status=0, image=BOTH):
    ran = t.run(f"{target.address}/prod:1", "--from", f"registry:{source.address}/svc@{image.root['digest']}", "--memory", "8m", *options)
    if ran.status != status:
        t.equal(f"exit status\n{ran.stderr}\n{t.transcript()}", ran.status, status)
    t.equal("open sessions", [s.name for s in target.open_sessions()], [])
    if status == 0:
        t.equal("the tag", target.tags["prod"]["1"], image.root["digest"])
    else:
        t.equal("tags", target.tags.get("prod", {}), {})
        t.equal("stdout", ran.stdout, "")
    t.obeyed()
    for secret in t.secrets:
        t.true("no secret in what it says", secret not in ran.stderr + ran.stdout)
    return ran


def filled(t, image=BOTH, **settings):
    source = t.registry(**settings)
    push(t, source, image=image)
    return source


@case("from one registry into another, with its login and without")
def promotion(t):
    source, target = filled(t, image=LARGE_BOTH), t.registry(auth=Basic("ops", "pa55-7e1d"))
    begun = len(source.log)
    promote(t, source, target, *t.login(), image=LARGE_BOTH)
    for request in source.log[begun:]:
        t.true("the source is only read", request.method in ("GET", "HEAD"))
        t.equal("and told no password", request.header("authorization"), None)


@cases([500, 503, 429], "a source that answers HTTP {0} twice on each request: 0")
def source_busy(t, status):
    source, target = filled(t), t.registry()
    source.script += [Fault(kind, status=status, headers=(("Retry-After", "0"),), times=2) for kind in ("manifest.get", "blob.get")]
    promote(t, source, target)


@case("a source that is silent: 69 or 75 in bounded time, nothing left behind")
def source_silent(t):
    source, target = filled(t), t.registry()
    source.script.append(Fault("blob.get", "silence", times=None))
    ran = promote(t, source, target, "--stall", "1s", "--retries", "1", status=75)
    t.at_most("seconds", ran.seconds, 20)


@case("a source that forbids reading: 77")
def source_denied(t):
    source, target = filled(t), t.registry()
    source.script.append(Fault("manifest.get", status=403, body=error_body("DENIED"), times=None))
    promote(t, source, target, status=77)


@case("a target that breaks off while a layer passes through", http2=False)  # with it goes the answer to a POST beside it
def target_cut(t):
    source, target = filled(t, image=LARGE_BOTH), t.registry([cut("upload.put", 0.5), cut("upload.put", 0.9)])
    promote(t, source, target, image=LARGE_BOTH)
