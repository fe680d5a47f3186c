# SPDX-License-Identifier: Apache-2.0
"""Registries that are busy or broken for a while: waited for, as they ask, and not for ever."""
import email.utils
import time

from images import LARGE, SMALL, TINY
from trial import case, cases
from faulty_registry import END, HEAD, Fault, error_body, refuse

KINDS = ["blob.head", "upload.post", "upload.put", "upload.patch", "manifest.get", "manifest.put", "manifest.head", "tags.list"]


def image_for(kind):
    return LARGE if kind == "upload.patch" else SMALL


def most_bytes(registry, image, kind):
    """What was stored once; and the body of the request that was refused, where a body had begun."""
    stored = sum(len(b) for b in registry.blobs["svc"].values())
    return stored if kind != "upload.put" else 2 * stored


@cases([(kind, status) for kind in KINDS for status in (500, 502, 503)], "{0[1]} twice to {0[0]}")
def twice(t, what):
    kind, status = what
    registry = t.registry([Fault(kind, status=status, times=2)])
    t.push(registry, image_for(kind))
    t.at_most("bytes of bodies", registry.sent(), most_bytes(registry, image_for(kind), kind))


@cases(KINDS, "429 with Retry-After: 2, once to {0}: two seconds for everybody")
def asked_to_wait(t, kind):
    registry = t.registry([refuse(kind, 429, "TOOMANYREQUESTS", headers=(("Retry-After", "2"),))])
    ran = t.push(registry, image_for(kind))
    t.at_least("seconds", ran.seconds, 2)
    t.at_most("seconds", ran.seconds, 12)


@cases(KINDS, "429 with Retry-After as a date, once to {0}")
def asked_by_date(t, kind):
    def date(registry):
        fault.headers = (("Retry-After", email.utils.formatdate(time.time() + 3, usegmt=True)),)
    fault = Fault(kind, status=429, then=date)
    registry = t.registry([fault])
    ran = t.push(registry, image_for(kind))
    t.at_least("seconds", ran.seconds, 2)  # a date has whole seconds
    t.at_most("seconds", ran.seconds, 12)


@cases(KINDS, "429 without Retry-After, once to {0}")
def not_told(t, kind):
    registry = t.registry([Fault(kind, status=429)])
    t.push(registry, image_for(kind))


@cases(KINDS, "429 with Retry-After: 3600 to {0}: 75 at once, and the hour is named")
def an_hour(t, kind):
    registry = t.registry([Fault(kind, status=429, headers=(("Retry-After", "3600"),))])
    ran = t.push(registry, image_for(kind), status=75, unmoved=kind != "manifest.head")  # by then it is written
    t.at_most("seconds", ran.seconds, 5)
    t.says(ran, r"\b1h00m\b")


@case("429 with Retry-After: 3600 to one upload, while another one is under way: both are given back, and no more")
def an_hour_for_one_of_two(t):
    def small(request):
        return (request.length() or 0) < 100000
    # Told when the other one has begun, and half a second and more before it ends.
    hour = Fault("upload.put", status=429, headers=(("Retry-After", "3600"),), delay=0.6, when=small)
    slow = Fault("upload.put", read_rate=900000, when=lambda r: not small(r))
    registry = t.registry([hour, slow])
    ran = t.push(registry, SMALL, status=75)
    t.at_least("seconds", ran.seconds, 1)
    t.at_most("seconds", ran.seconds, 5)
    t.equal("given back, later than what is on its way", len(registry.given_back), 1)


@cases(["blob.head", "upload.post", "upload.put", "manifest.put"], "500 for ever to {0}: 75 after the tries that --retries names")
def for_ever(t, kind):
    registry = t.registry([Fault(kind, status=500, times=None)])
    ran = t.push(registry, SMALL, "--retries", "2", "--jobs", "1", status=75)
    t.equal("tries", registry.count(kind), 3)
    t.says(ran, "HTTP 500")


@case("the pause of one request is the pause of all, with four uploads at once")
def one_pause(t):
    registry = t.registry([refuse("blob.head", 429, headers=(("Retry-After", "2"),), skip=1)])
    ran = t.push(registry, SMALL, "--no-reuse")  # rules.py notes who does not wait
    t.at_least("seconds", ran.seconds, 2)


@cases([400, 403, 404, 503], "TOOMANYREQUESTS in the body of a {0} counts as 429")
def by_code(t, status):
    registry = t.registry([refuse("manifest.put", status, "TOOMANYREQUESTS", at=END, times=2)])
    t.push(registry, TINY)
    t.count(registry, manifest_put=3)


@case("a growing layer from a pipe is refused before its body: the same pipe goes on, nothing is lost")
def pipe_refused_early(t):
    for status in (429, 503, 500):
        registry = t.registry([Fault("upload.patch", at=HEAD, status=status)])
        t.push(registry, LARGE, "--no-reuse", source="pipe")


@case("a growing layer from a pipe is refused after its body: 75, and why no second try was possible")
def pipe_refused_late(t):
    registry = t.registry([Fault("upload.patch", at=END, status=503)])
    ran = t.push(registry, LARGE, source="pipe", status=75)
    t.says(ran, "pipe", "file")


@case("a proxy's page is quoted: its status and first line, and who wrote it")
def proxy_page(t):
    page = "<html><head><title>502 Bad Gateway</title></head></html>"
    registry = t.registry([Fault("manifest.put", status=502, headers=(("Server", "frontproxy"), ("Content-Type", "text/html")),
                                 body=page, times=None)])
    ran = t.push(registry, TINY, "--retries", "1", status=75)
    t.says(ran, "502")


@case("the message of a registry's error is passed on, without its control characters")
def words(t):
    registry = t.registry([Fault("upload.post", status=400, body=error_body("NAME_INVALID", r"no \u001b[31msuch name"),
                                 times=None)])
    ran = t.push(registry, TINY, status=76)
    t.says(ran, "NAME_INVALID", "such name")
    t.true("no escape", "\x1b" not in ran.stderr)
