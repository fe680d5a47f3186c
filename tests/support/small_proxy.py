# SPDX-License-Identifier: Apache-2.0
"""A real, small HTTP proxy: CONNECT, and plain requests in absolute form. It notes what it was asked
for, may want a login, refuse, or hang up after so many bytes of a request."""
import base64
import socket
import threading
import urllib.parse


class SmallProxy:
    def __init__(self, host, login=None, refuse=None, cut_after=None, cuts=0, piece=None):
        """piece: bytes that it hands back at once, its own answers included"""
        self.login, self.refuse, self.cut_after, self.cuts, self.piece = login, refuse, cut_after, cuts, piece
        self.asked = []  # "CONNECT host:port", "PUT http://..."
        self.lock = threading.Lock()
        self.listener = socket.create_server((host, 0))
        self.address = f"{host}:{self.listener.getsockname()[1]}"
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()

    def close(self):
        """Its tunnels end with their clients."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.acceptor.join(5)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        stream = client.makefile("rb")
        server, host, back = None, None, None
        try:
            while head := self._head(stream):
                lines = head.decode("latin-1").split("\r\n")
                method, target, _ = lines[0].split(" ", 2)
                with self.lock:
                    self.asked.append(f"{method} {target}")
                headers = [line.split(":", 1) for line in lines[1:]]
                given = {k.lower(): v.strip() for k, v in headers}
                if self.login and given.get("proxy-authorization") != "Basic " + base64.b64encode(self.login.encode()).decode():
                    return self._say(client, '407 Login', 'Proxy-Authenticate: Basic realm="p"\r\n')
                if self.refuse:
                    return self._say(client, f"{self.refuse} No")
                if method == "CONNECT":
                    name, port = target.rsplit(":", 1)
                    server = socket.create_connection((name, int(port)))
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._hand_back(client, b"HTTP/1.1 200 Connected\r\n\r\n")
                    back = self._answers(server, client)
                    return self._copy(stream, server, None, self._limit())
                url = urllib.parse.urlsplit(target)
                if server is None:
                    server, host = socket.create_connection((url.hostname, url.port or 80)), url.netloc
                    back = self._answers(server, client)
                if url.netloc != host:
                    return None
                path = (url.path or "/") + ("?" + url.query if url.query else "")
                kept = [f"{k}:{v}" for k, v in headers if not k.lower().startswith("proxy-")]
                server.sendall("\r\n".join([f"{method} {path} HTTP/1.1", *kept, "", ""]).encode("latin-1"))
                limit = self._limit() if method in ("PUT", "PATCH") and "/blobs/" in path else None
                if given.get("transfer-encoding") == "chunked":
                    self._copy_chunks(stream, server, limit)
                elif not self._copy(stream, server, int(given.get("content-length", 0)), limit):
                    return None
        except OSError:
            pass
        finally:
            for connection in (client, server):
                if connection:
                    try:
                        connection.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
            if back:  # before they are closed: their numbers may be other sockets the next moment
                back.join()
            for connection in (client, server):
                if connection:
                    connection.close()
        return None

    def _answers(self, server, client):
        back = threading.Thread(target=self._copy_all, args=(server, client), daemon=True)
        back.start()
        return back

    def _limit(self):
        with self.lock:
            if self.cuts <= 0:
                return None
        return self.cut_after

    @staticmethod
    def _head(stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return b""
            head += line
        return head[:-4]

    @staticmethod
    def _say(client, status, more=""):
        client.sendall(f"HTTP/1.1 {status}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())

    def _copy(self, stream, sink, size, limit):
        """`size` bytes, or all; False when the limit was reached."""
        moved = 0
        while size is None or moved < size:
            data = stream.read1(65536 if size is None else min(65536, size - moved))
            if not data:
                break
            moved += len(data)
            if limit and moved > limit:
                with self.lock:
                    self.cuts -= 1
                return False
            sink.sendall(data)
        return True

    def _copy_chunks(self, stream, sink, limit):
        while True:
            line = stream.readline()
            sink.sendall(line)
            size = int(line.split(b";")[0], 16)
            self._copy(stream, sink, size + 2, limit)
            if size == 0:
                return

    def _hand_back(self, client, data):
        step = self.piece or len(data)
        for begin in range(0, len(data), step):
            client.sendall(data[begin:begin + step])

    def _copy_all(self, source, sink):
        try:
            while data := source.recv(65536):
                self._hand_back(sink, data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
