# SPDX-License-Identifier: Apache-2.0
"""A container registry on loopback that misbehaves as a test says, and fails the test when its client does.

    with FaultyRegistry([cut("upload.put", 0.5)]) as registry:
        ...run a client against registry.address...
    registry.violations    what the client did that the distribution spec does not allow; has to be empty
    registry.log           every request: kind, headers, bytes of its body that came, status

By hand:  python3 tests/support/faulty_registry --fault 'upload.put at=0.5 how=reset' -- registry-push REGISTRY/a:1 --from a.tar"""
from .faults import END, HEAD, STORED, Fault, cut, edit, error_body, refuse, set_header, silence
from .registry import Basic, FaultyRegistry, digest_of
from .tokens import Bearer, TokenService
from .wire import Answer, Request, Server

__all__ = ["END", "HEAD", "STORED", "Fault", "cut", "edit", "error_body", "refuse", "set_header", "silence", "Basic",
           "FaultyRegistry", "digest_of", "Bearer", "TokenService", "Answer", "Request", "Server"]
