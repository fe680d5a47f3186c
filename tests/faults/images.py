# SPDX-License-Identifier: Apache-2.0
"""Images for the fault cases, as `docker save` writes them, built byte by byte from a seed: the same on every machine."""
import functools
import gzip
import hashlib
import io
import json
import random
import tarfile


def tar_of(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def noise(size, seed):
    return random.Random(seed).randbytes(size)


class Image:
    """layers: lists of (name, content)."""

    def __init__(self, name, layers):
        self.name = name
        self.layers = [tar_of(files) for files in layers]
        self.diff_ids = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in self.layers]
        self.config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["true"]},
                                  "rootfs": {"type": "layers", "diff_ids": self.diff_ids}}).encode()
        self.config_digest = "sha256:" + hashlib.sha256(self.config).hexdigest()

    @functools.cached_property
    def archive(self):
        """Layers first and manifest.json last, as the classic store of docker has them."""
        names = [f"{i + 1:064x}/layer.tar" for i in range(len(self.layers))]
        config = self.config_digest.partition(":")[2] + ".json"
        manifest = [{"Config": config, "RepoTags": [f"{self.name}:1"], "Layers": names}]
        return tar_of([*zip(names, self.layers), (config, self.config), ("manifest.json", json.dumps(manifest).encode())])

    @property
    def size(self):
        return sum(len(layer) for layer in self.layers)

    def is_in(self, manifest, blobs):
        """What is wrong with the image that a registry holds; empty when it is this one."""
        document = json.loads(manifest)
        if blobs.get(document["config"]["digest"]) != self.config:
            yield "another configuration"
        if len(document["layers"]) != len(self.layers):
            yield f"{len(document['layers'])} layers"
        for number, (entry, layer) in enumerate(zip(document["layers"], self.layers)):
            data = blobs.get(entry["digest"])
            if data is None:
                yield f"layer {number} is not there"
            elif "sha256:" + hashlib.sha256(data).hexdigest() != entry["digest"] or len(data) != entry["size"]:
                yield f"layer {number} is not what its descriptor says"
            elif gzip.decompress(data) != layer:
                yield f"layer {number} unpacks to other bytes"


def archive_of(*images):
    """What `docker save A B` writes; names are of the image, so that a layer of two is in it twice."""
    entries, manifest = [], []
    for image in images:
        names = [f"{image.name}{i}/layer.tar" for i in range(len(image.layers))]
        config = image.config_digest.partition(":")[2] + ".json"
        entries += [*zip(names, image.layers), (config, image.config)]
        manifest.append({"Config": config, "RepoTags": [f"{image.name}:1"], "Layers": names})
    return tar_of([*entries, ("manifest.json", json.dumps(manifest).encode())])


# A layer of 1.5 MiB that does not compress fits the window: HEAD, POST, PUT. One of 6 MiB does not, with the memory that the
# cases give: POST, PATCH, PUT while it is read.
SMALL = Image("small", [[("etc/name", b"small\n" * 100)], [("srv/data", noise(3 << 19, 1))]])
LARGE = Image("large", [[("etc/name", b"large\n" * 100)], [("srv/data", noise(6 << 20, 2))]])
TINY = Image("tiny", [[("etc/name", b"tiny\n" * 100)], [("srv/data", noise(4096, 3))]])
