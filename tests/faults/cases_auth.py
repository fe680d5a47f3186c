# SPDX-License-Identifier: Apache-2.0
"""Logins: refused, expired in the middle, renewed; token services of all kinds."""
import base64
import json
import os

from images import LARGE, SMALL, TINY
from network import OUTSIDE, STRANGER
from trial import case, cases
from faulty_registry import END, HEAD, Answer, Basic, Bearer, Fault, edit, refuse

LOGIN = {"ops": "pa55-7e1d"}


def bearer(t, **settings):
    service = t.tokens(logins=LOGIN, **settings)
    return service, Bearer(service)


def expire(service, auth, on, at, **more):
    """All tokens end when `on` comes; this request is told so."""
    challenge = Answer(401, [("WWW-Authenticate", auth.challenge.format(realm=auth.realm, scope="repository:svc:pull,push"))])
    return Fault(on, "answer", at=at, status=401, headers=tuple(challenge.headers), then=lambda _: service.revoke(), **more)


@cases([("upload.put", HEAD, "before the body"), ("upload.put", 0.5, "in the middle of the body"),
        ("upload.put", END, "after the body"), ("upload.post", HEAD, "at a POST"), ("blob.head", HEAD, "at a HEAD"),
        ("manifest.put", HEAD, "before the manifest"), ("manifest.put", END, "after the manifest"),
        ("manifest.head", HEAD, "when the tag is confirmed")], "a token that ends: {0[2]}, {0[0]}")
def token_ends(t, at):
    kind, when, _ = at
    service, auth = bearer(t)
    large = (lambda r: (r.length() or 0) > 100000) if kind == "upload.put" else None
    registry = t.registry([expire(service, auth, kind, when, when=large)], auth=auth)
    t.push(registry, SMALL, *t.login())
    t.equal("token requests", service.count(), 2)
    layer = max(len(b) for b in registry.blobs["svc"].values())
    t.at_most("bytes of bodies", registry.sent(), sum(len(b) for b in registry.blobs["svc"].values()) + layer)


@cases([("file", HEAD), ("file", 3 << 20), ("file", END), ("pipe", HEAD)], "a token that ends in a growing layer, from a {0[0]}, at {0[1]}")
def token_ends_growing(t, what):
    source, at = what
    service, auth = bearer(t)
    registry = t.registry([expire(service, auth, "upload.patch", at)], auth=auth)
    t.push(registry, LARGE, *t.login(), source=source)
    t.at_most("token requests", service.count(), 2)
    t.at_most("bytes of bodies", registry.sent(), 2 * LARGE.size)


@case("a token that ends within a growing layer that came by pipe: 75 and said so, the tag unmoved")
def token_ends_growing_pipe(t):
    service, auth = bearer(t)
    registry = t.registry([expire(service, auth, "upload.patch", END)], auth=auth)
    ran = t.push(registry, LARGE, *t.login(), source="pipe", status=75)
    t.says(ran, "pipe")
    t.count(registry, manifest_put=0)


@case("401 for ever: 77 after two tokens, and no body twice")
def never(t):
    service, auth = bearer(t)
    registry = t.registry([refuse("*", 401, "UNAUTHORIZED", times=None, headers=(
        ("WWW-Authenticate", f'Bearer realm="{auth.realm}",service="faulty"'),))], auth=auth)
    ran = t.push(registry, SMALL, *t.login(), status=77)
    t.at_most("token requests", service.count(), 2)
    t.equal("bytes of bodies", registry.sent(), 0)
    t.says(ran, "'svc'")


@cases(["upload.put", "upload.post", "manifest.put"], "401 for ever to {0} alone: 77, and at most one body")
def never_to(t, kind):
    service, auth = bearer(t)
    registry = t.registry([refuse(kind, 401, "UNAUTHORIZED", times=None, at=END if kind != "upload.post" else HEAD, headers=(
        ("WWW-Authenticate", f'Bearer realm="{auth.realm}",service="faulty"'),))], auth=auth)
    image = LARGE if kind == "upload.patch" else SMALL
    t.push(registry, image, *t.login(), status=77, sessions=kind in ("upload.post", "manifest.put"))
    t.at_most("token requests", service.count(), 3)
    t.at_most("bytes of bodies", registry.sent(), 2.1 * image.size)


@case("Basic for ever refused: 77, no body, the password in no word")
def basic_never(t):
    registry = t.registry(auth=Basic("ops", "another"))
    ran = t.push(registry, SMALL, *t.login(), status=77)
    t.says(ran, "refused the credentials")
    t.equal("bytes of bodies", registry.sent(), 0)
    t.at_most("requests", len(registry.requests()), 4)


