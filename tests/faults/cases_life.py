# SPDX-License-Identifier: Apache-2.0
"""Ends: signals to the tool, a registry that is killed and comes again, and what is left behind."""
import signal
import threading
import time

from images import LARGE, SMALL
from trial import case, cases, interrupt
from faulty_registry import END, Fault, FaultyRegistry, STORED


@cases([signal.SIGINT, signal.SIGTERM, signal.SIGHUP], "signal {0!r} in the middle of a layer: dies by it, sessions deleted, no tag")
def signalled(t, number):
    registry = t.registry()

    def feed(pipe):
        pipe.write(LARGE.archive[:6 << 20])
        pipe.flush()
        time.sleep(3)
    ran = t.push(registry, LARGE, feed=feed, during=interrupt(lambda: registry.sent("upload.patch") > 1 << 20, number), status=-number)
    t.at_most("seconds", ran.seconds, 10)
    t.equal("sessions given up", registry.deletes, 1)
    t.count(registry, manifest_put=0)


@cases([signal.SIGINT, signal.SIGTERM, signal.SIGHUP], "signal {0!r} that was ignored from the start (nohup, a job in the background) stays so")
def ignored(t, number):
    registry = t.registry()
    met = []

    def feed(pipe):
        pipe.write(LARGE.archive[:6 << 20])
        pipe.flush()
        deadline = time.monotonic() + 30
        while not met and time.monotonic() < deadline:
            time.sleep(0.05)
        pipe.write(LARGE.archive[6 << 20:])

    def hit(process):
        interrupt(lambda: registry.sent("upload.patch") > 1 << 20, number)(process)
        time.sleep(0.5)
        met.append(True)
    t.push(registry, LARGE, feed=feed, during=hit, signals="--ignore-signal")


@case("a signal while the registry has asked to wait ends the wait at once")
def signal_in_pause(t):
    registry = t.registry([Fault("upload.post", status=429, headers=(("Retry-After", "100"),), times=None)])
    ran = t.push(registry, SMALL, during=interrupt(lambda: registry.count("upload.post")), status=-signal.SIGTERM)
    t.at_most("seconds", ran.seconds, 4)


@case("a signal while the registry is silent ends within the two seconds of the farewell")
def signal_in_silence(t):
    registry = t.registry([Fault("upload.*", "silence", times=None)])
    ran = t.push(registry, SMALL, during=interrupt(lambda: registry.count("upload.*")), status=-signal.SIGTERM, sessions=False)
    t.at_most("seconds", ran.seconds, 6)


def killed(t, back_after, **options):
    """The registry is killed as it takes a layer, and another with the same storage comes up on its port."""
    registry = FaultyRegistry([]).start()
    t.servers.append(registry)
    successor = []

    def kill(_):
        def later():
            registry.close()
            time.sleep(back_after)
            again = FaultyRegistry(port=registry.port).start()
            again.given |= registry.given
            again.blobs, again.manifests, again.tags = registry.blobs, registry.manifests, registry.tags
            t.servers.append(again)
            successor.append(again)
        threading.Thread(target=later, daemon=True).start()
        time.sleep(0.3)
    registry.script.append(Fault("upload.put", "reset", at=0.5, when=lambda r: (r.length() or 0) > 100000, then=kill))
    return registry


@case("a registry that is killed in the middle and is back after two seconds: 0")
def killed_and_back(t):
    registry = killed(t, 2)
    t.push(registry, SMALL, sessions=False)


@case("a registry that is killed and does not come back: 75, bounded, nothing printed")
def killed_for_good(t):
    registry = killed(t, 1000)
    ran = t.push(registry, SMALL, "--retries", "2", sessions=False, status=75)
    t.at_most("seconds", ran.seconds, 20)


@case("stdout is gone after the push: 74, although the image is there")
def no_stdout(t):
    registry = t.registry()
    path = t.folder / "small.tar"
    path.write_bytes(SMALL.archive)
    import subprocess
    with open("/dev/full", "wb") as full:
        done = subprocess.run([t.binary, f"{registry.address}/svc:1", "--from", str(path)], stdout=full, stderr=subprocess.PIPE,
                              env=t.environment, timeout=60, check=False)
    t.equal("exit status", done.returncode, 74)
    t.true("it is stored", "1" in registry.tags["svc"])


@case("quiet changes what is said, and no status")
def quiet(t):
    for status, script in ((0, []), (75, [Fault("manifest.put", status=503, times=None)]),
                           (76, [Fault("upload.post", status=200, times=None)]), (77, [Fault("upload.post", status=403, times=None)])):
        for words in ((), ("-q",)):
            registry = t.registry([Fault(**vars(f)) for f in script])
            ran = t.push(registry, SMALL, "--retries", "1", *words, status=status)
            t.true("an error is said", ran.stderr or status == 0)
            t.true("quiet is quiet", status or not words or not ran.stderr)


@case("four pushes to one repository at once: every tag is right")
def together(t):
    registry = t.registry()
    threads, wrong = [], []

    def one(number):
        from trial import Failed
        try:
            path = t.folder / f"small{number}.tar"
            path.write_bytes(SMALL.archive)
            ran = t.run(f"{registry.address}/svc:{number}", "--from", str(path), "--no-reuse")
            t.equal("exit status", ran.status, 0)
        except Failed as error:
            wrong.append(str(error))
    for number in range(4):
        threads.append(threading.Thread(target=one, args=(number,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    t.equal("what went wrong", wrong, [])
    t.equal("digests", len(set(registry.tags["svc"].values())), 1)
    t.equal("tags", len(registry.tags["svc"]), 4)
