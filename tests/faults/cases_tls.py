# SPDX-License-Identifier: Apache-2.0
"""TLS: whom the tool believes, and what it does when the handshake goes wrong."""
import socket
import ssl

from images import TINY
from network import OUTSIDE
from trial import case, cases
from faulty_registry import Basic


def of_version(t, name):
    only = getattr(ssl.TLSVersion, name)
    return t.tls(minimum_version=only, maximum_version=only)


def wanting_certificate(t, version):
    side = of_version(t, version)
    side.verify_mode = ssl.CERT_REQUIRED
    side.load_verify_locations(t.certificates / "ca.crt")
    return side


@cases(["TLSv1_2", "TLSv1_3"], "a registry with {0} and our authority")
def version(t, name):
    registry = t.registry(host=OUTSIDE, tls=of_version(t, name))
    t.push(registry, TINY, tls=True)


@case("an authority that is not known: 77, no request, no retry")
def untrusted(t):
    registry = t.registry(host=OUTSIDE, tls=t.tls(), auth=Basic("ops", "pa55-7e1d"))
    ran = t.push(registry, TINY, *t.login(), status=77)
    t.says(ran, "certificate")
    t.equal("requests", len(registry.log), 0)
    t.at_most("seconds", ran.seconds, 3)


@case("another authority than --ca says: 77")
def other_authority(t):
    registry = t.registry(host=OUTSIDE, tls=t.tls())
    t.says(t.push(registry, TINY, "--ca", str(t.certificates / "other-ca.crt"), status=77), "certificate")


@case("a certificate for another name: 77")
def other_name(t):
    registry = t.registry(host=OUTSIDE, tls=t.tls("stranger"))
    t.says(t.push(registry, TINY, tls=True, status=77), "certificate")


@case("a registry on this machine with TLS that is not trusted is not spoken to without")
def loopback_untrusted(t):
    registry = t.registry(tls=t.tls(), auth=Basic("ops", "pa55-7e1d"))
    t.push(registry, TINY, *t.login(), status=77)
    for request in registry.log:  # whether it speaks TLS, nothing else
        t.equal("asked", (request.method, request.target), ("GET", "/v2/"))
        t.equal("who asks", request.header("authorization"), None)


@case("a registry on this machine with TLS that is trusted is spoken to with it")
def loopback_tls(t):
    t.push(t.registry(tls=t.tls()), TINY, tls=True)


@cases(["says so in clear", "sends on to TLS", "hangs up on others", "lets others wait"],
       "a registry on this machine that {0}: TLS is spoken, and no password goes in clear")
def loopback_asked_in_clear(t, does):
    heard = []

    def greet(connection):
        if connection.sock.recv(1, socket.MSG_PEEK) == b"\x16":
            return True
        heard.append(connection.sock.recv(1 << 16))
        target = heard[-1].split()[1].decode()
        if does == "says so in clear":
            connection.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        elif does == "sends on to TLS":
            connection.send(f"HTTP/1.1 301 Moved Permanently\r\nLocation: {registry.url}{target}\r\nConnection: close\r\n"
                            "Content-Length: 0\r\n\r\n".encode())
        elif does == "lets others wait":
            registry.ending.wait(5)
        return False
    registry = t.registry(tls=t.tls(), greet=greet, auth=Basic("ops", "pa55-7e1d"))
    t.push(registry, TINY, "--stall", "1s", *t.login(), tls=True)
    t.at_least("requests in clear", len(heard), 1)
    t.true("no password in clear", not any(b"authorization" in one.lower() for one in heard))


@case("a registry on this machine without TLS is never asked for it")
def loopback_without_tls(t):
    first = []

    def greet(connection):
        first.append(connection.sock.recv(1, socket.MSG_PEEK))
        return True
    t.push(t.registry(greet=greet), TINY)
    t.at_least("connections", len(first), 1)
    t.true("HTTP on all of them", b"\x16" not in first)


@case("a registry elsewhere without TLS: refused, never silently in clear")
def no_tls(t):
    registry = t.registry(host=OUTSIDE)
    ran = t.push(registry, TINY, "--retries", "0", status=76)
    t.equal("requests", len(registry.log), 0)
    t.says(ran, "does not speak TLS")


@case("a handshake that is reset is tried again")
def handshake_cut(t):
    cut = []

    def greet(connection):
        if len(cut) < 2:
            cut.append(1)
            connection.reset()
            return False
        return True
    registry = t.registry(host=OUTSIDE, tls=t.tls(), greet=greet)
    t.push(registry, TINY, tls=True)


@cases([(OUTSIDE, "TLSv1_2"), (OUTSIDE, "TLSv1_3"), ("127.0.0.1", "TLSv1_2"), ("127.0.0.1", "TLSv1_3")],
       "the registry at {0[0]} wants a certificate of ours by {0[1]}: given by --cert and --key")
def client_certificate(t, wanted):
    host, version = wanted
    registry = t.registry(host=host, tls=wanting_certificate(t, version))
    t.push(registry, TINY, "--cert", str(t.certificates / "client.crt"), "--key", str(t.certificates / "client.key"), tls=True)


@cases([("TLSv1_2", 76), ("TLSv1_3", 77)],
       "a registry on this machine that wants a certificate by {0[0]} and gets none: {0[1]}, told of TLS, no retry")
def client_certificate_missing(t, wanted):
    version, status = wanted
    ran = t.push(t.registry(tls=wanting_certificate(t, version)), TINY, "--retries", "2", tls=True, status=status)
    t.says(ran, "https://127.0.0.1")
    t.says(ran, "certificate")
    t.at_most("seconds", ran.seconds, 3)


@cases(["TLSv1_2", "TLSv1_3"], "a certificate of ours that the registry does not trust, by {0}: 77, no retry")
def client_certificate_untrusted(t, version):
    side = of_version(t, version)
    side.verify_mode = ssl.CERT_REQUIRED
    side.load_verify_locations(t.certificates / "other-ca.crt")
    ran = t.push(t.registry(host=OUTSIDE, tls=side), TINY, "--retries", "2", "--cert", str(t.certificates / "client.crt"),
                 "--key", str(t.certificates / "client.key"), tls=True, status=77)
    t.says(ran, "without a certificate that it trusts")
    t.at_most("seconds", ran.seconds, 3)
