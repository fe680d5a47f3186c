# SPDX-License-Identifier: Apache-2.0
"""What the images of features.tsv must hold: what upstream 1.8.0 put into its own (data/images-1.8.0), but for the
differences below, each of which has a rule of the specification as its reason; and what each fact says of its own."""

import datetime
import fnmatch
import hashlib
import json
import os
from typing import NamedTuple

from archive import Entry

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, 'data')

# What the recording left out, and so does the comparison: logs, caches, package databases, what the builder or the
# machine writes itself. A fact about one of these looks at it by name.
UNSEEN = (
    '/var/log',
    '/var/cache',
    '/var/lib/apt',
    '/var/lib/dpkg',
    '/proc',
    '/sys',
    '/dev',
    '/etc/resolv.conf',
    '/etc/hosts',
    '/etc/hostname',
    '/.dockerenv',
    '/etc/passwd-',
    '/etc/group-',
    '/etc/shadow',
    '/etc/gshadow',
    '/etc/subuid',
    '/etc/subgid',
    '/etc/.pwd.lock',
    '/etc/ld.so.cache',
    '/root/.npm',
    '/root/.cache',
)
# Where the recording kept every path even when an image had too many to list.
LISTED = (
    '/srv',
    '/opt',
    '/home',
    '/etc/apt',
    '/out',
    '/usr/local/app',
    '/some',
    '/prog',
    '/main.c',
    '/usr/bin/bundle',
    '/etc/passwd',
    '/etc/group',
    '/tmp',
)

SCRATCH = {'f29', 'f62'}
DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


class Fact(NamedTuple):
    id: str
    config: str
    variant: str
    context: str
    args: tuple
    kind: str
    expected: str


def all_facts():
    with open(os.path.join(DATA, 'features.tsv'), encoding='utf-8') as file:
        rows = [line.rstrip('\n').split('\t') for line in file][1:]
    return {r[0]: Fact(r[0], r[1], r[2], r[3], tuple(r[4].split()), r[5], r[6]) for r in rows}


def seen(path):
    return not any(path == u or path.startswith(u + '/') or path == u + '-' for u in UNSEEN)


# ---- facts that upstream fails on: the record of a like image, and what the specification adds to it


def file(text, mode=0o644, owner=(65533, 65533)):
    return Entry('f', mode, *owner, hashlib.sha256(text.encode()).hexdigest())


def context_file(name, mode=0o644, owner=(65533, 65533)):
    with open(os.path.join(DATA, 'features/ctx', name), encoding='utf-8') as f:
        return file(f.read(), mode, owner)


MIRROR = 'http://debian-mirror.example/debian'
HOSTNAME = 'builders\n'  # what the test's base image has in /etc/hostname

# id: (record, entrypoint, variables, paths besides those of the record, reason). The record of f05 without its context
# is an image with the users and an empty /srv/app; f01's has the context of the others in it.
OWN = {
    'f27': (
        'f26',
        None,
        [],
        {'/opt/lib/kept': context_file('hello.sh', 0o755)},
        ['/srv/app/bundle'],
        'section 10, mounts: [local]: upstream pulls an image called local',
    ),
    'f53': (
        'f26',
        None,
        [],
        {'/srv/app/year': file(f'{datetime.datetime.now(datetime.timezone.utc).year}\n'), '/srv/app/loop': file('a\nb\n')},
        ['/srv/app/bundle'],
        'section 8, custom builder: any % makes upstream panic, and $i is lost',
    ),
    'f55': (
        'f26',
        None,
        [],
        {'/opt/lib/d': file('d\n')},
        ['/srv/app/bundle'],
        'section 6: upstream loses the stage that an included variant copies from',
    ),
    'f58': (
        'f01',
        None,
        [],
        {'/opt/lib/main.c': context_file('main.c')},
        [],
        'section 3: copies may mix names and maps; upstream rejects it',
    ),
    'f59': (
        'f26',
        None,
        ['FOO=1', 'BAR=yes', 'AA=012'],
        {},
        ['/srv/app/bundle'],
        'section 2, scalars are taken by their source text; upstream rejects them',
    ),
    'f60': ('f01', None, [], {'/opt/lib/h': file(HOSTNAME), '/srv/app/made': file('')}, [], 'section 12, version v3'),
    'f62': (
        None,
        None,
        [DEFAULT_PATH],
        {'/main.c': context_file('main.c', owner=(0, 0))},
        [],
        'section 5, base: scratch; section 7, a scratch variant has COPYs without --chown',
    ),
}


