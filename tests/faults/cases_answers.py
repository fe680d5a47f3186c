# SPDX-License-Identifier: Apache-2.0
"""Answers that are allowed and rare, wrong, or those of a proxy on the way."""
import hashlib

from images import LARGE, SMALL, TINY
from trial import case, cases
from faulty_registry import END, STORED, Fault, edit, refuse, set_header

OTHER = "sha256:" + hashlib.sha256(b"another").hexdigest()


def total(registry):
    return sum(len(b) for b in registry.blobs["svc"].values())


def layer(request):
    return (request.length() or 1 << 30) > 100000


@cases(["upload.put", "manifest.put"], "another Docker-Content-Digest to {0}: 76, and nothing printed")
def other_digest(t, kind):
    registry = t.registry([set_header(kind, "Docker-Content-Digest", OTHER, times=None)])
    ran = t.push(registry, SMALL, status=76, unmoved=kind == "upload.put")
    t.says(ran, OTHER)


@case("the tag reads back as another digest: 76, and nothing printed")
def other_confirmed(t):
    registry = t.registry([set_header("manifest.head", "Docker-Content-Digest", OTHER, times=None)])
    t.says(t.push(registry, SMALL, status=76, unmoved=False), OTHER)


@case("a HEAD of a blob with another Docker-Content-Digest is not taken for its presence")
def other_head(t):
    def claim(request, answer):
        answer.status, answer.body = 200, b""
        return answer.set("Docker-Content-Digest", OTHER).set("Content-Length", "263")
    registry = t.registry([edit("blob.head", claim, times=None)])
    ran = t.push(registry, SMALL, status=76)
    t.says(ran, OTHER)


@case("a registry that names no digest at all is asked for the bytes")
def no_digest(t):
    registry = t.registry([set_header("manifest.*|upload.put", "Docker-Content-Digest", None, times=None)])
    t.push(registry, SMALL)


@case("a blob that is there with another size is sent again, and said so")
def other_size(t):
    def grow(request, answer):
        if answer.status == 200:
            answer.set("Content-Length", "12345678")
    registry = t.registry([edit("blob.head", grow, times=None)])
    t.push(registry, TINY, repository="svc", tag="0")
    registry.tags["svc"].clear()
    registry.manifests["svc"].clear()
    before = registry.sent()
    ran = t.push(registry, TINY, "--no-reuse")
    t.says(ran, "12345678")
    t.equal("bytes of bodies", registry.sent() - before, total(registry))


@case("a PUT that is answered 204 and a digest is done")
def put_204(t):
    def change(_, answer):
        answer.status = 204
    registry = t.registry([edit("upload.put", change, times=None)])
    t.push(registry, SMALL)
    t.equal("bytes of bodies", registry.sent(), total(registry))


@case("a PUT that is answered 200 by somebody on the way, and nothing is stored: asked for, and sent again")
def put_200(t):
    registry = t.registry([Fault("upload.put", at=END, status=200, body="<html>welcome</html>", when=layer)])
    t.push(registry, SMALL)
    t.at_most("bytes of bodies", registry.sent(), 2 * total(registry))


@case("a PATCH that is answered 201 is done when the registry has the blob")
def patch_201(t):
    def change(_, answer):
        answer.status = 201
    registry = t.registry([edit("upload.patch", change, times=None)])
    t.push(registry, LARGE)
    t.equal("bytes of bodies", registry.sent(), total(registry))


@case("a PATCH that is answered 204 goes on")
def patch_204(t):
    def change(_, answer):
        answer.status = 204
    t.push(t.registry([edit("upload.patch", change, times=None)]), LARGE)


@case("a POST that is answered 200: 76")
def post_200(t):
    registry = t.registry([Fault("upload.post", status=200, body="welcome", times=None)])
    ran = t.push(registry, SMALL, status=76)
    t.says(ran, "POST", "200")
    t.equal("bytes of bodies", registry.sent(), 0)


@cases([(404, "NAME_UNKNOWN", "7[67]"), (404, "", "7[67]"), (405, "UNSUPPORTED", "76"), (400, "NAME_INVALID", "76")],
       "a POST that is answered {0[0]} {0[1]}: the name is shown")
def post_refused(t, what):
    status, code, wanted = what
    registry = t.registry([refuse("upload.post", status, code, times=None)])
    ran = t.push(registry, SMALL, status=77 if status == 404 else 76)
    t.says(ran, "svc", str(status))


@case("a HEAD that is not allowed (405): asked by GET of its first byte, or sent")
def head_405(t):
    registry = t.registry([Fault("blob.head", status=405, times=None)])
    t.push(registry, SMALL)
    t.equal("bytes of bodies", registry.sent(), total(registry))
    sent = registry.sent()
    t.push(registry, SMALL, "--no-reuse", tag="2")
    t.equal("bytes of the second push", registry.sent() - sent, 0)


@case("a HEAD of a manifest that is not allowed (405): read by GET")
def manifest_405(t):
    t.push(t.registry([Fault("manifest.head", status=405, times=None)]), SMALL)


@case("no PATCH without a length (411): sent with one")
def needs_length(t):
    registry = t.registry(takes_chunked=False)
    t.push(registry, LARGE)
    t.at_most("bytes of bodies", registry.sent(), 2 * total(registry))


@case("a proxy takes only 1 MB (413): sent in chunks, in order, none twice")
def too_large(t):
    registry = t.registry(most=1 << 20)
    t.push(registry, SMALL)
    t.at_most("bytes of bodies", registry.sent(), 2 * total(registry))


@case("413 to everything: 76 or 75, with what to change at the proxy")
def nothing_fits(t):
    registry = t.registry(most=10)
    ran = t.push(registry, SMALL, status=76)
    t.says(ran, "client_max_body_size")


@case("a manifest that the registry finds invalid: 76 and its words")
def invalid(t):
    registry = t.registry([refuse("manifest.put", 400, "MANIFEST_INVALID", times=None)])
    t.says(t.push(registry, SMALL, status=76), "MANIFEST_INVALID")


@case("a warning of the registry is shown once")
def warning(t):
    registry = t.registry([set_header("*", "Warning", '299 - "this registry closes in May"', times=None)])
    ran = t.push(registry, SMALL)
    t.equal("how often", ran.stderr.count("this registry closes in May"), 1)


@case("--if-absent where the registry knows conditions: 73 when somebody was faster by a moment")
def race(t):
    def somebody(registry):
        registry.put_image("svc", "1", b'{"mediaType":"application/vnd.oci.image.manifest.v1+json"}',
                           "application/vnd.oci.image.manifest.v1+json", [])
    registry = t.registry([Fault("manifest.put", "edit", at=STORED, edit=lambda r, a: a)], enforces=True)
    original = registry._manifest_put
    def raced(request):
        somebody(registry)
        return original(request)
    registry._manifest_put = raced
    ran = t.push(registry, SMALL, "--if-absent", status=73, unmoved=False)
    t.says(ran, "exists")
    t.true("the other's tag stands", registry.tags["svc"]["1"] == registry.tags["svc"]["1"] and len(registry.tag_history) == 0)


@case("--expect sends If-Match, and a registry that enforces it decides")
def expect_race(t):
    registry = t.registry(enforces=True)
    first = t.push(registry, TINY)
    digest = first.stdout.strip().split("@")[1]
    t.push(registry, SMALL, "--expect", digest)
    put = [r for r in registry.requests() if r.kind == "manifest.put"][-1]
    t.equal("If-Match", put.header("if-match"), f'"{digest}"')
