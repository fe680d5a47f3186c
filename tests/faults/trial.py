# SPDX-License-Identifier: Apache-2.0
"""What a fault case has in its hands: registries that are gone afterwards, the tool under test, and what must hold after
each run of it whatever the fault was."""
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from faulty_registry import FaultyRegistry, TokenService  # noqa: E402

CASES = []
LIMIT = 120  # seconds that one run of the tool may take


class Failed(AssertionError):
    pass


def case(name, http2=True):
    """Registers a case. http2: whether it holds over HTTP/2 with TLS as well; then it is run twice."""
    def keep(function):
        function.over_http2 = http2
        CASES.append((f"{pathlib.Path(function.__code__.co_filename).stem}: {name}", function))
        return function
    return keep


def cases(values, name, http2=True):
    """A case for each of the values; `name` is formatted with it."""
    def keep(function):
        for value in values:
            case(name.format(value), http2)(_bound(function, value))
        return function
    return keep


def _bound(function, value):
    def bound(trial):
        return function(trial, value)
    bound.__code__ = bound.__code__.replace(co_filename=function.__code__.co_filename)
    return bound


class Ran:
    def __init__(self, status, stdout, stderr, seconds, started):
        self.status, self.stdout, self.stderr, self.seconds, self.started = status, stdout, stderr, seconds, started


