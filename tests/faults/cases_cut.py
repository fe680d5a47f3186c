# SPDX-License-Identifier: Apache-2.0
"""Connections that break: before, within and after bodies, and with an outcome that nobody has heard."""
from images import LARGE, SMALL
from trial import case, cases
from faulty_registry import END, STORED, Fault, cut

PLACES = [0, 1, 0.5, 0.999, END, STORED]


def layer(request):
    return (request.length() or 1 << 30) > 100000


def total(registry):
    return sum(len(b) for b in registry.blobs["svc"].values())


@cases(PLACES, "a PUT is reset at {0} of its body: sent again, at most once more")
def put(t, place):
    registry = t.registry([cut("upload.put", place, when=layer)])
    t.push(registry, SMALL)
    t.at_most("bytes of bodies", registry.sent(), 2 * total(registry))
    if place == STORED:  # asked for, found, not sent again
        t.equal("bytes of bodies", registry.sent(), total(registry))


@cases(PLACES, "a PUT is reset at {0}, and the registry remembers how far it got: it goes on from there")
def put_resumed(t, place):
    registry = t.registry([cut("upload.put", place, when=layer)], resume=True)
    t.push(registry, SMALL)
    t.at_most("bytes of bodies", registry.sent(), 1.1 * total(registry) if place in (STORED, 0, 1) else 2 * total(registry))


@cases([0, 1, 3 << 20, 6 << 20, END, STORED], "a growing layer from a file is reset at {0}")
def patch(t, place):
    registry = t.registry([cut("upload.patch", place)])
    t.push(registry, LARGE)
    t.at_most("bytes of bodies", registry.sent(), 2 * total(registry))


@case("a growing layer from a pipe is reset before its first byte: nothing is lost, so it goes on")
def patch_pipe_early(t):
    t.push(t.registry([cut("upload.patch", "head")]), LARGE, source="pipe")


@cases([3 << 20, END, STORED], "a growing layer from a pipe is reset at {0}: 75, no tag, and what to do")
def patch_pipe(t, place):
    registry = t.registry([cut("upload.patch", place)])
    ran = t.push(registry, LARGE, source="pipe", status=75, sessions=place != STORED)
    t.says(ran, "pipe")
    t.count(registry, manifest_put=0)


@cases(["blob.head", "upload.post", "manifest.get", "manifest.put", "manifest.head", "tags.list"], "{0} is reset: asked again")
def small(t, kind):
    registry = t.registry([cut(kind, "head")])
    t.push(registry, SMALL)
    t.equal("bytes of bodies", registry.sent(), total(registry))


@cases(["upload.post", "manifest.put"], "{0} was done, and the answer is lost: done again without harm")
def answer_lost(t, kind):
    registry = t.registry([cut(kind, STORED)])
    t.push(registry, SMALL)
    t.equal("tags written", [entry[1] for entry in registry.tag_history], ["1"] * registry.count("manifest.put"))


@case("an orderly close in the middle of a body counts as a cut")
def closed(t):
    registry = t.registry([Fault("upload.put", "close", at=0.5, when=layer)])
    t.push(registry, SMALL)
    t.at_most("bytes of bodies", registry.sent(), 2 * total(registry))


@case("the answer itself is cut: its length says more than comes")
def short_answer(t):
    def shorten(_, answer):
        answer.set("Content-Length", "100")
        answer.body = b"short"
    registry = t.registry([Fault("manifest.put", "edit", at=STORED, edit=lambda r, a: shorten(r, a) or a,
                                 then=lambda r: None)])
    t.push(registry, SMALL, "--stall", "2s")


@case("every body is cut after the same bytes: sent in pieces that are shorter, after two cuts")
def always_there(t):
    registry = t.registry([cut("upload.p*", 800000, times=None, when=lambda r: (r.length() or 1 << 30) > 800000)])
    ran = t.push(registry, SMALL)
    t.says(ran, "pieces of")
    t.at_most("bytes of bodies", registry.sent(), 3.2 * total(registry))


@case("every body is cut in its middle, however short: bounded, 75, and the bytes are not sent for ever")
def always(t):
    registry = t.registry([cut("upload.p*", 0.5, times=None, when=lambda r: (r.length() or 0) > 1000)])
    t.push(registry, SMALL, "--retries", "2", status=75)
    t.at_most("bytes of bodies", registry.sent(), 6 * SMALL.size)


@case("a kept connection that the registry has closed meanwhile costs nothing")
def stale(t):
    registry = t.registry([Fault("upload.put", "edit", at=STORED, edit=lambda r, a: a.set("Connection", "close"), times=None)])
    t.push(registry, SMALL)
    t.equal("bytes of bodies", registry.sent(), total(registry))
