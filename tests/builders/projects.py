# SPDX-License-Identifier: Apache-2.0
"""Whole images: packages from an archive of the test, and projects whose installers fetch from a registry, built and run."""

import hashlib
import os
import re
import shutil

import facts
from case import CHROOT, KIT, Case, config_of, on, plain_modes, text_file

# ---- an archive of packages with a key of its own, and one that only a proxy knows


def sources(scratch, server, whole):
    context = os.path.join(scratch, 'features/ctx')

    def config(key, url, **more):
        sources = [
            {'url': url + '/debian', 'distribution': d, 'components': ['main'], 'signed-by': key} for d in ('probe', 'probe-backports')
        ]
        return config_of(
            {'apt': {'sources': sources, 'packages': {'default': ['slipway-plain'], 'probe-backports': ['slipway-probe']}, **more}}
        )

    def installed(name, version):
        return text_file(f'/usr/share/slipway-test/{name}', version + '\n', owner=(0, 0))

    packages = (installed('slipway-plain', '1.0'), installed('slipway-probe', '2.0~bpo12+1'))
    name = hashlib.sha256(server.key.encode()).hexdigest()
    yield Case(
        'signed-source',
        config(server.key, server.url),
        'it',
        context,
        on('classic', 'embedded', *(('buildkit', *CHROOT) if whole else ())),
        network='host',
        group='sources',
        checks=(*packages, text_file(f'/etc/apt/keyrings/{name}.asc', server.key, owner=(0, 0))),
    )
    yield Case(
        'signed-source-other-key',
        config(server.other_key, server.url),
        'it',
        context,
        on('classic'),
        network='host',
        group='sources',
        refused='NO_PUBKEY',
    )
    # The host exists for the proxy alone.
    yield Case(
        'proxy',
        config(server.key, 'http://archive.slipway.invalid', proxies=[{'url': server.url, 'source': 'http://archive.slipway.invalid'}]),
        'it',
        context,
        on('classic', *(KIT if whole else ())),
        network='host',
        group='sources',
        checks=(*packages, ('no proxy is left', lambda i: not any('prox' in p for p in i.tree if p.startswith('/etc/apt')))),
    )


# ---- whole projects, whose installers fetch from a registry, built and run


def _manual_examples():
    with open(os.path.join(facts.HERE, '../../man/blubber.yaml.5'), encoding='utf-8') as file:
        examples = file.read().split('.Sh EXAMPLES')[1].split('.Sh ')[0]
    return [block.replace('\\e', '\\') for block in re.findall(r'(?ms)^\.Bd -literal[^\n]*\n(.*?)^\.Ed$', examples)]


def projects(scratch, server):
    source = os.path.join(facts.DATA, 'projects')
    target = os.path.join(scratch, 'projects')
    shutil.copytree(source, target)
    plain_modes(target)
    python, poetry, npm, php, c = (os.path.join(target, p) for p in ('python', 'poetry', 'npm', 'php', 'man'))
    apt = {'packages': ['python3-venv']}

    def said(version, dev):
        return [], [], 0, f'idna {version} in /opt/lib/venv, {dev} the group dev\n'

    def service(installer, requirements, **more):
        return {
            'apt': apt,
            'python': {'version': 'python3', **installer, 'requirements': requirements},
            'copies': ['local'],
            'entrypoint': ['python3', '-m', 'service'],
            **more,
        }

    lock = [{'from': 'local', 'source': 'pyproject.toml'}, {'from': 'unlocked', 'source': 'uv.lock', 'destination': 'uv.lock'}]
    uv = {'uv': {'version': '>=0.5'}}
    config = config_of(
        {
            'unlocked': service(uv, ['pyproject.toml']),
            'it': service(uv, lock),
            'devel': service({'uv': {'version': '>=0.5', 'devel': True}}, lock),
            'stale': service(uv, [{'from': 'local', 'source': 'other.toml', 'destination': 'pyproject.toml'}, lock[1]]),
            'pip': service({'no-deps': True}, ['requirements.txt']),
        }
    )
    locked = ('the lock file is the lives user\'s', lambda i: i.tree['/srv/app/uv.lock'].uid == 65533)
    no_cache = ('no cache is left', lambda i: not any('/.cache/uv' in p for p in i.tree))
    for name, variant, more in (
        ('uv', 'unlocked', {'run': said('3.10', 'without'), 'checks': (locked, no_cache)}),
        ('uv-locked', 'it', {'run': said('3.10', 'without'), 'checks': (locked, no_cache)}),
        ('uv-devel', 'devel', {'run': said('3.10', 'with')}),
        ('uv-stale', 'stale', {'refused': 'lockfile'}),
        ('pip', 'pip', {'run': said('3.10', 'without')}),
    ):
        yield Case(name, config, variant, python, on('whole' if 'refused' in more else 'classic'), group='python', **more)

    # poetry asks an index for what not every mirror of one has, and takes no certificates from a file: its packages are ours.
    with open(os.path.join(poetry, 'pyproject.toml'), encoding='utf-8') as file:
        text = file.read().replace('SERVED', server.url)
    with open(os.path.join(poetry, 'pyproject.toml'), 'w', encoding='utf-8') as file:
        file.write(text)
    config = config_of(
        {
            'only': service({'poetry': {'version': '==2.0.1', 'only': 'main'}}, ['pyproject.toml']),
            'it': service({'poetry': {'version': '==2.0.1', 'devel': True}}, ['pyproject.toml']),
        }
    )
    for name, variant, dev in (('poetry', 'only', 'without'), ('poetry-devel', 'it', 'with')):
        yield Case(
            name,
            config,
            variant,
            poetry,
            on('classic'),
            group='python',
            network='host',
            run=([], [], 0, f'slipway_dep 1.0 in /opt/lib/venv, {dev} the group dev\n'),
        )

    for name, node, wanted in (
        ('npm', {}, 'is-number true, with is-odd, NODE_ENV '),
        ('npm-ci', {'use-npm-ci': True, 'env': 'production'}, 'is-number true, without is-odd, NODE_ENV production'),
    ):
        yield Case(
            name,
            config_of(
                {
                    'apt': {'packages': ['npm']},
                    'node': {'requirements': ['package.json', 'package-lock.json'], **node},
                    'copies': ['local'],
                    'entrypoint': ['node', 'server.js'],
                }
            ),
            'it',
            npm,
            on('classic'),
            group='npm',
            run=([], [], 0, wanted + '\n'),
        )
    yield Case(
        'php',
        config_of(
            {
                'apt': {'packages': ['composer']},
                'php': {'requirements': ['composer.json', 'src/'], 'production': True},
                'copies': ['local'],
                'entrypoint': ['php', 'main.php'],
            }
        ),
        'it',
        php,
        on('whole'),
        group='php',
        run=([], [], 0, 'autoloaded\n'),
    )

    # The examples of the manual, as they stand there.
    [_, example_uv, example_c] = _manual_examples()
    yield Case(
        'manual-uv',
        example_uv.replace('debian:bookworm-slim', 'debian:bookworm').replace(', uv.lock', ''),
        'production',
        python,
        on('whole'),
        run=said('3.10', 'without'),
    )
    yield Case(
        'manual-c',
        example_c,
        'production',
        c,
        on('whole'),
        run=([], [], 0, 'hi\n'),
        checks=(('one file', lambda i: set(i.tree) - {'/'} == {'/prog'}),),
    )
