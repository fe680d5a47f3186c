# SPDX-License-Identifier: Apache-2.0
"""The registry itself: distribution API v2 with its storage in memory, as CNCF distribution 2.8 behaves, with a script of
faults over it and the rules of a client beside it."""
import base64
import hashlib
import json
import re
import secrets
import time
import urllib.parse

from . import faults, rules
from .faults import error_body
from .wire import Answer, Gone, PIECE, Server

AT_ONCE = 0.2  # seconds: no client of ours tries again by itself before a quarter of one has gone by
OF_HTTP2 = ("refused", "cancel", "enhance", "internal", "goaway")  # http2.HOWS, which is loaded where it is spoken

def digest_of(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


class Session:
    def __init__(self, opened_by, name):
        self.opened_by = opened_by  # the request
        self.repository = opened_by.repository
        self.name = name
        self.data = bytearray()
        self.target = ""      # of the location that was given last, without its origin
        self.earlier = set()  # those before: good for questions, since an answer may have been lost
        self.dead = False     # distribution 2.8 knows a session no more once a body was cut
        self.doubtful = False  # a body was cut, and the client has not asked since
        self.unbegun = None    # that request, and when it was cut, where it was one that curl repeats by itself
        self.named = False     # by the client, in a request


def _as_sent(request):
    return request.method, request.target, request.header("content-range"), request.length()


class Strict(Exception):
    """A fault has ended the exchange; the connection is gone."""


class FaultyRegistry(Server):
    """
    script       list of Fault
    auth         None, or an object with `refusal(request)`: an Answer, or None when the request may pass (Basic, Bearer)
    resume       whether a session outlives a body that was cut, and says how far it got ("Range"); 2.8 does not
    takes_chunked  whether a PATCH may come without a length; else 411
    most         bytes of a body; more is 413, as proxies say
    minimum      OCI-Chunk-Min-Length, said with each session
    settle       seconds until a blob that was stored can be seen (Swift)
    location     of a session's path and state: what the header Location says; a value or a function
    mounts       whether a mount is done: True, False (202, an ordinary session) or a status to refuse it with
    enforces     whether If-None-Match and If-Match of a manifest's PUT count; 2.8 ignores them
    """

    def __init__(self, script=(), host="127.0.0.1", port=0, tls=None, auth=None, resume=False, takes_chunked=True,
                 most=None, minimum=None, settle=0.0, location=None, mounts=True, enforces=False, foreign=None,
                 referrers=False, **wire):
        super().__init__(host, port, tls, **wire)
        self.script = list(script)
        self.auth = auth
        self.resume = resume
        self.takes_chunked = takes_chunked
        self.most = most
        self.minimum = minimum
        self.settle = settle
        self.location = location
        self.mounts = mounts
        self.enforces = enforces
        self.referrers = referrers
        self.foreign = foreign  # the registry whose uploads this host takes
        self.blobs = {}         # repository -> digest -> bytes
        self.stored_at = {}     # (repository, digest) -> time
        self.manifests = {}     # repository -> digest -> (media type, bytes)
        self.tags = {}          # repository -> tag -> digest
        self.tag_history = []   # (repository, tag, digest) in order
        self.sessions = {}
        self.tagged = set()     # repositories where a tag was written
        self.quiet_until = []   # (asked at, until): the registry has asked all to wait
        self.given_back = []    # (deletion of an upload meanwhile, what is wrong with it if it was not the farewell)
        self.deletes = 0
        self.given = set()      # names of all sessions that there have been

    # ---- what a test looks at

    def count(self, kinds, complete=None):
        wanted = faults.Fault(kinds)
        return sum(1 for r in self.requests() if wanted.fits(r) and (complete is None or r.complete == complete))

    def requests(self):
        with self.lock:
            return list(self.log)

    def sent(self, kinds="upload.*"):
        """Bytes of bodies that came in."""
        wanted = faults.Fault(kinds)
        return sum(r.received for r in self.requests() if wanted.fits(r))

    def transcript(self):
        return "\n".join(r.line() for r in self.requests())

    def open_sessions(self):
        """That the client should have ended or cancelled."""
        return [s for s in self.sessions.values() if not s.dead and not self._unheard_of(s)]

    def _unheard_of(self, session):
        """A reset loses what lies in the buffers of both sides. Over HTTP/2 that can be the answer of another request than
        the one that was cut: the client cannot cancel a session whose name it was never told."""
        opener = session.opened_by
        was_read = opener.in_turn and any(r.connection == opener.connection and r.number > opener.number
                                          for r in self.requests())
        return not session.named and opener.connection in self.cuts and not was_read

    def put_image(self, repository, tag, manifest, media_type, blobs):
        """What is there before the push."""
        data = manifest.encode() if isinstance(manifest, str) else manifest
        self.blobs.setdefault(repository, {}).update({digest_of(b): b for b in blobs})
        self.manifests.setdefault(repository, {})[digest_of(data)] = (media_type, data)
        self.tags.setdefault(repository, {})[tag] = digest_of(data)

    # ---- one exchange

    def handle(self, connection, request):
        rules.classify(request)
        for what in rules.of_any_request(request, self.addresses):
            self.violated(request, what)
        if not request.kind:
            if request.path.startswith("/v2/"):
                self.violated(request, "a request that the API does not have")
            request.kind = "other"
        else:
            for what in rules.of_api_request(request):
                self.violated(request, what)
        self._check_patience(request)
        if request.header("authorization") and (self.auth is None or self.foreign is not None):
            self.violated(request, "credentials for a host that has not asked for any")
        with self.lock:
            fault = faults.pick(self.script, request)
        try:
            return self._exchange(connection, request, fault)
        except Strict:
            return False

    def _exchange(self, connection, request, fault):
        if fault and fault.at == faults.HEAD:
            if fault.read_rate is None and fault.write_rate is None:
                return self._strike(connection, request, fault, drain=True)
        if not (fault and fault.read_rate):
            refusal = self.auth.refusal(request) if self.auth and self.foreign is None else None
            if refusal is not None:
                return self._early(connection, request, refusal)
        session = self._session_for_body(request)
        if isinstance(session, Answer):
            return self._early(connection, request, session)
        self._read(connection, request, fault, session)
        if fault and fault.at == faults.END:
            if session:
                session.dead = True
            return self._strike(connection, request, fault)
        answer = self._answer(request, session)
        if fault and fault.at == faults.STORED:
            if fault.how == "edit":
                self._then(fault)
                answer = fault.edit(request, answer)
            else:
                return self._strike(connection, request, fault)
        if fault and fault.delay and fault.how == "edit":
            connection.wait(fault.delay)
        self.reply(connection, request, answer, fault.write_rate if fault else None)
        return True

    def _early(self, connection, request, answer):
        """Answered without reading the body: the connection is of no use afterwards, unless none was to come."""
        bodied = bool(request.length()) or request.chunked()
        if bodied:
            answer.set("Connection", "close")
        self.reply(connection, request, answer)
        if bodied:
            connection.drain(request)
        request.complete = not bodied
        return not bodied

    def _then(self, fault):
        if fault.then:
            fault.then(self)

    def _strike(self, connection, request, fault, drain=False):
        self._then(fault)
        if fault.how == "reset":
            connection.reset()
            raise Strict
        if fault.how == "close":
            connection.close()
            raise Strict
        if fault.how == "silence":
            connection.wait(600)
            raise Strict
        if fault.how in OF_HTTP2:
            connection.fail(fault.how)
            raise Strict
        if fault.delay:
            connection.wait(fault.delay)
        answer = fault.answer()
        self._note_patience(answer)
        if drain:
            return self._early(connection, request, answer)
        self.reply(connection, request, answer, fault.write_rate)
        return True

    def _read(self, connection, request, fault, session):
        if request.header("expect"):
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        into = session.data if session else request.body
        stop = fault.strikes_at(request) if fault else None
        rate = fault.read_rate if fault else None
        before = len(into)
        try:
            if stop == 0:
                self._strike_inside(connection, request, fault, session, before)
            for piece in connection.body(request, int(rate / 4) or 1 if rate else PIECE):
                if stop is not None and request.received + len(piece) >= stop:
                    piece = piece[:stop - request.received]
                    into += piece
                    request.received += len(piece)
                    self._strike_inside(connection, request, fault, session, before)
                into += piece
                request.received += len(piece)
                if rate and not connection.wait(len(piece) / rate):
                    raise Gone("server ends")
            request.complete = True
        except (Gone, OSError):
            self._cut_short(request, session, before)
            raise

    def _cut_short(self, request, session, before):
        if session and not request.cut:
            request.cut = True
            session.doubtful = True
            # Before the first byte of a body curl sends a request again by itself, and at once, where it went by a connection
            # that had been kept and is found broken: nothing can come twice by that.
            kept = any(one.connection == request.connection and one is not request for one in self.log)
            session.unbegun = (_as_sent(request), time.monotonic()) if kept and request.received == 0 else None
            session.dead = not self.resume
            if request.kind == "upload.put":  # a closing PUT that was cut has added nothing
                del session.data[before:]

    def _strike_inside(self, connection, request, fault, session, before):
        """In the middle of a body: whatever it is, the connection does not outlive it."""
        self._cut_short(request, session, before)  # first: what the client asks then about the session is true
        self._then(fault)
        if fault.how == "silence":
            connection.wait(600)
        elif fault.how == "answer":
            answer = fault.answer()
            self._note_patience(answer)
            self.reply(connection, request, answer.set("Connection", "close"))
            connection.drain(request)
        if fault.how == "reset":
            connection.reset()
        elif fault.how in OF_HTTP2:
            connection.fail(fault.how)
        else:
            connection.close()
        raise Strict

    # ---- manners

    def _note_patience(self, answer):
        header = next((value for key, value in answer.headers if key.lower() == "retry-after"), None)
        if answer.status in (429, 503) and header and header.isdigit():
            now = time.monotonic()
            with self.lock:
                self.quiet_until.append((now, now + int(header)))

    def _check_patience(self, request):
        """When the registry has asked one request to wait, it has asked all (registry-push(1)); half a second is given to
        those that were on their way. Who gives up gives its uploads back all the same: a deletion is early only when
        something else comes after it."""
        early = [until - request.began for asked, until in list(self.quiet_until) if asked + 0.5 < request.began < until - 0.05]
        words = [f"asked {seconds:.2f} s before the time that Retry-After named" for seconds in early]
        with self.lock:
            if request.kind == "upload.delete":
                self.given_back += [(request, word) for word in words]
                return
            found = [*self.given_back, *((request, word) for word in words)]
            self.given_back.clear()
        for one, word in found:
            self.violated(one, word)

    # ---- the API

    def _answer(self, request, session):
        with self.lock:
            kind = request.kind
            if kind == "base":
                return Answer(200, [("Docker-Distribution-Api-Version", "registry/2.0")], b"{}")
            if kind.startswith("upload."):
                return getattr(self, "_" + kind.replace(".", "_"))(request, session)
            if kind.startswith("blob."):
                return self._blob(request)
            if kind.startswith("manifest."):
                return getattr(self, "_" + kind.replace(".", "_"))(request)
            if kind == "tags.list":
                tags = sorted(self.tags.get(request.repository, {}))
                if not tags:
                    return self._error(404, "NAME_UNKNOWN")
                return self._json(200, {"name": request.repository, "tags": tags})
            if kind == "referrers.get" and self.referrers:
                return self._referrers(request)
            return Answer(404, [("Content-Type", "text/plain")], b"404 page not found\n")

    @staticmethod
    def _json(status, document, content_type="application/json"):
        return Answer(status, [("Content-Type", content_type)], json.dumps(document).encode())

    @staticmethod
    def _error(status, code):
        return Answer(status, [("Content-Type", "application/json")], error_body(code).encode())

    def _sees(self, repository, digest):
        there = self.blobs.get(repository, {}).get(digest)
        if there is not None and time.monotonic() < self.stored_at.get((repository, digest), 0) + self.settle:
            return None
        return there

    def _blob(self, request):
        data = self._sees(request.repository, request.name)
        if data is None:
            return self._error(404, "BLOB_UNKNOWN")
        headers = [("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", request.name)]
        given = re.fullmatch(r"bytes=(\d+)-(\d+)", request.header("range") or "")
        if given and request.method == "GET":
            first, last = int(given[1]), min(int(given[2]), len(data) - 1)
            headers.append(("Content-Range", f"bytes {first}-{last}/{len(data)}"))
            return Answer(206, headers, bytes(data[first:last + 1]))
        return Answer(200, headers + [("Content-Length", str(len(data)))], bytes(data))

    # Uploads.

    def _session_for_body(self, request):
        """The session whose bytes these are; None for other requests; an Answer when there is none."""
        owner = self.foreign or self
        if request.kind not in ("upload.patch", "upload.put", "upload.get", "upload.delete"):
            return None
        with self.lock:
            session = owner.sessions.get(request.name)
            if session is None or session.repository != request.repository:
                if request.kind not in ("upload.delete", "upload.get") or request.name not in owner.given:
                    self.violated(request, "an upload session that is none any more, or never was")
                return self._error(404, "BLOB_UPLOAD_UNKNOWN")
            session.named = True
            # The closing digest is ours to add; all else of the target comes back byte for byte.
            target = request.target
            if request.kind == "upload.put":
                target = re.sub(r"[?&]digest=[^&]*$", "", target)
            asks = request.kind in ("upload.get", "upload.delete")
            if target != session.target and not (asks and target in session.earlier):
                self.violated(request, f"the session's location is {session.target}")
            unbegun, session.unbegun = session.unbegun, None
            at_once = unbegun and unbegun[0] == _as_sent(request) and time.monotonic() - unbegun[1] < AT_ONCE
            if request.kind in ("upload.patch", "upload.put") and session.doubtful and not at_once and (
                    request.length() or request.chunked()):
                self.violated(request, "bytes into a session whose state nobody has asked for since it was cut")
            if session.dead:
                return self._error(404, "BLOB_UPLOAD_INVALID")
            if request.kind == "upload.patch" and request.chunked() and not self.takes_chunked:
                return Answer(411)
            if self.most is not None and (request.length() or 0) > self.most:
                return Answer(413, [("Content-Type", "text/html"), ("Server", "nginx")],
                              b"<html><head><title>413 Request Entity Too Large</title></head></html>")
            given = re.fullmatch(r"(\d+)-(\d+)", request.header("content-range") or "")
            if given and int(given[1]) != len(session.data):
                if self.resume:
                    return self._where(session, Answer(416))
                self.violated(request, f"a chunk at {given[1]} of a session that has {len(session.data)} bytes")
            return session if request.kind in ("upload.patch", "upload.put") else session

    def _where(self, session, answer):
        """The headers that say where an upload goes on."""
        state = secrets.token_urlsafe(12) + "%3D%3D+a%2Fb"
        path = f"/v2/{session.repository}/blobs/uploads/{session.name}"
        location = f"{(self.foreign or self).url}{path}?_state={state}"
        if self.location is not None:
            location = self.location(path, state) if callable(self.location) else self.location
        if location is not None:
            session.earlier.add(session.target)
            session.target = self._target_of(location, path)
            answer.set("Location", location)
        last = max(len(session.data) - 1, 0)
        answer.set("Range", f"0-{last}")
        answer.set("Docker-Upload-UUID", session.name)
        if self.minimum:
            answer.set("OCI-Chunk-Min-Length", str(self.minimum))
        return answer

    def _target_of(self, location, path):
        """What a client asks for that follows `location`."""
        base = f"{self.url}/v2/{path.split('/blobs/')[0][4:]}/blobs/uploads/"
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(base, location))
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def _upload_post(self, request, _):
        if request.repository in self.tagged:
            self.violated(request, "an upload after a tag of the same repository was written")
        session = Session(request, secrets.token_hex(8))
        self.sessions[session.name] = session
        self.given.add(session.name)
        return self._where(session, Answer(202))

    def _upload_mount(self, request, _):
        query = rules.parameters(request)
        if self.mounts is True:
            data = self._sees(query.get("from", ""), query["mount"])
            if data is not None:
                self.blobs.setdefault(request.repository, {})[query["mount"]] = data
                return Answer(201, [("Location", f"/v2/{request.repository}/blobs/{query['mount']}"),
                                    ("Docker-Content-Digest", query["mount"])])
        elif self.mounts is not False:
            return self._error(self.mounts, "UNSUPPORTED")
        return self._upload_post(request, None)

    def _upload_patch(self, request, session):
        return self._where(session, Answer(202))

    def _upload_get(self, request, session):
        session.doubtful = False
        return self._where(session, Answer(204))

    def _upload_delete(self, request, session):
        self.deletes += 1
        (self.foreign or self).sessions.pop(session.name, None)
        return Answer(204)

    def _upload_put(self, request, session):
        owner = self.foreign or self
        wanted = rules.parameters(request).get("digest", "")
        data = bytes(session.data)
        if digest_of(data, wanted.partition(":")[0] or "sha256") != wanted:
            session.dead = True
            self.violated(request, f"{len(data)} bytes that are not {wanted}")
            return self._error(400, "DIGEST_INVALID")
        owner.sessions.pop(session.name, None)
        owner.blobs.setdefault(request.repository, {})[wanted] = data
        owner.stored_at[(request.repository, wanted)] = time.monotonic()
        return Answer(201, [("Location", f"{owner.url}/v2/{request.repository}/blobs/{wanted}"),
                            ("Docker-Content-Digest", wanted)])

    # Manifests.

    def _find(self, repository, name):
        digest = name if ":" in name else self.tags.get(repository, {}).get(name)
        return digest, self.manifests.get(repository, {}).get(digest)

    def _manifest_put(self, request):
        repository, data = request.repository, bytes(request.body)
        raw_blobs = self.blobs.get(repository, {})
        known = self.manifests.setdefault(repository, {})
        for what in rules.of_manifest(request, lambda d: len(raw_blobs[d]) if d in raw_blobs else None, known.__contains__):
            self.violated(request, what)
        document = json.loads(data)
        if document.get("mediaType") != request.header("content-type"):
            return self._error(400, "MANIFEST_INVALID")
        needed = [b["digest"] for b in document.get("layers", []) if not b.get("urls")]
        needed += [document["config"]["digest"]] if "config" in document else []
        if any(self._sees(repository, digest) is None for digest in needed):
            return self._error(400, "MANIFEST_BLOB_UNKNOWN")
        digest = digest_of(data)
        if ":" in request.name and request.name != digest:
            self.violated(request, f"a manifest under a digest that is not its own: {digest}")
            return self._error(400, "DIGEST_INVALID")
        now = self.tags.get(repository, {}).get(request.name)
        if self.enforces and ":" not in request.name:
            if request.header("if-none-match") == "*" and now:
                return self._error(412, "PRECONDITION")
            if request.header("if-match") and request.header("if-match").strip('"') != now:
                return self._error(412, "PRECONDITION")
        known[digest] = (request.header("content-type"), data)
        if ":" not in request.name:
            self.tags.setdefault(repository, {})[request.name] = digest
            self.tag_history.append((repository, request.name, digest))
            if not re.fullmatch(r"sha256-[0-9a-f]{64}", request.name):
                self.tagged.add(repository)
        headers = [("Location", f"{self.url}/v2/{repository}/manifests/{digest}"), ("Docker-Content-Digest", digest)]
        if self.referrers and "subject" in document:
            headers.append(("OCI-Subject", document["subject"]["digest"]))
        return Answer(201, headers)

    def _manifest_get(self, request):
        digest, found = self._find(request.repository, request.name)
        accepted = request.header("accept") or ""
        if found is None or found[0] not in accepted:
            return self._error(404, "MANIFEST_UNKNOWN")
        media_type, data = found
        return Answer(200, [("Content-Type", media_type), ("Docker-Content-Digest", digest),
                            ("Content-Length", str(len(data)))], data)

    _manifest_head = _manifest_get

    def _manifest_delete(self, request):
        digest, found = self._find(request.repository, request.name)
        if found is None:
            return self._error(404, "MANIFEST_UNKNOWN")
        del self.manifests[request.repository][digest]
        tags = self.tags.get(request.repository, {})
        for tag in [t for t, d in tags.items() if d == digest]:
            del tags[tag]
        return Answer(202)

    def _referrers(self, request):
        found = []
        for digest, (media_type, data) in self.manifests.get(request.repository, {}).items():
            document = json.loads(data)
            if document.get("subject", {}).get("digest") == request.name:
                found.append({"mediaType": media_type, "digest": digest, "size": len(data),
                              "artifactType": document.get("artifactType", "")})
        return self._json(200, {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                                "manifests": found}, "application/vnd.oci.image.index.v1+json")


class Basic:
    """One name and password for everything, or for writing only."""

    def __init__(self, user, password, writes_only=False):
        self.wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.writes_only = writes_only

    def refusal(self, request):
        if self.writes_only and request.method in ("GET", "HEAD"):
            return None
        if request.header("authorization") == self.wanted:
            return None
        return Answer(401, [("WWW-Authenticate", 'Basic realm="faulty", charset="UTF-8"'), ("Content-Type", "application/json")],
                      error_body("UNAUTHORIZED").encode())