def record(fact, mirror):
    """(config, {path: Entry}, whether every path is listed) as expected, before the differences are applied."""
    like, *own = OWN.get(fact.id, (fact.id,))
    if like is None:
        config, paths, whole = {'Labels': {'blubber.variant': fact.variant}}, {}, True
    else:
        with open(os.path.join(DATA, 'images-1.8.0', like + '.json'), encoding='utf-8') as f:
            read = json.load(f)
        config = read['config']
        paths = {
            p['path']: Entry(p['type'], int(p['mode'], 8), p['uid'], p['gid'], p.get('sha256') or p.get('link')) for p in read['paths']
        }
        whole = not read['other_paths'] and not read['paths_left_out']
        if read['paths_left_out']:
            paths = None
    if fact.id == 'f16':  # the machine's own mirror stands in it
        paths['/etc/apt/sources.list.d/99blubber.list'] = file(f'deb {mirror} bookworm-backports main\n', owner=(0, 0))
    config = {k: v for k, v in config.items() if v}
    if own:
        entrypoint, variables, more, gone, _ = own
        config['Labels'] = {**config['Labels'], 'blubber.variant': fact.variant}
        config['Entrypoint'] = entrypoint
        config['Env'] = config.get('Env', []) + variables
        paths = {**{p: e for p, e in paths.items() if p not in gone}, **more}
    return {k: v for k, v in config.items() if v}, paths, whole


# ---- where ours differ on purpose


class Difference(NamedTuple):
    facts: str  # patterns of ids
    builders: str  # patterns of names of builders
    what: str  # a pattern of the whole line of difference
    why: str


DIFFERENCES = [
    Difference(
        'f0* f1* f2* f3* f5* f6*',
        '*',
        f'Env PATH: {DEFAULT_PATH[5:]}, not None',
        'sections 10 and 17, measured: the base has no PATH, as the one that upstream was recorded on had none, and every '
        'builder of Dockerfiles then sets one',
    ),
    Difference(
        'f05',
        'classic',
        '/srv/app/.dockerignore: file 644 65533:65533 *, not file 644 65533:65533 *',
        'section 10, builder options: with a Dockerfile on standard input the docker client itself sends a .dockerignore to '
        'which it has added names; f05 is about what the file keeps away',
    ),
    *(
        Difference(
            'f14',
            builders,
            f'{path}: directory 755 {owner}, not None',
            'section 10, runs.in: WORKDIR creates the directory, where v1.8.0 only records it; its owner is the builder\'s affair',
        )
        for builders, owner in (('classic', '0:0'), ('embedded buildkit', '900:900'), ('buildah', '900:900'))
        for path in ('/some', '/some/other', '/some/other/directory')
    ),
    *(
        Difference(
            'f30 f31',
            '*',
            f'Env {name}: None, not /usr/local/share/machine-ca.crt',
            'corpus, README: a variable of the base image that upstream was recorded on, which let it reach a package registry',
        )
        for name in ('NODE_EXTRA_CA_CERTS', 'PIP_CERT', 'SSL_CERT_FILE')
    ),
    *(
        Difference('f36', '*', what, "section 10, SOURCE_DATE_EPOCH: ours has no clock; npm's logs have the time as their name")
        for what in (
            '/home/somebody/.npm/_logs/*-debug-0.log: None, not file 644 65533:65533 *',
            '/home/somebody/.npm/_logs/*-debug-0.log: file 644 65533:65533 *, not None',
        )
    ),
    Difference(
        'kit-f26',
        'embedded',
        '/srv/app/dist: directory 755 0:0, not None',
        'section 10, mounts: the BuildKit of dockerd 20.10 leaves the empty folder that it mounted on',
    ),
    Difference(
        'kit-mount-of-root',
        'embedded',
        '/opt/m: directory 755 0:0, not None',
        'section 10, mounts: the BuildKit of dockerd 20.10 leaves the empty folder that it mounted on',
    ),
    *(
        Difference('kit-mount-over', builder, line, 'section 10, caches: ' + why)
        for builder, line, why in (
            (
                'embedded',
                '/new/cache: directory 755 0:0, not None',
                'the BuildKit of dockerd 20.10 leaves the empty folder that it mounted on',
            ),
            (
                'embedded',
                '/srv/app/-rf: directory 755 0:0, not None',
                'the BuildKit of dockerd 20.10 leaves the empty folder that it mounted on',
            ),
            (
                'buildkit',
                '/new: None, not directory 755 0:0',
                'the folder above a new cache is made and stays; BuildKit 0.25 removes what it made',
            ),
        )
    ),
    Difference(
        'kit-f27',
        'podman',
        '/srv/app: None, not directory 755 65533:65533',
        'section 10, mounts: this form is for BuildKit; podman 4.3 removes the empty folder that it mounted on',
    ),
    Difference(
        'kit-f27',
        'buildah',
        '/srv/app: directory 755 900:900, not directory 755 65533:65533',
        'section 10, mounts: this form is for BuildKit; buildah 1.28 removes the empty folder that it mounted on, and the '
        'last user gets a new one as the working directory',
    ),
    Difference(
        'f29 f62',
        'embedded buildkit',
        'WorkingDir: "/", not null',
        'builders, table 4: BuildKit gives an image from scratch the working directory that it has anyway',
    ),
]