@case("a login only for writing (nginx form 0): the 401 of the first write is answered")
def writes_only(t):
    registry = t.registry(auth=Basic("ops", LOGIN["ops"], writes_only=True))
    t.push(registry, SMALL, *t.login())
    t.at_most("bytes of bodies", registry.sent(), 2 * SMALL.size)
    t.true("the first requests had no login", registry.requests()[0].header("authorization") is None)


@case("no login, and one is wanted: 77 and said so")
def none_known(t):
    registry = t.registry(auth=Basic("ops", "x"))
    t.says(t.push(registry, SMALL, status=77), "none is known")


@case("everybody may pull and who logs in may push, by token (nginx form B)")
def anonymous_pull(t):
    service = t.tokens(logins=LOGIN)
    registry = t.registry(auth=Bearer(service, anonymous_pull=True))
    t.push(registry, SMALL, *t.login())
    t.at_most("token requests", service.count(), 2)


@cases(["upload.post", "upload.put", "upload.patch", "manifest.put"], "403 DENIED to {0}: 77, no retry, the scope named")
def denied(t, kind):
    service, auth = bearer(t)
    registry = t.registry([refuse(kind, 403, "DENIED", times=None)], auth=auth)
    image = LARGE if kind == "upload.patch" else SMALL
    ran = t.push(registry, image, "--jobs", "1", *t.login(), status=77)
    t.says(ran, "DENIED", "svc")
    t.at_most("requests that were refused", registry.count(kind), 1)


@case("403 to a HEAD decides nothing: who may write without reading can push")
def denied_head(t):
    service, auth = bearer(t)
    t.push(t.registry([refuse("blob.head", 403, "DENIED", times=None)], auth=auth), SMALL, *t.login())


@case("a token that may only pull: 77, with what was wanted and what was granted")
def too_weak(t):
    def jwt(token, scopes):
        access = [{"type": "repository", "name": "svc", "actions": ["pull"]}]
        part = base64.urlsafe_b64encode(json.dumps({"access": access}).encode()).decode().rstrip("=")
        service.tokens[f"e30.{part}.c2ln"] = (service.tokens[token][0], {"svc": {"pull"}})
        return json.dumps({"token": f"e30.{part}.c2ln", "expires_in": 300})
    service, auth = bearer(t, shape=jwt)
    registry = t.registry(auth=auth)
    ran = t.push(registry, SMALL, *t.login(), status=77)
    t.says(ran, r"pull,push", r"granted repository:svc:pull\b")
    t.at_most("token requests", service.count(), 2)
    t.equal("bytes of bodies", registry.sent(), 0)


@case("the token service says access_token only")
def access_token(t):
    service, auth = bearer(t, shape=lambda token, _: json.dumps({"access_token": token, "expires_in": 300}))
    t.push(t.registry(auth=auth), SMALL, *t.login())
    t.equal("token requests", service.count(), 1)


@case("a token without expires_in is good for a minute")
def no_expiry(t):
    service, auth = bearer(t, shape=lambda token, _: json.dumps({"token": token}))
    t.push(t.registry(auth=auth), SMALL, *t.login())
    t.equal("token requests", service.count(), 1)


@case("tokens that live for one second are renewed, not complained about")
def one_second(t):
    service, auth = bearer(t, lifetime=1)
    registry = t.registry([Fault("upload.put|manifest.put", "edit", at="stored", edit=lambda _, a: a, delay=0.6, times=None)],
                          auth=auth)
    t.push(registry, SMALL, "--jobs", "1", *t.login())
    t.equal("bytes of bodies", registry.sent(), sum(len(b) for b in registry.blobs["svc"].values()))


@case("a token that was issued long ago is renewed before it is used up")
def issued_at(t):
    service, auth = bearer(t, shape=lambda token, _: json.dumps(
        {"token": token, "expires_in": 300, "issued_at": "2020-01-01T00:00:00Z"}))
    t.push(t.registry(auth=auth), SMALL, *t.login())


@cases([(200, "<html>welcome</html>", 77), (500, "", 75), (503, "", 75), (401, "", 77), (403, "", 77), (200, '{"token":""}', 77)],
       "a token service that answers {0[0]} {0[1]}: {0[2]}")
def odd_service(t, what):
    status, body, wanted = what
    service, auth = bearer(t, script=[Fault("token", status=status, body=body, times=None)])
    registry = t.registry(auth=auth)
    ran = t.push(registry, SMALL, "--retries", "1", *t.login(), status=wanted)
    t.says(ran, "token service")
    t.equal("bytes of bodies", registry.sent(), 0)


