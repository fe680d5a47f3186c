# SPDX-License-Identifier: Apache-2.0
"""Runs a command against a registry that misbehaves, and says what it did.

usage: faulty_registry [--fault FAULT]... [--quirk NAME=VALUE]... -- COMMAND...

REGISTRY in an argument becomes the registry's address. A FAULT is a kind of request and what happens to it:
    upload.put at=0.5 how=reset                 the connection is reset in the middle of the first layer's PUT
    * times=2 status=503                        the first two requests of all are refused
    manifest.put status=429 Retry-After:2       a header has a colon
Kinds: base blob.head blob.get upload.{post,mount,patch,put,get,delete} manifest.{head,get,put,delete} tags.list.
how: answer reset close silence; at: head, end, stored, a part of the body (0.5) or bytes of it (65536); more: times, skip,
delay, read_rate, write_rate. Quirks: resume=1 takes_chunked=0 most=BYTES settle=SECONDS mounts=0 enforces=1.

Every request is a line on stderr. The exit status is the command's, or 99 when it broke the distribution spec."""
import argparse
import ast
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from faulty_registry import Fault, FaultyRegistry  # noqa: E402


def value_of(text):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def fault_of(text):
    kind, *words = text.split()
    settings, headers = {}, []
    for word in words:
        name, equals, value = word.partition("=")
        if equals and ":" not in name:
            settings[name] = value_of(value)
        else:
            headers.append(tuple(word.split(":", 1)))
    return Fault(kind, headers=tuple(headers), **settings)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fault", action="append", default=[])
    parser.add_argument("--quirk", action="append", default=[])
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    quirks = {name: value_of(value) for name, _, value in (quirk.partition("=") for quirk in args.quirk)}
    if "mounts" in quirks and quirks["mounts"] in (0, 1):
        quirks["mounts"] = bool(quirks["mounts"])
    with FaultyRegistry([fault_of(text) for text in args.fault], **quirks) as registry:
        command = [word.replace("REGISTRY", registry.address) for word in args.command]
        status = subprocess.run(command, check=False).returncode
        print(registry.transcript(), file=sys.stderr)
        for violation in registry.violations:
            print(f"against the spec: {violation}", file=sys.stderr)
        return 99 if registry.violations else status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