def differences(fact, image, base, version, mirror):
    """The lines of difference between an image and what is expected of it."""
    config, paths, whole = record(fact, mirror)
    lines = []
    wanted = {k: config.get(k) for k in image.config}
    wanted['Labels'] = {**(wanted['Labels'] or {}), 'blubber.version': version}
    if not wanted['Entrypoint'] and fact.id not in SCRATCH and not wanted['Cmd']:
        wanted['Cmd'] = base.config['Cmd']  # the base that upstream's images were recorded on had none
    if fact.id not in SCRATCH:
        wanted['Env'] = [*(wanted['Env'] or []), 'SLIPWAY_BASE=base']
    for key in ('Cmd', 'Entrypoint', 'ExposedPorts', 'StopSignal', 'User', 'Volumes', 'WorkingDir'):
        if wanted[key] != image.config[key]:
            lines.append(f'{key}: {json.dumps(image.config[key])}, not {json.dumps(wanted[key])}')
    for key, entries in (('Env', lambda c: dict(e.split('=', 1) for e in c['Env'] or [])), ('Labels', lambda c: c['Labels'] or {})):
        ours, theirs = entries(image.config), entries(wanted)
        for name in sorted(ours | theirs):
            if ours.get(name) != theirs.get(name):
                lines.append(f'{key} {name}: {ours.get(name)}, not {theirs.get(name)}')
    from_scratch = fact.id in SCRATCH
    under = {'/': base.tree['/']} if from_scratch else base.tree
    changed = {p: e for p, e in image.tree.items() if seen(p) and under.get(p) != e}
    for path in sorted(p for p in under if seen(p) and p not in image.tree):
        lines.append(f'{path}: gone from the base image')
    if paths is not None:
        if not whole:
            changed = {p: e for p, e in changed.items() if p.startswith(LISTED)}
            paths = {p: e for p, e in paths.items() if p.startswith(LISTED)}
        for path in sorted(changed.keys() | paths.keys()):
            if changed.get(path) != paths.get(path):
                lines.append(f'{path}: {changed.get(path)}, not {paths.get(path)}')
    return lines


_used = set()


def unexplained(case, builder, lines):
    """Those of the lines that no row of DIFFERENCES explains."""
    left = []
    for line in lines:
        for i, row in enumerate(DIFFERENCES):
            if (
                any(fnmatch.fnmatchcase(case, f) for f in row.facts.split())
                and fnmatch.fnmatchcase(line, row.what)
                and any(fnmatch.fnmatchcase(builder, b) for b in row.builders.split())
            ):
                _used.add(i)
                break
        else:
            left.append(line)
    return left


def unused(built):
    """Rows of DIFFERENCES that explained nothing although what they are about was built: pairs of case and builder."""

    def is_about(row, case, builder):
        return any(fnmatch.fnmatchcase(case, f) for f in row.facts.split()) and any(
            fnmatch.fnmatchcase(builder, b) for b in row.builders.split()
        )

    return [row for i, row in enumerate(DIFFERENCES) if i not in _used and any(is_about(row, *pair) for pair in built)]


def unlike(image, other):
    """The lines of difference between two images."""
    lines = [
        f'{k}: {json.dumps(image.config[k])}, not {json.dumps(other.config[k])}' for k in image.config if image.config[k] != other.config[k]
    ]
    return lines + [
        f'{p}: {image.tree.get(p)}, not {other.tree.get(p)}'
        for p in sorted(image.tree.keys() | other.tree.keys())
        if seen(p) and image.tree.get(p) != other.tree.get(p)
    ]