@case("a token service that is nowhere: 69 and its address said")
def no_service(t):
    service = t.tokens(logins=LOGIN)
    auth = Bearer(service, realm="http://127.0.0.1:9/token")
    ran = t.push(t.registry(auth=auth), SMALL, "--retries", "1", *t.login(), status=69)
    t.says(ran, "127.0.0.1:9")


@case("a token service on another host without TLS gets no password")
def plain_realm(t):
    trap = t.tokens(host=STRANGER, logins=LOGIN)
    registry = t.registry(auth=Bearer(trap))
    ran = t.push(registry, SMALL, *t.login(), status=76)
    t.equal("requests to the other host", len(trap.log), 0)
    t.says(ran, "token service")


@case("no password over plain http to another machine, unless --plain-http says so", http2=False)
def plain_basic(t):
    registry = t.registry(host=OUTSIDE, auth=Basic("ops", LOGIN["ops"]))
    t.push(registry, SMALL, "--plain-http", *t.login())
    quiet = t.registry(host=OUTSIDE, auth=Basic("ops", LOGIN["ops"]))
    t.push(quiet, SMALL, "--retries", "0", *t.login(), status=76)
    t.true("nothing was sent", all(r.header("authorization") is None for r in quiet.requests()))


@case("an identity token is traded by POST, and the file is read again at each renewal")
def identity(t):
    service = t.tokens(identity="first-0d2c", logins=LOGIN)
    auth = Bearer(service)
    file = t.folder / "identity"
    file.write_text("first-0d2c\n")
    t.secrets |= {"first-0d2c", "second-77aa"}

    def change(registry):
        service.revoke()
        service.identity = "second-77aa"
        file.write_text("second-77aa\n")
    registry = t.registry([Fault("manifest.put", status=401, headers=(
        ("WWW-Authenticate", f'Bearer realm="{auth.realm}",service="faulty"'),), then=change)], auth=auth)
    t.push(registry, SMALL, "--token-file", str(file))
    t.equal("token requests", [r.method for r in service.log], ["POST", "POST"])


@case("a realm with a query of its own, several challenges in one header, odd letter case")
def odd_challenge(t):
    service = t.tokens(logins=LOGIN)
    auth = Bearer(service, realm=service.url + "/token?a=b%2Fc", challenge='nEgotiate, bEARER Realm="{realm}" , '
                  'service="faulty", Scope="{scope}", error="invalid_token", Basic realm="x"')
    t.push(t.registry(auth=auth), TINY, *t.login())
    t.true("the query is kept", all("a=b%2Fc&" in r.query for r in service.log))


@cases([201, 202, 400, 401, 403, 404, 405], "a mount that is answered {0}: sent where it has to be, never an error")
def mounts(t, status):
    service, auth = bearer(t)
    script = []
    if status == 401:  # for the second repository's scope only
        script = [refuse("upload.mount", 401, "UNAUTHORIZED", times=None, headers=(
            ("WWW-Authenticate", f'Bearer realm="{auth.realm}",service="faulty",scope="repository:svc:pull"'),))]
    registry = t.registry(script, auth=auth, mounts={201: True, 202: False}.get(status, status if status != 401 else True))
    t.push(registry, SMALL, f"{registry.address}/team/copy:1", *t.login(), stores=False)
    t.equal("the copy", registry.tags["team/copy"]["1"], registry.tags["svc"]["1"])
    size = sum(len(b) for b in registry.blobs["svc"].values())
    t.equal("bytes of bodies", registry.sent(), size if status == 201 else 2 * size)
    t.equal("sessions that were opened", registry.count("upload.post") + (registry.count("upload.mount") if status == 202 else 0),
            3 if status == 201 else 6)


@case("a credential helper that says nothing: 78 after 30 s, and it is ended", http2=False)
def silent_helper(t):
    registry = t.registry(auth=Basic("ops", "pa55-7e1d"))
    (t.folder / "config.json").write_text(json.dumps({"credHelpers": {registry.address: "silent"}}))
    helper = t.folder / "docker-credential-silent"
    helper.write_text(f"#!/bin/sh\necho $$ >{t.folder}/helper\nexec sleep 600\n")
    helper.chmod(0o755)
    t.environment["DOCKER_CONFIG"] = str(t.folder)
    t.environment["PATH"] = f"{t.folder}:{t.environment['PATH']}"
    ran = t.push(registry, TINY, status=78)
    t.says(ran, "docker-credential-silent did not answer within 30 s")
    t.at_least("seconds", ran.seconds, 29)
    t.at_most("seconds", ran.seconds, 35)
    t.true("the helper has ended", not os.path.exists(f"/proc/{(t.folder / 'helper').read_text().strip()}"))
