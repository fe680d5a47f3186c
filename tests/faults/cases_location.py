# SPDX-License-Identifier: Apache-2.0
"""Where an upload goes on: all forms of Location that are right, and those that nobody may follow."""
from images import LARGE, TINY
from network import METADATA, OUTSIDE, STRANGER
from trial import case, cases
from faulty_registry import Answer, Basic, FaultyRegistry, set_header

LOGIN = "pa55-7e1d"
FORMS = {
    "absolute": lambda r: lambda path, state: f"{r.url}{path}?_state={state}",
    "a path": lambda r: lambda path, state: f"{path}?_state={state}",
    "without a query": lambda r: lambda path, state: path,
    "a session's name alone": lambda r: lambda path, state: path.rsplit("/", 1)[1],
    "//host/path": lambda r: lambda path, state: f"//{r.address}{path}?_state={state}",
    "with + and %2F in the query": lambda r: lambda path, state: f"{path}?a=b+c&d=%2F%2f&_state={state}",
    "with a digest in the query": lambda r: lambda path, state: f"{path}?digest=none&_state={state}",
    "with dots to be resolved": lambda r: lambda path, state: f"/v2/x/..{path[3:]}?_state={state}",
    "8 KiB long": lambda r: lambda path, state: f"{path}?pad={'x' * 8192}&_state={state}",
    "with an empty query": lambda r: lambda path, state: f"{path}?",
}


@cases(list(FORMS), "a location that is {0}")
def forms(t, name):
    registry = t.registry()
    registry.location = FORMS[name](registry)
    t.push(registry, TINY, "--no-reuse")
    t.push(registry, LARGE, "--no-reuse", tag="2")  # PATCH has one of its own


@cases([(None, "missing"), ("", "empty"), ("ftp://127.0.0.1/x", "ftp"), ("http://user:word@127.0.0.1/x", "with a user"),
        ("/v2/svc/blobs/uploads/x#y", "with a fragment"), ("http://", "a scheme alone"), ("http://[::1/x", "half an address")],
       "a location that is {0[1]}: 76, shown")
def refused(t, what):
    value, _ = what
    registry = t.registry([set_header("upload.post", "Location", value, times=None)])
    ran = t.push(registry, TINY, status=76, sessions=False)
    t.says(ran, "location")
    t.equal("bytes of bodies", registry.sent(), 0)
    t.true("no word of the login", "word@" not in ran.stderr)


@case("a PATCH whose answer names no location: the old one stays good")
def patch_without(t):
    def keep(request, old):
        registry.sessions[request.name].target = request.target
    registry = t.registry([set_header("upload.patch", "Location", lambda request, _: keep(request, _), times=None)])
    t.push(registry, LARGE)


def other_host(t, registry, **settings):
    """A host beside the registry that takes its uploads."""
    host = FaultyRegistry(host="127.0.0.2", foreign=registry, **settings).start()
    t.servers.append(host)
    return host


@case("uploads to another host carry no credentials", http2=False)
def strange(t):
    registry = t.registry(auth=Basic("ops", LOGIN))
    host = other_host(t, registry)
    registry.location = host.location = lambda path, state: f"{host.url}{path}?_state={state}"
    t.push(registry, TINY, "--no-reuse", *t.login())
    t.push(registry, LARGE, "--no-reuse", *t.login(), tag="2")
    t.true("the other host had the bodies", host.sent() > 6 << 20)
    t.equal("bodies at the registry", registry.sent(), 0)


@case("https is never stepped down: the same host keeps it, once warned")
def same_host_http(t):
    registry = t.registry(host=OUTSIDE, tls=t.tls(), auth=Basic("ops", LOGIN))
    registry.location = lambda path, state: f"http://{OUTSIDE}{path}?_state={state}"
    ran = t.push(registry, TINY, "--no-reuse", *t.login(), tls=True)
    t.equal("how often it is said", ran.stderr.count("X-Forwarded-Proto"), 1)


@case("https is never stepped down: another host is refused")
def other_host_http(t):
    registry = t.registry(host=OUTSIDE, tls=t.tls(), auth=Basic("ops", LOGIN))
    trap = FaultyRegistry(host=STRANGER, foreign=registry).start()
    t.servers.append(trap)
    registry.location = lambda path, state: f"{trap.url}{path}?_state={state}"
    ran = t.push(registry, TINY, "--no-reuse", *t.login(), tls=True, status=76, sessions=False)
    t.equal("requests at the other host", len(trap.log), 0)
    t.says(ran, "without TLS")


@cases([METADATA, "127.0.0.1"], "a registry elsewhere that sends us to {0}: refused, nothing goes there", http2=False)
def inward(t, address):
    registry = t.registry(host=OUTSIDE, auth=Basic("ops", LOGIN))
    trap = FaultyRegistry(host=address, foreign=registry).start()
    t.servers.append(trap)
    registry.location = lambda path, state: f"{trap.url}{path}?_state={state}"
    ran = t.push(registry, TINY, "--no-reuse", "--plain-http", *t.login(), status=76, sessions=False)
    t.equal("requests there", len(trap.log), 0)
    t.says(ran, address.replace(".", r"\."))


@case("no secret of a location's query is shown, not even with --verbose")
def quiet_query(t):
    registry = t.registry()
    t.secrets.add("c2VjcmV0LXN0YXRl")
    registry.location = lambda path, state: f"{path}?_state=c2VjcmV0LXN0YXRl"
    t.push(registry, TINY, "--no-reuse", "-v")
    registry.script.append(set_header("upload.put", "Docker-Content-Digest", "sha256:" + "0" * 64, times=None))
    t.push(registry, LARGE, "--no-reuse", "-v", tag="2", status=76)


@cases([(1, "one"), (5, "five")], "{0[1]} redirects of a HEAD are followed")
def hops(t, what):
    number, _ = what

    def hop(request, answer):
        done = int(request.query.partition("hop=")[2] or 0)
        if done < number:
            return Answer(307, [("Location", f"{request.path}?hop={done + 1}")])
        return answer
    from faulty_registry import edit
    registry = t.registry([edit("blob.head|manifest.head|manifest.get|blob.get", hop, times=None)])
    t.push(registry, TINY)
    t.push(registry, TINY)


@case("redirects without end: 76, and bounded")
def loop(t):
    from faulty_registry import Fault
    registry = t.registry([Fault("blob.head", status=307, times=None, headers=(("Location", "?hop=1"),))])
    ran = t.push(registry, TINY, "--no-reuse", "--jobs", "1", status=76)
    t.at_most("requests", registry.count("blob.head"), 25)
    t.says(ran, "redirect")


@case("a blob that lies with another host is asked for there, without credentials")
def storage(t):
    from faulty_registry import edit
    registry = t.registry(auth=Basic("ops", LOGIN))
    host = other_host(t, registry)
    host.blobs = registry.blobs

    def away(request, answer):
        return Answer(307, [("Location", host.url + request.path)]) if answer.status == 200 else answer
    registry.script.append(edit("blob.head|blob.get", away, times=None))
    t.push(registry, TINY, *t.login())
    t.push(registry, TINY, *t.login(), "--no-reuse", tag="2")
    t.true("it was asked", host.count("blob.head") >= 3)
