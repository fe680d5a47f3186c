# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, on which requests, at which byte. A script is a list of these; the first that still has a turn left
and fits a request strikes."""
import dataclasses
import fnmatch
import typing

from .wire import Answer

HEAD = "head"      # before any of the request's body is read
END = "end"        # after all of it, and nothing of it is kept
STORED = "stored"  # after the registry has done what was asked: only the answer is lost or another


@dataclasses.dataclass
class Fault:
    on: str                       # kinds of request, with * and |, such as "upload.put|upload.patch"
    how: str = "answer"           # answer, reset, close, silence, edit; over HTTP/2 refused, cancel, enhance, internal, goaway
    at: typing.Any = HEAD         # HEAD, END, STORED, a part of the body as a float, or bytes of it as an int
    times: int | None = 1         # how often it strikes; None: for ever
    skip: int = 0                 # so many requests that fit go by before
    when: typing.Callable = None  # of the request: it has to be true, too
    status: int = 500
    headers: tuple = ()           # pairs
    body: typing.Any = b""        # bytes or text
    edit: typing.Callable = None  # of the request and the registry's own answer, for how="edit"
    then: typing.Callable = None  # of the registry, when it strikes
    delay: float = 0.0            # seconds before an answer
    read_rate: float | None = None   # bytes of the body taken in a second
    write_rate: float | None = None  # bytes of the answer given in a second
    struck: int = 0
    passed: int = 0

    def fits(self, request):
        if not any(fnmatch.fnmatchcase(request.kind, part) for part in self.on.split("|")):
            return False
        return self.when is None or bool(self.when(request))

    def answer(self):
        body = self.body.encode() if isinstance(self.body, str) else self.body
        return Answer(self.status, list(self.headers), body)

    def strikes_at(self, request):
        """Bytes of the body after which it strikes, when that is within the body; else None."""
        if isinstance(self.at, float):
            size = request.length()
            if size is None:
                raise ValueError("a part of a body whose length nobody knows: say it in bytes")
            return int(size * self.at)
        return self.at if isinstance(self.at, int) else None


def pick(script, request):
    """The fault that strikes this request, counted as struck."""
    for fault in script:
        if fault.times is not None and fault.struck >= fault.times:
            continue
        if not fault.fits(request):
            continue
        if fault.passed < fault.skip:
            fault.passed += 1
            continue
        fault.struck += 1
        return fault
    return None


def error_body(code, message="said the faulty registry"):
    return '{"errors":[{"code":"%s","message":"%s","detail":null}]}' % (code, message)


def refuse(on, status, code="", headers=(), **more):
    """An answer with an error of the registry API in it."""
    content = (("Content-Type", "application/json"),) if code else ()
    return Fault(on, "answer", status=status, headers=tuple(headers) + content, body=error_body(code) if code else b"",
                 **more)


def cut(on, at, **more):
    return Fault(on, "reset", at=at, **more)


def silence(on, at=HEAD, **more):
    return Fault(on, "silence", at=at, **more)


def edit(on, change, **more):
    """The registry does what was asked, and its answer goes out as `change(request, answer)` leaves it."""
    def apply(request, answer):
        changed = change(request, answer)
        return answer if changed is None else changed
    return Fault(on, "edit", at=STORED, edit=apply, **more)


def set_header(on, name, value, **more):
    """`value` may be a function of the request and the header's own value; None leaves the header out."""
    def change(request, answer):
        old = next((v for k, v in answer.headers if k.lower() == name.lower()), None)
        answer.set(name, value(request, old) if callable(value) else value)
    return edit(on, change, **more)
