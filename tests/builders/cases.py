# SPDX-License-Identifier: Apache-2.0
"""What is built, and by which builders."""

import os
import shutil

import facts
import sentences
from case import CHROOT, KIT, Case, config_of, everywhere, on, plain_modes, text_file
from projects import projects, sources
from traps import traps

APT = {
    'f15': 'gcc',
    'f19': 'gcc',
    'f20': 'gcc',
    'f16': 'git',
    'f21': 'make',
    'f37': 'make',
    'f38': 'make',
    'f30': 'python',
    'f31': 'python-system',
    'f36': 'npm',
}

LONG = ['npm', 'python', 'python-system', 'gcc', 'git', 'make']  # groups by how long they take, longest first


def _context(scratch):
    """A copy with the modes that the recording had, whatever umask the sources were checked out with."""
    target = os.path.join(scratch, 'features')
    shutil.copytree(os.path.join(facts.DATA, 'features'), target)
    plain_modes(target)
    os.chmod(os.path.join(target, 'ctx/hello.sh'), 0o755)
    return target


def _builds(fact, whole):
    """Which builders build a fact. An installation of packages is the same command for all of them, so each is only shown to
    get it done."""
    if fact not in APT or whole:
        return everywhere
    return on('classic', *(KIT if APT[fact] == 'make' else ()), *(('buildah',) if fact == 'f37' else ()))


def _facts(contexts, whole):
    def differences(case, builder, image, base, version, mirror):
        fact = all_facts[case.id]
        return facts.unexplained(case.id, builder, facts.differences(fact, image, base, version, mirror))

    all_facts = {i: f for i, f in facts.all_facts().items() if f.kind == 'image'}
    for fact in all_facts.values():
        with open(os.path.join(facts.DATA, fact.config), encoding='utf-8') as file:
            config = file.read()
        yield Case(
            fact.id,
            config,
            fact.variant,
            os.path.join(contexts, fact.context),
            _builds(fact.id, whole),
            fact.args,
            group=APT.get(fact.id, ''),
            differences=differences,
            checks=tuple(sentences.CHECKS.get(fact.id, ())),
            run=sentences.RUNS.get(fact.id),
        )


# ---- the form for BuildKit gives what the classic one gives


def _buildkit_forms(cases, scratch):
    # A cache lasts from one build to the next, and is not in the image. Its name is of this run.
    config = config_of(
        {
            'arguments': {'TIME': 'none'},
            'builder': {
                'command': 'echo $TIME >>/cache/log && cp /cache/log seen',
                'caches': [{'destination': '/cache', 'id': os.path.basename(scratch)}],
            },
        }
    )
    for time, seen in (('first', 'first\n'), ('second', 'first\nsecond\n')):
        yield Case(
            f'kit-cache-{time}',
            config,
            'it',
            os.path.join(scratch, 'features/ctx'),
            on(*KIT, 'buildah'),
            ('--build-arg', f'TIME={time}'),
            form='buildkit',
            group='kit-cache',
            checks=(text_file('/srv/app/seen', seen), ('the cache is not in it', lambda i: '/cache/log' not in i.tree)),
        )
    kit = on(*KIT, *CHROOT)
    # buildah 1.28 takes this one's mounts away together with the whole root of its container, and then finds no /bin/sh.
    only_kit = {'mount-over'}
    for case in cases:
        if case.id in ('f08', 'f22', 'f24', 'f25', 'f26', 'f27', 'f57', 'heredoc', 'long-lines', 'mount-of-root', 'mount-over'):
            yield case._replace(
                id='kit-' + case.id,
                form='buildkit',
                builders=lambda name, c=case: (on(*KIT) if c.id in only_kit else kit)(name) and c.builders(name),
                differences=None,
                checks=(),
                run=None,
                like=case.id,
            )
        if case.id in ('f06', 'f07', 'f23', 'exclude'):
            # COPY --exclude: a builder that has none must say so, not copy everything.
            yield case._replace(id='kit-' + case.id, form='buildkit', builders=on('buildkit'), differences=None, checks=(), like=case.id)
            yield case._replace(
                id='kit-' + case.id, form='buildkit', builders=on('embedded', *CHROOT), differences=None, checks=(), refused='exclude'
            )


# podman builds with buildah's code, so only what its other defaults (a layer and a look into the cache at each step) could
# change: stages, helper stages, users, mounts, caches, scratch, and the traps of that code.
PODMAN = (
    'f01',
    'f07',
    'f12',
    'f14',
    'f22',
    'f24',
    'f26',
    'f27',
    'f29',
    'f60',
    'long-lines',
    'heredoc',
    'mount-of-root',
    'kit-f24',
    'kit-f26',
)
KANIKO = ('f12', 'f22', 'long-lines', 'heredoc', 'values')
KANIKO_WHOLE = (*KANIKO, 'f05', 'f08', 'f24', 'f26', 'f27', 'f29', 'argument-env', 'names', 'mount-of-root', 'mount-over')


def everything(scratch, server, whole):
    """All cases, by their builders; `whole`: podman builds all of them, too."""
    contexts = _context(scratch)
    classic = [*_facts(contexts, whole), *traps(scratch, whole)]
    cases = [*classic, *_buildkit_forms(classic, scratch), *sources(scratch, server, whole), *projects(scratch, server)]
    # kaniko unpacks and looks through the whole base image for each build, which takes it ten times as long as the others.
    cases = [
        c._replace(builders=lambda name, c=c: c.builders(name) and (name != 'kaniko' or c.id in (KANIKO_WHOLE if whole else KANIKO)))
        for c in cases
    ]
    if whole:  # what classic builds only then, too
        return [c._replace(builders=lambda name, c=c: c.builders(name) or name == 'classic' and c.builders('whole')) for c in cases]
    return [c._replace(builders=lambda name, c=c: c.builders(name) and (name != 'podman' or c.id in PODMAN)) for c in cases]
