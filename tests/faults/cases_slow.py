# SPDX-License-Identifier: Apache-2.0
"""Slow is not broken, and silent is: what is waited for, what is cut, and that every wait has an end."""
import socket
import threading
import time

from images import LARGE, SMALL, TINY
from trial import Failed, case, cases
from faulty_registry import HEAD, STORED, Fault, Server, edit, refuse, silence


@cases(["blob.head", "upload.post", "upload.put", "manifest.put", "manifest.head", "manifest.get"],
       "{0} is met with silence once: cut after --stall, and asked again")
def silent_once(t, kind):
    registry = t.registry([silence(kind)])
    ran = t.push(registry, SMALL, "--stall", "1s")
    t.at_least("seconds", ran.seconds, 1)
    t.at_most("seconds", ran.seconds, 20)


@case("silence within a body: cut after --stall, and sent again")
def silent_inside(t):
    registry = t.registry([silence("upload.put", 0.5, when=lambda r: (r.length() or 0) > 100000)], receive_buffer=65536)
    ran = t.push(registry, SMALL, "--stall", "1s")
    t.at_most("seconds", ran.seconds, 20)


@cases(["accepts and never answers", "never accepts", "answers and then no more", "half a header"],
       "a registry that {0}: an end in bounded time, and it says that it is silent")
def silent_registry(t, how):
    class Silent(Server):
        def handle(self, connection, request):
            if how == "half a header":
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Le")
            connection.wait(600)
            return False
    if how == "answers and then no more":
        registry = t.registry([silence("upload.put", times=None)])
    elif how == "never accepts":
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fill = [socket.socket() for _ in range(4)]
        for one in fill:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        registry = t.registry()
        ran = t.run(f"127.0.0.1:{listener.getsockname()[1]}/svc:1", "--from", str(archive(t)), "--stall", "1s", "--retries", "1")
        t.equal("exit status", (ran.status, ran.stdout), (69, ""))
        t.at_most("seconds", ran.seconds, 60)
        t.says(ran, "nothing answers|silent")
        return
    else:
        registry = Silent().start()
        t.servers.append(registry)
        ran = t.run(f"{registry.address}/svc:1", "--from", str(archive(t)), "--stall", "1s", "--retries", "1")
        t.equal("exit status", (ran.status, ran.stdout), (69, ""))
        t.at_most("seconds", ran.seconds, 60)
        t.says(ran, "silent")
        return
    ran = t.push(registry, TINY, "--stall", "1s", "--retries", "1", status=75)
    t.at_most("seconds", ran.seconds, 60)
    t.says(ran, "silent")


def archive(t):
    path = t.folder / "tiny.tar"
    path.write_bytes(TINY.archive)
    return path


@case("--timeout ends a silent registry with 124, whatever --stall says")
def whole_time(t):
    registry = t.registry([silence("*", times=None)])
    ran = t.push(registry, TINY, "--timeout", "2s", status=124)
    t.at_least("seconds", ran.seconds, 2)
    t.at_most("seconds", ran.seconds, 6)
    t.says(ran, "2")


@case("--timeout ends a source that does not go on, with 124 and no tag")
def slow_source(t):
    registry = t.registry()

    def feed(pipe):
        pipe.write(SMALL.archive[:100000])
        pipe.flush()
        time.sleep(8)
    ran = t.push(registry, SMALL, "--timeout", "2s", feed=feed, status=124)
    t.at_most("seconds", ran.seconds, 6)


@case("an answer of one byte after another is waited for", http2=False)
def trickle(t):
    registry = t.registry([Fault("upload.post", "edit", at=STORED, edit=lambda r, a: a, write_rate=60)])
    ran = t.push(registry, TINY, "--stall", "1s")
    t.at_least("seconds", ran.seconds, 3)
    t.count(registry, upload_post=3)


@case("a registry that takes a body slowly is not cut: bytes in the socket that become fewer are progress")
def slow_reader(t):
    registry = t.registry([Fault("upload.put", read_rate=300000, when=lambda r: (r.length() or 0) > 100000)],
                          receive_buffer=65536)
    ran = t.push(registry, SMALL, "--stall", "1500ms")
    t.at_least("seconds", ran.seconds, 4)
    t.count(registry, upload_put=3)


@case("a slow source is no stall of the registry: nothing to send is nobody's fault")
def slow_pipe(t):
    registry = t.registry()

    def feed(pipe):
        data = LARGE.archive
        pipe.write(data[:5 << 20])
        pipe.flush()
        time.sleep(4)
        pipe.write(data[5 << 20:])
    t.push(registry, LARGE, "--stall", "1s", feed=feed)


@case("blobs that are seen three seconds after their 201 are waited for")
def settling(t):
    registry = t.registry(settle=3.0)
    ran = t.push(registry, TINY, "--no-reuse")
    t.at_least("seconds", ran.seconds, 3)
    t.equal("bytes of bodies", registry.sent(), sum(len(b) for b in registry.blobs["svc"].values()))


@case("MANIFEST_BLOB_UNKNOWN twice: asked again, nothing is sent twice")
def unknown_twice(t):
    from faulty_registry import END, refuse
    registry = t.registry([refuse("manifest.put", 400, "MANIFEST_BLOB_UNKNOWN", at=END, times=2)])
    t.push(registry, TINY)
    t.count(registry, manifest_put=3)
    t.equal("bytes of bodies", registry.sent(), sum(len(b) for b in registry.blobs["svc"].values()))


@case("sessions that are never known again: 75, and what may be behind it")
def sessions_lost(t):
    registry = t.registry([refuse("upload.put", 404, "BLOB_UPLOAD_UNKNOWN", times=None)])
    ran = t.push(registry, TINY, status=75, sessions=False)
    t.says(ran, "has lost the upload of a layer", "http.secret")
    t.at_most("sessions of three blobs", registry.count("upload.post"), 3 * 4)


@case("a blob that was lost after its 201 is sent once more")
def lost(t):
    def lose(registry):
        digest = max(registry.blobs["svc"], key=lambda d: len(registry.blobs["svc"][d]))
        del registry.blobs["svc"][digest]
    registry = t.registry([refuse("manifest.put", 400, "MANIFEST_BLOB_UNKNOWN", at=HEAD, then=lose)])
    registry.forgiven = True
    t.push(registry, SMALL, "--no-reuse")
