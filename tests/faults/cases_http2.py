# SPDX-License-Identifier: Apache-2.0
"""What only HTTP/2 can do to a push: streams that are refused or ended one by one, a connection that says goodbye, windows
that stay shut. All else of the fault plan is run over HTTP/2 as it stands."""
from faulty_registry import Fault, cut
from images import LARGE, SMALL, TINY
from trial import case, cases


def registry(t, script=(), **settings):
    t.http2 = True
    return t.registry(script, **settings)


@case("all requests of a push share one connection", http2=False)
def one_connection(t):
    there = registry(t)
    t.push(there, SMALL)
    used = {r.connection for r in there.log}
    t.at_most("connections, with the one that asked whether TLS is spoken", len(used), 2)


@cases([f"{how} {kind}" for how in ("refused", "cancel", "enhance", "internal", "goaway")
        for kind in ("manifest.get", "blob.head", "upload.post", "upload.put", "upload.patch", "manifest.put", "manifest.head")],
       "a stream that ends with an error, twice: {0}", http2=False)
def stream_error(t, what):
    how, kind = what.split(" ")
    # --no-reuse asks nothing, so it is not said where a question is to fail
    image = LARGE if kind == "upload.patch" else SMALL
    there = registry(t, [Fault(kind, how, times=2)])
    t.push(there, image, "--retries", "4")
    t.at_least(f"{kind} that failed", there.script[0].struck, 1)


@cases([0.001, 0.5, 0.999], "a stream that is ended after {0} of a layer; the others go on", http2=False)
def inside(t, part):
    there = registry(t, [Fault("upload.put", "internal", at=part, when=lambda r: (r.length() or 0) > 100000)])
    t.push(there, SMALL)
    t.at_most("bytes", there.sent("upload.put"), 2 * sum(map(len, there.blobs["svc"].values())))


@case("a connection that breaks with several layers on it", http2=False)
def all_at_once(t):
    there = registry(t, [cut("upload.put", 0.5, when=lambda r: (r.length() or 0) > 100000)])
    t.push(there, SMALL)


@case("one stream is silent while others move: it alone is given up, in the time of --stall", http2=False)
def silent_stream(t):
    there = registry(t, [Fault("upload.put", "silence", when=lambda r: (r.length() or 0) > 100000)])
    ran = t.push(there, SMALL, "--stall", "1500ms", sessions=False)
    t.at_most("seconds", ran.seconds, 20)


@case("a window that opens slowly is progress", http2=False)
def slow_window(t):
    there = registry(t, [Fault("upload.put", read_rate=300000, when=lambda r: (r.length() or 0) > 100000)])
    ran = t.push(there, SMALL, "--stall", "1500ms")
    t.equal("bodies of it", there.script[0].struck, 1)
    t.at_most("seconds", ran.seconds, 60)


@case("a refusal at the head of a growing layer comes behind its first bytes: they are kept, and the pipe goes on", http2=False)
def growing(t):
    there = registry(t, [Fault("upload.patch", status=503, headers=(("Retry-After", "1"),), times=2)])
    t.push(there, LARGE, source="pipe")


@case("the same in the middle of it: 75 from a pipe, 0 from a file", http2=False)
def growing_middle(t):
    there = registry(t, [Fault("upload.patch", "internal", at=4 << 20)])
    ran = t.push(there, LARGE, source="pipe", status=75)
    t.says(ran, "came through a pipe")
    there.script.append(Fault("upload.patch", "internal", at=4 << 20))
    t.push(there, LARGE)


@case("a push without TLS stays with HTTP/1.1", http2=False)
def plain(t):
    t.push(t.registry(), TINY)
