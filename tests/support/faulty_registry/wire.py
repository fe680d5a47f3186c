# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 server on plain sockets, for tests that need to say what happens to each byte: when a body is read and how
fast, where a connection is reset, what a handshake does. It knows nothing of registries."""
import collections
import dataclasses
import re
import select
import socket
import ssl
import struct
import threading
import time
import traceback

PIECE = 65536
LONGEST_HEAD = 65536


class Gone(Exception):
    """The client has hung up, or the server ends."""


class Malformed(Exception):
    """What came is no HTTP/1.1 request."""


@dataclasses.dataclass
class Request:
    method: str
    target: str  # as sent
    headers: list  # of (name in lower case, value)
    connection: int
    in_turn: bool = True  # the client has read its answer before it sent the next one on this connection
    number: int = 0
    began: float = 0.0
    received: int = 0  # bytes of the body, without its coding
    complete: bool = False
    cut: bool = False  # its body, and what it did to a session is settled
    body: bytearray = dataclasses.field(default_factory=bytearray)  # unless somebody else takes it
    status: int | None = None
    answered: float = 0.0
    kind: str = ""
    repository: str = ""
    name: str = ""  # tag, digest or upload session

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return self.target.partition("?")[2]

    def header(self, name):
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def length(self):
        value = self.header("content-length")
        return int(value) if value is not None and value.isdigit() else None

    def chunked(self):
        return (self.header("transfer-encoding") or "").lower() == "chunked"

    def line(self):
        """For people: what was asked, what came of it, and how much of a body was read."""
        state = "" if self.complete else " (cut)"
        return f"{self.number:3} #{self.connection} {self.method} {self.target} -> {self.status or '-'}, {self.received} bytes{state}"


@dataclasses.dataclass
class Answer:
    status: int
    headers: list = dataclasses.field(default_factory=list)
    body: bytes = b""

    def set(self, name, value):
        """The header `name` is `value` from now on; None takes it away."""
        self.headers = [(key, old) for key, old in self.headers if key.lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))
        return self


class Connection:
    """One client: bytes in and out, with a buffer for what was read too far."""

    def __init__(self, sock, server, number):
        self.sock = sock
        self.server = server
        self.number = number
        self.buffer = bytearray()
        self.closing = threading.Lock()

    def wait(self, seconds):
        """False when the server ends meanwhile."""
        return not self.server.ending.wait(seconds)

    def fill(self, most=PIECE):
        while not self.server.ending.is_set():
            pending = isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()
            try:
                if not pending and not select.select([self.sock], [], [], 0.5)[0]:
                    continue
                piece = self.sock.recv(most)
            except ssl.SSLWantReadError:
                continue
            except (OSError, ValueError) as error:
                raise Gone(str(error)) from error
            if not piece:
                raise Gone("closed")
            self.buffer += piece
            return
        raise Gone("server ends")

    def take(self, most):
        """At least one byte and at most `most`."""
        if not self.buffer:
            self.fill(min(most, PIECE))
        piece = bytes(self.buffer[:most])
        del self.buffer[:most]
        return piece

    def take_line(self):
        while (end := self.buffer.find(b"\r\n")) < 0:
            if len(self.buffer) > LONGEST_HEAD:
                raise Malformed("a line without an end")
            self.fill()
        line = bytes(self.buffer[:end])
        del self.buffer[:end + 2]
        return line

    def take_head(self):
        try:
            line = self.take_line()
        except Gone:
            if self.buffer:
                raise Malformed("half a request line") from None
            raise
        match = re.fullmatch(rb"([A-Z]+) (\S+) HTTP/1\.1", line)
        if not match:
            raise Malformed(f"no request line: {line[:80]!r}")
        headers = []
        while line := self.take_line():
            match_header = re.fullmatch(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", line)
            if not match_header:
                raise Malformed(f"no header: {line[:80]!r}")
            headers.append((match_header[1].decode().lower(), match_header[2].decode("latin-1")))
        return Request(match[1].decode(), match[2].decode("latin-1"), headers, self.number)

    def body(self, request, most=PIECE):
        """The pieces of the request's body, without the chunks' frames."""
        if request.chunked():
            while True:
                line = self.take_line().split(b";")[0]
                if not re.fullmatch(rb"[0-9A-Fa-f]+", line):
                    raise Malformed(f"no chunk size: {line[:40]!r}")
                left = int(line, 16)
                if left == 0:
                    break
                while left:
                    piece = self.take(min(left, most))
                    left -= len(piece)
                    yield piece
                if self.take_line():
                    raise Malformed("a chunk that goes on past its size")
            while self.take_line():  # trailers
                pass
            return
        left = request.length() or 0
        while left:
            piece = self.take(min(left, most))
            left -= len(piece)
            yield piece

    def send(self, data, rate=None):
        try:
            if rate is None:
                self.sock.sendall(data)
                return
            for byte in data:
                self.sock.sendall(bytes([byte]))
                if not self.wait(1 / rate):
                    raise Gone("server ends")
        except OSError as error:
            raise Gone(str(error)) from error

    def answer(self, request, answer, body, rate=None):
        sized = answer.status in (204, 304) or any(key.lower() == "content-length" for key, _ in answer.headers)
        head = f"HTTP/1.1 {answer.status} {REASONS[answer.status]}\r\n"
        head += "".join(f"{key}: {value}\r\n" for key, value in answer.headers)
        if not sized:
            head += f"Content-Length: {len(answer.body)}\r\n"
        self.send(head.encode("latin-1") + b"\r\n" + body, rate)

    def reset(self):
        """RST and not FIN: what lies in the buffers is lost, on both sides."""
        self.server.cuts.add(self.number)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def end(self):
        """For other threads: the one that serves finds it shut, and resets it. Were it closed here, its number could be
        another server's socket by the time that the serving thread writes."""
        self.server.cuts.add(self.number)
        with self.closing:
            try:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # not TLS's own, which would go on in clear
            except OSError:
                pass

    def close(self):
        with self.closing:
            try:
                self.sock.close()
            except OSError:
                pass

    def drain(self, request, seconds=1.0):
        """Reads on for a while what the client sends although it was answered, so that it can read the answer."""
        end = time.monotonic() + seconds
        try:
            self.sock.settimeout(seconds)
            while time.monotonic() < end:
                piece = self.sock.recv(PIECE)
                if not piece:
                    return
                request.received += len(piece)
        except (OSError, ValueError):
            pass


