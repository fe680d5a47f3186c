# SPDX-License-Identifier: Apache-2.0
"""The token service of a registry: CNCF distribution, "Token Authentication Specification" and "OAuth2 Token
Authentication". Tokens are opaque and known to the registry by their text; they can end early, and be forgotten."""
import base64
import json
import secrets
import time
import urllib.parse

from . import faults, rules
from .faults import error_body
from .wire import Answer, Server


class TokenService(Server):
    """
    logins    name -> password; without them everybody gets what he asks for
    identity  a refresh token that is taken by POST; None: 404 to POST, as distribution's own example server
    shape     of (token, scopes): the body of the answer; by default {"token", "expires_in"}
    lifetime  seconds that a token is good for, whatever its answer says
    grants    of (user, scope): the actions granted, as text with commas; by default all that was asked
    """

    def __init__(self, logins=None, identity=None, shape=None, lifetime=300, grants=None, script=(), **wire):
        super().__init__(**wire)
        self.logins = logins or {}
        self.identity = identity
        self.shape = shape or (lambda token, _: json.dumps({"token": token, "expires_in": lifetime}))
        self.lifetime = lifetime
        self.grants = grants or (lambda user, scope: scope.rpartition(":")[2])
        self.script = list(script)
        self.tokens = {}  # text -> (until, {repository: actions})

    def count(self, kinds="token"):
        return sum(1 for r in self.log if faults.Fault(kinds).fits(r))

    def revoke(self, *_):
        """All tokens end now."""
        with self.lock:
            self.tokens.clear()

    def handle(self, connection, request):
        request.kind = "token"
        for what in rules.of_any_request(request, self.addresses):
            self.violated(request, what)
        request.body = bytearray().join(connection.body(request))
        request.received, request.complete = len(request.body), True
        with self.lock:
            fault = faults.pick(self.script, request)
            answer = fault.answer() if fault else self._answer(request)
            if fault and fault.then:
                fault.then(self)
        if fault and fault.how == "silence":
            connection.wait(600)
            return False
        if fault and fault.delay:
            connection.wait(fault.delay)
        self.reply(connection, request, answer)
        return True

    def _answer(self, request):
        if request.method == "POST":
            if self.identity is None:
                return Answer(404)
            if request.header("content-type") != "application/x-www-form-urlencoded":
                self.violated(request, f"a form as {request.header('content-type')}")
            form = dict(urllib.parse.parse_qsl(bytes(request.body).decode()))
            if form.get("grant_type") != "refresh_token" or not form.get("service") or not form.get("client_id"):
                self.violated(request, "a form without grant_type, service or client_id")
            if form.get("refresh_token") != self.identity:
                return Answer(401, [], error_body("UNAUTHORIZED").encode())
            return self._issue("", form.get("scope", "").split(" "))
        if request.method != "GET":
            self.violated(request, "a token is asked for by GET or POST")
            return Answer(405)
        query = urllib.parse.parse_qs(request.query)
        if not query.get("service") or not query.get("scope"):
            self.violated(request, "a token is asked for without service or scope")
        user = ""
        given = request.header("authorization")
        if given:
            user, _, password = base64.b64decode(given.partition(" ")[2]).decode().partition(":")
            if self.logins.get(user) != password:
                return Answer(401, [], error_body("UNAUTHORIZED").encode())
        elif self.logins:
            return Answer(401, [], error_body("UNAUTHORIZED").encode())
        return self._issue(user, query.get("scope", []))

    def _issue(self, user, scopes):
        granted = {}
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            repository = rest.rpartition(":")[0]
            if kind == "repository" and repository:
                granted[repository] = set(filter(None, self.grants(user, scope).split(",")))
        token = secrets.token_hex(12)
        self.tokens[token] = (time.monotonic() + self.lifetime, granted)
        return Answer(200, [("Content-Type", "application/json")], self.shape(token, scopes).encode())


class Bearer:
    """What a registry does with the tokens of a service."""

    def __init__(self, service, realm=None, anonymous_pull=False, challenge=None):
        self.service = service
        self.realm = realm or service.url + "/token"
        self.anonymous_pull = anonymous_pull
        self.challenge = challenge or 'Bearer realm="{realm}",service="faulty",scope="{scope}"'

    def refusal(self, request):
        action = "pull" if request.method in ("GET", "HEAD") and not request.kind.startswith("upload") else "push"
        if action == "pull" and self.anonymous_pull and request.kind != "base":
            return None
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        until, granted = self.service.tokens.get(token, (0, {}))
        if scheme == "Bearer" and time.monotonic() < until:
            if not request.repository or action in granted.get(request.repository, ()):
                return None
        scope = f"repository:{request.repository}:{'pull' if action == 'pull' else 'pull,push'}"
        return Answer(401, [("WWW-Authenticate", self.challenge.format(realm=self.realm, scope=scope)),
                            ("Content-Type", "application/json")], error_body("UNAUTHORIZED").encode())
