# SPDX-License-Identifier: Apache-2.0
"""What a registry says about how far an upload got, true or not: never a gap, never a byte twice."""
from images import SMALL
from trial import cases
from faulty_registry import Fault, cut, edit

SAYS = {
    "the truth": lambda have: f"0-{have - 1}",
    "nothing": lambda have: None,
    "one too few": lambda have: f"0-{have - 2}",
    "one too many": lambda have: f"0-{have}",
    "more than was sent": lambda have: f"0-{have + (64 << 20)}",
    "with a unit": lambda have: f"bytes=0-{have - 1}",
    "not from the beginning": lambda have: f"10-{have - 1}",
    "no numbers": lambda have: "0-x",
    "the wrong way round": lambda have: f"{have - 1}-0",
    "as 2.8 counts an empty one": lambda have: "0-0",
}


@cases(list(SAYS), "asked how far it got, a registry says {0}: whole, and no byte twice")
def says(t, name):
    def change(request, answer):
        if answer.status == 204:
            session = registry.sessions[request.name]
            answer.set("Range", SAYS[name](len(session.data)))
    registry = t.registry([cut("upload.put|upload.patch", 0.5, when=lambda r: (r.length() or 0) > 100000),
                           edit("upload.get", change, times=None)], resume=True)
    t.push(registry, SMALL, "--no-reuse")  # the digest is checked over what was stored
    total = sum(len(b) for b in registry.blobs["svc"].values())
    t.at_most("bytes of bodies", registry.sent(), 2.1 * total)


@cases([404, 400, 405, 500, 416], "asked how far it got, a registry answers {0}: a new session")
def refuses(t, status):
    registry = t.registry([cut("upload.put|upload.patch", 0.5, when=lambda r: (r.length() or 0) > 100000),
                           Fault("upload.get", status=status, times=None)], resume=True)
    t.push(registry, SMALL, "--no-reuse", sessions=status != 404)
    total = sum(len(b) for b in registry.blobs["svc"].values())
    t.at_most("bytes of bodies", registry.sent(), 2 * total)
