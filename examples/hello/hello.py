#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hello: a small HTTP service, out of Python's standard library alone.

GET /hello/NAME   a greeting           GET /?spec     what there is, as OpenAPI with x-amples
GET /healthz      for the probes       GET /_info     name and version
GET /metrics      for Prometheus

Settings, later ones win: the defaults below, the JSON file that CONFIG_FILE names (a mounted ConfigMap),
the environment (GREETING, LISTEN_PORT). Not HELLO_PORT: that is what Kubernetes calls the address of a
Service named hello, in every pod beside it.
"""
import collections
import json
import os
import signal
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = "hello"
VERSION = "1.0.0"
DEFAULTS = {"greeting": "Hello", "port": 8080}


def settings(environment):
    """The settings as a dict; raises ValueError with a sentence that names what is wrong."""
    found = dict(DEFAULTS)
    path = environment.get("CONFIG_FILE")
    if path:
        try:
            with open(path, encoding="utf-8") as file:
                given = json.load(file)
        except FileNotFoundError:
            given = {}  # the ConfigMap is optional
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}:{error.lineno}:{error.colno}: {error.msg}") from error
        unknown = set(given) - set(DEFAULTS)
        if unknown:
            raise ValueError(f"{path}: unknown setting {', '.join(sorted(unknown))}")
        found.update(given)
    found["greeting"] = environment.get("GREETING", found["greeting"])
    try:
        found["port"] = int(environment.get("LISTEN_PORT", found["port"]))
    except ValueError as error:
        raise ValueError("LISTEN_PORT is not a number") from error
    return found


def greet(greeting, name):
    name = name.strip()
    if not name or len(name) > 64 or not name.isprintable():
        raise ValueError("a name has 1 to 64 printable characters")
    return f"{greeting}, {name}!"


def example(title, status, body, **request):
    headers = {"content-type": "application/json"}
    return {"title": title, "request": request, "response": {"status": status, "headers": headers, "body": body}}


def operation(summary, *examples):
    answers = {str(e["response"]["status"]): {"description": e["title"]} for e in examples}
    return {"get": {"summary": summary, "responses": answers, "x-monitor": True, "x-amples": list(examples)}}


def spec():
    greeting = operation(
        "Greets somebody",
        example("greets by name", 200, {"greeting": "/, World!$/"}, params={"name": "World"}),
        example("takes names in any script", 200, {"greeting": "/, Zoë!$/"}, params={"name": "Zoë"}),
    )
    greeting["get"]["parameters"] = [
        {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 64}}
    ]
    return {
        "openapi": "3.0.3",
        "info": {"title": NAME, "version": VERSION, "description": "Says hello."},
        "servers": [{"url": "/"}],
        "paths": {
            "/hello/{name}": greeting,
            "/_info": operation(
                "Name and version", example("knows who it is", 200, {"name": NAME, "version": VERSION})
            ),
            "/healthz": operation("Is it well?", example("is well", 200, {"status": "ok"})),
        },
    }


class Handler(BaseHTTPRequestHandler):
    server_version = f"{NAME}/{VERSION}"
    timeout = 5  # a client that says nothing must not hold up the end of the process

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/" and url.query == "spec":
            self.answer(200, spec())
        elif url.path == "/":
            self.answer(200, {"name": NAME, "spec": "/?spec"})
        elif url.path == "/healthz":
            self.answer(200, {"status": "ok"})
        elif url.path == "/_info":
            self.answer(200, {"name": NAME, "version": VERSION})
        elif url.path == "/metrics":
            self.answer(200, self.server.metrics(), "text/plain; version=0.0.4")
        elif url.path.startswith("/hello/"):
            try:
                name = urllib.parse.unquote(url.path[len("/hello/"):], errors="strict")
                self.answer(200, {"greeting": greet(self.server.greeting, name)})
            except ValueError as error:  # UnicodeDecodeError is one, too
                self.answer(400, {"error": str(error)})
        else:
            self.answer(404, {"error": f"there is nothing at {url.path}"})

    do_HEAD = do_GET

    def answer(self, status, body, content_type="application/json"):
        if content_type == "application/json":
            body = json.dumps(body, ensure_ascii=False) + "\n"
        data = body.encode()
        self.server.count(status)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_request(self, code="-", size="-"):
        if self.path not in ("/healthz", "/metrics"):  # they come every second and say nothing
            super().log_request(code, size)


class Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close() waits for the answers that are on their way

    def __init__(self, address, greeting):
        super().__init__(address, Handler)
        self.greeting = greeting
        self.lock = threading.Lock()
        self.answers = collections.Counter()

    def count(self, status):
        with self.lock:
            self.answers[status] += 1

    def metrics(self):
        with self.lock:
            lines = [f'hello_answers_total{{code="{c}"}} {n}' for c, n in sorted(self.answers.items())]
        return "\n".join(["# TYPE hello_answers_total counter", *lines, ""])


def main():
    try:
        given = settings(os.environ)
    except ValueError as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 65
    server = Server(("", given["port"]), given["greeting"])

    def end(signum, frame):
        # shutdown() waits for the loop that this handler interrupted, so it takes a thread of its own.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print(f"{NAME} {VERSION} listens on port {server.server_address[1]}", file=sys.stderr, flush=True)
    server.serve_forever(poll_interval=0.05)
    server.server_close()
    print(f"{NAME} has ended", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