class Trial:
    def __init__(self, binary, certificates, http2=False):
        """http2: registries speak it, whatever the case was written for."""
        self.binary = binary
        self.http2 = http2
        self.certificates = certificates
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="faults-"))
        self.servers = []
        self.secrets = set()
        self.environment = {"HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp"), "PATH": os.environ["PATH"],
                            "XDG_CACHE_HOME": str(self.folder / "cache"), "LC_ALL": "C.UTF-8"}
        for name in ("home", "tmp", "cache"):
            (self.folder / name).mkdir()

    def close(self):
        for server in self.servers:
            server.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- servers

    def tls(self, name="server", **settings):
        """A server's side of TLS."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.certificates / f"{name}.pem")
        if self.http2:
            made.set_alpn_protocols(["h2", "http/1.1"])
        for key, value in settings.items():
            setattr(made, key, value)
        return made

    def registry(self, script=(), **settings):
        if self.http2:
            settings.setdefault("tls", self.tls())
        server = FaultyRegistry(script, **settings).start()
        self.servers.append(server)
        if self.http2:  # for runs that do not say --ca, and for the source of a promotion
            trusted = self.folder / "home" / ".config" / "containers" / "certs.d" / server.address
            trusted.mkdir(parents=True)
            shutil.copy(self.certificates / "ca.crt", trusted)
        return server

    def tokens(self, **settings):
        server = TokenService(**settings).start()
        self.servers.append(server)
        return server

    def login(self, user="ops", password="pa55-7e1d"):
        """Options that log in; the password must not be seen anywhere."""
        file = self.folder / "password"
        file.write_text(password)
        self.secrets.add(password)
        return ["--username", user, "--password-file", str(file)]

    # ---- the tool

    def start(self, *words, stdin=None, signals="--default-signal"):
        """Whatever this run of the tests ignores (a job in the background: SIGINT; nohup: SIGHUP), the tool starts afresh."""
        of_its_own = ["env", f"{signals}=INT,TERM,HUP,PIPE"]
        return subprocess.Popen([*of_its_own, self.binary, *words], stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=self.environment, cwd=self.folder)

    def run(self, *words, data=None, feed=None, during=None, signals="--default-signal"):
        """data: stdin at once; feed: a function that is given a pipe to write into; during: of the process, meanwhile;
        signals: what env(1) does to INT, TERM, HUP and PIPE before the tool starts."""
        started = time.monotonic()
        process = self.start(*words, stdin=subprocess.PIPE if data is not None or feed else None, signals=signals)
        helpers = []
        if feed:
            helpers.append(threading.Thread(target=self._feed, args=(process.stdin, feed), daemon=True))
        if data is not None:
            helpers.append(threading.Thread(target=self._feed, args=(process.stdin, lambda pipe: pipe.write(data)), daemon=True))
        if during:
            helpers.append(threading.Thread(target=during, args=(process,), daemon=True))
        process.stdin = None  # the helper has it
        for helper in helpers:
            helper.start()
        try:
            stdout, stderr = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            raise Failed(f"still running after {LIMIT} s\n{stderr.decode(errors='replace')}") from None
        ended = time.monotonic()
        for helper in helpers:
            helper.join(10)
        return Ran(process.returncode, stdout.decode(), stderr.decode(errors="replace"), ended - started, started)

    @staticmethod
    def _feed(pipe, feed):
        try:
            feed(pipe)
            pipe.close()
        except OSError:
            pass

    def push(self, registry, image, *options, status=0, repository="svc", tag="1", source="file", host=None, data=None,
             feed=None, during=None, sessions=True, tls=False, stores=True, unmoved=True, signals="--default-signal"):
        """One push of `image` to HOST/svc:1, and all that holds after any push:
        status 0: one line on stdout, and exactly this image under the tag; otherwise: nothing on stdout, the tag as before;
        no session left open (unless sessions=False), nothing on the disk, no secret on stderr, no rule of a client broken."""
        reference = f"{host or registry.address}/{repository}:{tag}"
        before = dict(registry.tags.get(repository, {}))
        registry.tagged.clear()
        words = [reference, "--memory", "8m", *options]
        if tls:
            words += ["--ca", str(self.certificates / "ca.crt")]
        if source == "file" and data is None and feed is None:
            path = self.folder / f"{image.name}.tar"
            if not path.exists():
                path.write_bytes(image.archive)
            words += ["--from", str(path)]
        elif data is None and feed is None:
            data = image.archive
        ran = self.run(*words, data=data, feed=feed, during=during, signals=signals)
        try:
            self.equal("exit status", ran.status, status)
            found = dict(registry.tags.get(repository, {}))
            if status == 0:
                self.holds(self, image, ran, registry, repository, tag, host) if stores else None
            else:
                self.equal("stdout", ran.stdout, "")
                if unmoved:
                    self.equal("tags", found, before)
                self.true("the last words name the tool", re.search(r"^registry-push: ", ran.stderr, re.M) or status < 0)
            if sessions:
                self.equal("open sessions", [s.name for s in registry.open_sessions()], [])
            self.equal("files left in TMPDIR", os.listdir(self.folder / "tmp"), [])
            self.obeyed()
            for secret in self.secrets:
                self.true("no secret in what it says", secret not in ran.stderr + ran.stdout)
        except Failed as error:
            raise Failed(f"{error}\n--- stdout\n{ran.stdout}--- stderr\n{ran.stderr}--- requests, {ran.seconds:.1f} s\n"
                         f"{self.transcript()}") from None
        return ran

    @staticmethod
    def holds(trial, image, ran, registry, repository, tag, host):
        digest = registry.tags.get(repository, {}).get(tag)
        trial.true("the tag is there", digest)
        trial.equal("stdout", ran.stdout, f"{host or registry.address}/{repository}@{digest}\n")
        _, manifest = registry.manifests[repository][digest]
        trial.equal("wrong with the image", list(image.is_in(manifest, registry.blobs[repository])), [])

    def obeyed(self):
        """No request of the run breaks the distribution spec."""
        for server in self.servers:
            if server.violations:
                shown = "\n  ".join(server.violations[:5])
                raise Failed(f"against the spec at {server.address}, {len(server.violations)} times:\n  {shown}")

    def transcript(self):
        return "\n".join(f"at {server.url}:\n" + "\n".join(r.line() for r in server.log) for server in self.servers)

    # ---- what must hold

    @staticmethod
    def equal(what, got, wanted):
        if got != wanted:
            raise Failed(f"{what}: {got!r}, wanted {wanted!r}")

    @staticmethod
    def true(what, held):
        if not held:
            raise Failed(f"not so: {what}")

    def at_most(self, what, got, most):
        if got > most:
            raise Failed(f"{what}: {got}, wanted at most {most}\n{self.transcript()}")

    def at_least(self, what, got, least):
        if got < least:
            raise Failed(f"{what}: {got}, wanted at least {least}\n{self.transcript()}")

    def says(self, ran, *patterns):
        for pattern in patterns:
            if not re.search(pattern, ran.stderr):
                raise Failed(f"stderr has no '{pattern}':\n{ran.stderr}")

    def count(self, registry, **wanted):
        """upload_post=3 and the like, exactly."""
        for name, number in wanted.items():
            kind = name.replace("_", ".", 1)
            if registry.count(kind) != number:
                raise Failed(f"{kind}: {registry.count(kind)} requests, wanted {number}\n{self.transcript()}")


def interrupt(when, number=signal.SIGTERM):
    """For `during`: a signal as soon as `when()` is true."""
    def later(process):
        deadline = time.monotonic() + 60
        while not when() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
    return later
