# SPDX-License-Identifier: Apache-2.0
"""What is in an image: its run configuration and its file tree, read from an archive as `docker save` writes it.

Times are left out: no two builds agree on them."""

import gzip
import hashlib
import io
import json
import os
import tarfile
from typing import NamedTuple


class Entry(NamedTuple):
    """One path. `data` is a file's SHA-256 or a link's target; a hard link counts as the file that it names."""

    kind: str  # d, f, l or o
    mode: int
    uid: int
    gid: int
    data: str | None

    def __str__(self):
        kind = {'d': 'directory', 'f': 'file', 'l': 'link', 'o': 'device'}[self.kind]
        what = f' {self.data[:12] if self.kind == "f" else self.data}' if self.data else ''
        return f'{kind} {self.mode:o} {self.uid}:{self.gid}{what}'


class Image(NamedTuple):
    config: dict
    tree: dict  # path -> Entry
    base: dict  # the tree of the image that it was built on


KEPT = ('Cmd', 'Entrypoint', 'Env', 'ExposedPorts', 'Labels', 'StopSignal', 'User', 'Volumes', 'WorkingDir')


class Archive:
    """The images of one archive. A layer that several images share is read once."""

    def __init__(self, path):
        self.tar = tarfile.open(path)
        self.members = {m.name: m for m in self.tar}
        self.layers = {}
        self.images = json.load(self._open('manifest.json'))

    def _open(self, name):
        return self.tar.extractfile(self.members[name])

    def _layer(self, name):
        """The entries of a layer in their order: [(path, Entry or None for a whiteout)]."""
        member = self.members[name]
        if member.issym():
            return self._layer(os.path.normpath(os.path.join(os.path.dirname(name), member.linkname)))
        if member.islnk():
            return self._layer(member.linkname)
        if name in self.layers:
            return self.layers[name]
        file = self._open(name)
        zipped = file.read(2) == b'\x1f\x8b'
        file.seek(0)
        rows, files = [], {}
        with tarfile.open(fileobj=io.BufferedReader(gzip.GzipFile(fileobj=file)) if zipped else file, mode='r|') as tar:
            for m in tar:
                path = os.path.normpath('/' + m.name)
                base, folder = os.path.basename(path), os.path.dirname(path)
                if base.startswith('.wh.'):
                    rows.append((folder if base == '.wh..wh..opq' else os.path.join(folder, base[4:]), base == '.wh..wh..opq'))
                    continue
                kind = 'd' if m.isdir() else 'l' if m.issym() else 'f' if m.isfile() or m.islnk() else 'o'
                if m.islnk():
                    # Most often the file is of the same layer; else it is looked up when the layer is applied.
                    target = os.path.normpath('/' + m.linkname)
                    data = files.get(target, '=' + target)
                else:
                    data = hashlib.sha256(tar.extractfile(m).read()).hexdigest() if kind == 'f' else m.linkname if kind == 'l' else None
                if kind == 'f':
                    files[path] = data
                rows.append((path, Entry(kind, 0 if kind == 'l' else m.mode & 0o7777, m.uid, m.gid, data)))
        self.layers[name] = rows
        return rows

    def _tree(self, names):
        tree = {'/': Entry('d', 0o755, 0, 0, None)}  # which not every archive names

        def drop(folder):
            inside = folder.rstrip('/') + '/'
            for path in [p for p in tree if p.startswith(inside)]:
                del tree[path]

        for name in names:
            for path, entry in self._layer(name):
                if entry is True:
                    drop(path)
                elif entry is False:
                    tree.pop(path, None)
                    drop(path)
                else:
                    if path in tree and tree[path].kind == 'd' and entry.kind != 'd':
                        drop(path)
                    if entry.kind == 'f' and entry.data.startswith('='):
                        entry = entry._replace(data=tree[entry.data[1:]].data)
                    tree[path] = entry
        return tree

    def image(self, tag, base=None):
        """The image of that tag (with or without the registry that a builder puts before it), or None."""
        found = next((i for i in self.images if any(t == tag or t.endswith('/' + tag) for t in i.get('RepoTags') or [])), None)
        if not found:
            return None
        config = json.load(self._open(found['Config'])).get('config', {})
        return Image({k: config.get(k) or None for k in KEPT}, self._tree(found['Layers']), base.tree if base else {})
