# SPDX-License-Identifier: Apache-2.0
"""Proxies: which requests go through one, and what is said when it does not do its part."""
import pathlib
import sys

from images import LARGE, SMALL, TINY
from network import NAMED, OUTSIDE, STRANGER
from trial import case, cases

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from small_proxy import SmallProxy  # noqa: E402


def proxy(t, **settings):
    made = SmallProxy(STRANGER, **settings)
    made.violations, made.log, made.url = [], [], made.address  # as the other servers of a trial
    t.servers.append(made)
    return made


@cases(["http_proxy", "HTTP_PROXY"], "a registry without TLS, through {0}")
def plain(t, name):
    registry, through = t.registry(host=OUTSIDE), proxy(t)
    t.environment[name] = f"http://{through.address}"
    t.push(registry, SMALL, "--plain-http")
    t.equal("requests through the proxy", len(through.asked), len(registry.log))
    t.true("in absolute form", all(f" http://{registry.address}/v2/" in asked for asked in through.asked))


@cases(["https_proxy", "HTTPS_PROXY"], "a registry with TLS, through {0}: a tunnel, and the proxy sees nothing else")
def tunnel(t, name):
    registry, through = t.registry(host=OUTSIDE, tls=t.tls()), proxy(t)
    t.environment[name] = f"http://{through.address}"
    t.push(registry, SMALL, tls=True)
    t.equal("asked", set(through.asked), {f"CONNECT {registry.address}"})


@cases([1, 7, 100], "a tunnel whose answers come {0} bytes at a time, that to CONNECT as well")
def in_pieces(t, piece):
    registry, through = t.registry(host=OUTSIDE, tls=t.tls()), proxy(t, piece=piece)
    t.environment["https_proxy"] = f"http://{through.address}"
    t.push(registry, SMALL, tls=True)


@case("a layer that is sent while it grows goes through a proxy as well")
def growing(t):
    registry, through = t.registry(host=OUTSIDE, tls=t.tls()), proxy(t)
    t.environment["https_proxy"] = f"http://{through.address}"
    t.push(registry, LARGE, source="pipe", tls=True)


@cases(["10.77.0.1", "10.77.0.0/24", "other.example,10.77.0.0/16", "*"], "no_proxy={0} goes around it")
def around(t, value):
    for name in ("no_proxy", "NO_PROXY"):
        registry, through = t.registry(host=OUTSIDE), proxy(t)
        t.environment.pop("no_proxy", None)
        t.environment.update({"http_proxy": f"http://{through.address}", name: value})
        t.push(registry, TINY, "--plain-http")
        t.equal("asked", through.asked, [])


def named(t):
    """A registry that is asked for by its name, also where an upload goes on."""
    return t.registry(host=OUTSIDE, names=[NAMED], location=lambda path, state: f"{path}?_state={state}")


@cases([".faults.example", ".registry.faults.example", ".example", "faults.example", NAMED, NAMED.upper(), "localhost, .faults.example"],
       "no_proxy={0} goes around it for a registry with a name")
def around_by_name(t, value):
    registry, through = named(t), proxy(t)
    t.environment.update({"http_proxy": f"http://{through.address}", "no_proxy": value})
    t.push(registry, TINY, "--plain-http", host=f"{NAMED}:{registry.port}")
    t.equal("asked", through.asked, [])


@cases(["aults.example", ".other.example"], "no_proxy={0} does not")
def not_by_name(t, value):
    registry, through = named(t), proxy(t)
    t.environment.update({"http_proxy": f"http://{through.address}", "no_proxy": value})
    t.push(registry, TINY, "--plain-http", host=f"{NAMED}:{registry.port}")
    t.at_least("asked", len(through.asked), 5)


@case("no_proxy for others does not")
def for_others(t):
    registry, through = t.registry(host=OUTSIDE), proxy(t)
    t.environment.update({"HTTP_PROXY": f"http://{through.address}", "no_proxy": "10.78.0.0/16,77.0.1"})
    t.push(registry, TINY, "--plain-http")
    t.at_least("asked", len(through.asked), 5)


@case("a registry on this machine is never looked for behind a proxy")
def loopback(t):
    through = proxy(t)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        t.environment[name] = f"http://{through.address}"
    t.push(t.registry(), TINY)
    t.push(t.registry(tls=t.tls()), TINY, tls=True, repository="other")
    t.equal("asked", through.asked, [])


@case("a proxy that wants a login gets the one of its address, which is not shown")
def login(t):
    through = proxy(t, login="ops:pa55-9c3b")
    t.secrets.add("pa55-9c3b")
    t.environment["https_proxy"] = f"http://ops:pa55-9c3b@{through.address}"
    t.push(t.registry(host=OUTSIDE, tls=t.tls()), TINY, "-v", tls=True)


@case("a proxy that refuses the login: 77, its status, no retry")
def wrong_login(t):
    through = proxy(t, login="ops:pa55-9c3b")
    t.secrets.add("guess-1f0a")
    t.environment["https_proxy"] = f"http://ops:guess-1f0a@{through.address}"
    ran = t.push(t.registry(host=OUTSIDE, tls=t.tls()), TINY, "-v", tls=True, status=77)
    t.says(ran, "proxy", "407")
    t.at_most("asked", len(through.asked), 2)


@case("a proxy that forbids the registry: 77, its status, no retry")
def forbidden(t):
    through = proxy(t, refuse=403)
    t.environment["https_proxy"] = f"http://{through.address}"
    ran = t.push(t.registry(host=OUTSIDE, tls=t.tls()), TINY, tls=True, status=77)
    t.says(ran, "proxy", "403")
    t.at_most("asked", len(through.asked), 2)


@case("a proxy that cannot reach the registry just now is asked again, and then 69")
def bad_gateway(t):
    through = proxy(t, refuse=502)
    t.environment["https_proxy"] = f"http://{through.address}"
    ran = t.push(t.registry(host=OUTSIDE, tls=t.tls()), TINY, "--retries", "2", tls=True, status=69)
    t.says(ran, "proxy", "502")
    t.at_least("asked", len(through.asked), 3)


@case("a proxy that is not there: 69, and it is named")
def no_proxy_there(t):
    t.environment["https_proxy"] = f"http://{STRANGER}:9"
    ran = t.push(t.registry(host=OUTSIDE, tls=t.tls()), TINY, "--retries", "1", tls=True, status=69)
    t.says(ran, STRANGER)


@cases(["http", "https"], "a proxy that cuts a layer's {0} request twice")
def cut(t, scheme):
    tls = scheme == "https"
    registry = t.registry(host=OUTSIDE, **({"tls": t.tls()} if tls else {}))
    through = proxy(t, cut_after=300_000, cuts=2)
    t.environment[f"{scheme}_proxy"] = f"http://{through.address}"
    t.push(registry, SMALL, *([] if tls else ["--plain-http"]), tls=tls, sessions=False)
    t.at_most("cuts left", through.cuts, 0)
