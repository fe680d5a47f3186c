# SPDX-License-Identifier: Apache-2.0
"""What is attached to an image: listed by the registry, or by an index that nobody loses an entry of."""
import json
import threading

from images import TINY
from trial import case, cases
from faulty_registry import Fault

INDEX = "application/vnd.oci.image.index.v1+json"


def attach(t, name, content=b"{}"):
    file = t.folder / name
    file.write_bytes(content)
    return ["--attach", f"application/vnd.test.{name}={file}"]


def listed(registry):
    """Types of what the fallback index of the only image lists."""
    subject = registry.tags["svc"]["1"]
    tag = subject.replace(":", "-")
    if tag not in registry.tags["svc"]:
        return None
    kind, data = registry.manifests["svc"][registry.tags["svc"][tag]]
    return sorted(node["artifactType"] for node in json.loads(data)["manifests"]) if kind == INDEX else kind


@cases([True, False], "attached to an image; the registry lists referrers: {0}")
def attached(t, knows):
    registry = t.registry(referrers=knows)
    t.push(registry, TINY, *attach(t, "sbom"), *attach(t, "report"))
    t.equal("listed", listed(registry), None if knows else ["application/vnd.test.report", "application/vnd.test.sbom"])
    subjects = [json.loads(data).get("subject", {}).get("digest") for _, data in registry.manifests["svc"].values()]
    t.equal("what names the image", subjects.count(registry.tags["svc"]["1"]), 2)


@cases([500, 503, 429], "HTTP {0} twice on each request for the list")
def passing(t, status):
    registry = t.registry([Fault(kind, status=status, headers=(("Retry-After", "0"),), times=2,
                                 when=lambda r: r.name.startswith("sha256-")) for kind in ("manifest.get", "manifest.put")])
    t.push(registry, TINY, *attach(t, "sbom"))
    t.equal("listed", listed(registry), ["application/vnd.test.sbom"])


@case("four that attach to one image at once: all are listed")
def together(t):
    registry = t.registry()
    t.push(registry, TINY)
    path = t.folder / "tiny.tar"
    ran = []

    def one(number):
        ran.append(t.run(f"{registry.address}/svc:1", "--from", str(path), *attach(t, f"report{number}")))
    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.equal("statuses", [r.status for r in ran], [0] * 4)
    t.equal("listed", listed(registry), [f"application/vnd.test.report{n}" for n in range(4)])


@case("the list cannot be written: the image is there, and the status says that something is not")
def refused(t):
    registry = t.registry([Fault("manifest.put", status=403, times=None, when=lambda r: r.name.startswith("sha256-"))])
    t.push(registry, TINY, *attach(t, "sbom"), status=77, unmoved=False)
    t.true("the image is there", "1" in registry.tags["svc"])