REASONS = collections.defaultdict(lambda: "Said So", {200: "OK", 201: "Created", 202: "Accepted", 204: "No Content",
                                                      401: "Unauthorized", 404: "Not Found"})


class Server:
    """Listens on one address; `handle(connection, request)` answers and says whether the connection may go on.

    tls: an ssl.SSLContext, or None. names: of the host, beside its address. greet(connection): instead of a handshake, for servers that do not get so far."""

    def __init__(self, host="127.0.0.1", port=0, tls=None, greet=None, receive_buffer=None, names=()):
        self.tls = tls
        self.names = names
        self.greet = greet
        self.ending = threading.Event()
        self.lock = threading.RLock()
        self.log = []
        self.violations = []
        self.connections = 0
        self.cuts = set()  # numbers of the connections that were reset
        self.open = set()
        self.listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind((host, port))
        self.listener.listen(128)
        self.host, self.port = self.listener.getsockname()[:2]
        self.acceptor = threading.Thread(target=self._accept, daemon=True)

    def start(self):
        self.acceptor.start()
        return self

    def __enter__(self):
        return self.start() if not self.acceptor.is_alive() else self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """As if it were killed: all connections are reset."""
        self.ending.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if self.acceptor.is_alive():
            self.acceptor.join(5)
        self.listener.close()
        with self.lock:
            connections = list(self.open)
        for connection in connections:
            connection.end()

    @property
    def scheme(self):
        return "https" if self.tls else "http"

    @property
    def address(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def addresses(self):
        """What a request may say in Host."""
        return [self.address, *(f"{name}:{self.port}" for name in self.names)]

    @property
    def url(self):
        return f"{self.scheme}://{self.address}"

    def violated(self, request, what):
        with self.lock:
            self.violations.append(f"{what}  [request {request.number}: {request.method} {request.path}]" if request else what)

    def _accept(self):
        while not self.ending.is_set():
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number = self.connections
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock, number):
        connection = Connection(sock, self, number)
        with self.lock:
            self.open.add(connection)
        try:
            self._guarded(connection, self._converse)
        finally:
            with self.lock:
                self.open.discard(connection)

    def _converse(self, connection):
        if self.greet and not self.greet(connection):
            return
        if self.tls:
            connection.sock.settimeout(20)
            connection.sock = self.tls.wrap_socket(connection.sock, server_side=True, do_handshake_on_connect=False)
            self._shake_hands(connection.sock)
            connection.sock.settimeout(None)
            if connection.sock.selected_alpn_protocol() == "h2":
                from .http2 import Http2  # only where it is spoken: it needs python3-h2
                return Http2(connection, lambda stream: self._guarded(stream, self._one)).run()
        elif self._speaks_tls(connection):
            return connection.send(b"HTTP/1.0 400 Bad Request\r\n\r\n")  # as Go and nginx do
        while self._one(connection):
            pass

    @staticmethod
    def _shake_hands(sock):
        try:
            sock.do_handshake()
        except ssl.SSLError:
            # A socket that is closed with bytes unread is reset, and the reset can overtake the alert that says why.
            sock.shutdown(socket.SHUT_WR)
            while socket.socket.recv(sock, 1 << 16):
                pass
            raise

    def _guarded(self, connection, work):
        """A connection or a stream, from its begin to its end."""
        try:
            work(connection)
        except Malformed as error:
            self.violated(None, f"no HTTP on connection #{connection.number}: {error}")
        except (Gone, ssl.SSLError, OSError):
            pass
        except Exception:  # a fault of ours: the test that runs into it must not pass
            self.violated(None, "the faulty registry itself failed: " + traceback.format_exc())
        finally:
            connection.close()

    @staticmethod
    def _speaks_tls(connection):
        if not connection.buffer:
            connection.fill()
        return connection.buffer[0] == 0x16

    def _one(self, connection):
        request = connection.take_head()
        request.began = time.monotonic()
        with self.lock:
            self.log.append(request)
            request.number = len(self.log)
        return self.handle(connection, request)

    def handle(self, connection, request):
        raise NotImplementedError

    def reply(self, connection, request, answer, rate=None):
        request.status = answer.status
        request.answered = time.monotonic()
        connection.answer(request, answer, b"" if request.method == "HEAD" else answer.body, rate)
