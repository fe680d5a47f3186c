# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 on one connection of wire.Server: each stream is what a connection is over HTTP/1.1, so that whoever answers requests
and spoils them need not know. Frames are made and read by Debian's python3-h2. Every stream has a thread of its own; the one
that reads the connection hands the bytes out, and what nobody reads is not acknowledged, so that flow control is felt."""
import queue
import select
import ssl
import sys
import threading
import time

try:
    import h2.config
except ImportError:  # another Python than Debian's own; these packages are of Python alone
    sys.path.append("/usr/lib/python3/dist-packages")
    import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from .wire import Gone, Malformed, PIECE, Request

WIDE = 1 << 24
#: Of streams, beside what wire.Connection does; "goaway" is of the connection.
HOWS = {"refused": h2.errors.ErrorCodes.REFUSED_STREAM, "cancel": h2.errors.ErrorCodes.CANCEL,
        "enhance": h2.errors.ErrorCodes.ENHANCE_YOUR_CALM, "internal": h2.errors.ErrorCodes.INTERNAL_ERROR}


class Stream:
    """One request, with the interface of wire.Connection."""

    def __init__(self, connection, number, headers, bodiless):
        self.connection, self.server, self.stream = connection, connection.server, number
        self.number = connection.wire.number
        self.headers = [(k.decode(), v.decode("latin-1")) for k, v in headers]
        self.pieces = queue.Queue()  # of the body; empty at its end, None when there is no more to come
        self.bodiless = bodiless
        self.ended = bodiless        # by the client
        self.answered = False
        self.over = False

    # ---- what comes

    def take_head(self):
        fields = dict(self.headers)
        plain = [(k, v) for k, v in self.headers if not k.startswith(":")]
        if any(k != k.lower() or k in ("connection", "transfer-encoding", "keep-alive", "upgrade") for k, _ in plain):
            raise Malformed("a header that HTTP/2 does not have")
        plain.append(("host", fields[":authority"]))
        if "content-length" not in fields and not self.bodiless:
            plain.append(("transfer-encoding", "chunked"))  # as HTTP/1.1 says that a length is not known
        return Request(fields[":method"], fields[":path"], plain, self.number, in_turn=False)

    def wait(self, seconds):
        return self.connection.wire.wait(seconds)

    def body(self, request, most=PIECE):
        while not self.bodiless:
            piece = self.pieces.get()
            if piece is None:
                raise Gone("closed")
            if piece == b"":
                return
            while piece:
                part, piece = piece[:most], piece[most:]
                self.connection.acknowledge(self.stream, len(part))
                yield part

    def drain(self, request, seconds=1.0):
        """RFC 9113 section 8.1: who has answered in full and wants no more of the body says so without an error. libcurl
        7.88 forgets the answer when both are read at once."""
        self.wait(0.2)
        self._reset(h2.errors.ErrorCodes.NO_ERROR)

    # ---- what goes

    def send(self, data, rate=None):
        if not data.startswith(b"HTTP/1.1 100"):
            raise ValueError("over HTTP/2 there is answer()")
        self.connection.do(lambda c: c.send_headers(self.stream, [(":status", "100")]))

    def answer(self, request, answer, body, rate=None):
        headers = [(":status", str(answer.status))]
        headers += [(k.lower(), str(v)) for k, v in answer.headers if k.lower() != "connection"]
        def begin(c):
            # libcurl 7.88 ends the body of a request that was refused in its middle as if it were whole. That is an error of
            # this one stream (RFC 9113, 8.1.1), which is over anyway; python3-h2 would end the connection.
            if self.stream in c.streams:
                c.streams[self.stream]._expected_content_length = None
            c.send_headers(self.stream, headers, end_stream=not body)
        self.connection.do(begin)
        self.answered = not body
        step = 1 if rate else 16384
        for begin in range(0, len(body), step):
            last = begin + step >= len(body)
            self.connection.do(lambda c, b=begin, e=last: c.send_data(self.stream, body[b:b + step], end_stream=e))
            if rate and not self.wait(1 / rate):
                raise Gone("server ends")
        self.answered = True

    def reset(self):
        """All of the connection, as when a machine goes."""
        self.connection.wire.end()

    def fail(self, how):
        if how == "goaway":
            self.connection.leave(self.stream)
        else:
            self._reset(HOWS[how])

    def close(self):
        if not (self.answered and self.ended):
            self._reset(h2.errors.ErrorCodes.NO_ERROR if self.answered else h2.errors.ErrorCodes.INTERNAL_ERROR)

    def _reset(self, code):
        if not self.over:
            self.over = True
            try:
                self.connection.do(lambda c: c.reset_stream(self.stream, code))
            except Gone:
                pass


class Http2:
    """The connection: reads until it ends."""

    def __init__(self, wire, serve):
        """serve(stream): in a thread of its own, what is to be done with one request."""
        self.wire, self.server, self.serve = wire, wire.server, serve
        self.lock = threading.Lock()
        self.streams = {}
        self.left = False
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        wire.sock.setblocking(False)

    def do(self, what):
        with self.lock:
            try:
                what(self.h2)
            except h2.exceptions.ProtocolError as error:  # the client has reset the stream, or we have said goodbye
                raise Gone(str(error)) from error
            self._flush()

    def acknowledge(self, stream, size):
        self.do(lambda c: c.acknowledge_received_data(size, stream))

    def leave(self, stream):
        """GOAWAY: this stream and those after it were not looked at; those before it still end."""
        self.left = True
        try:
            self.do(lambda c: c.close_connection(last_stream_id=max(stream - 2, 0)))
        finally:  # the thread that reads may have closed it by now
            self.wire.end()

    def _flush(self):
        data = self.h2.data_to_send()
        end = time.monotonic() + 20
        while data:
            try:
                data = data[self.wire.sock.send(data):]
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                if time.monotonic() > end or self.server.ending.is_set():
                    raise Gone("nobody reads") from None
                select.select([], [self.wire.sock], [], 0.2)
            except OSError as error:
                raise Gone(str(error)) from error

    def run(self):
        def begin(connection):
            connection.local_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = 100
            connection.initiate_connection()
            connection.increment_flow_control_window(WIDE)
        self.do(begin)
        try:
            while not self.server.ending.is_set():
                if not select.select([self.wire.sock], [], [], 0.5)[0]:
                    continue
                self._read()
        finally:
            for stream in list(self.streams.values()):
                stream.over = True
                stream.pieces.put(None)

    def _read(self):
        while True:
            with self.lock:
                try:
                    data = self.wire.sock.recv(PIECE)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    return
                except (OSError, ValueError) as error:
                    raise Gone(str(error)) from error
                if not data or self.left:
                    raise Gone("closed")
                try:
                    events = self.h2.receive_data(data)
                except h2.exceptions.ProtocolError as error:
                    raise Malformed(f"no HTTP/2: {error}") from error
                for event in events:
                    self._note(event)
                self._flush()

    def _note(self, event):
        if isinstance(event, h2.events.RequestReceived):
            stream = Stream(self, event.stream_id, event.headers, event.stream_ended is not None)
            self.streams[event.stream_id] = stream
            threading.Thread(target=self.serve, args=(stream,), daemon=True).start()
            return
        stream = self.streams.get(getattr(event, "stream_id", None))
        if stream is None:
            return
        if isinstance(event, h2.events.DataReceived):
            if event.data:
                stream.pieces.put(event.data)
            padding = event.flow_controlled_length - len(event.data)
            if padding:
                self.h2.acknowledge_received_data(padding, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
            if not stream.bodiless:
                stream.pieces.put(b"")
        elif isinstance(event, h2.events.StreamReset):
            stream.over = True
            stream.pieces.put(None)
