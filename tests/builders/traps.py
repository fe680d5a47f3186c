# SPDX-License-Identifier: Apache-2.0
"""What the builders were measured to do differently, or silently wrong: each on the real one."""

import os

import facts
from case import CHROOT, CLASSIC, KIT, Case, config_of, env, everywhere, on, plain_modes, text_file


def traps(scratch, whole):
    context = os.path.join(scratch, 'features/ctx')

    # A line of 65,536 bytes: buildah and podman drop it and the rest of the file, and end with 0; others refuse it.
    words = ' '.join(f'w{n:06}' for n in range(8600))  # 68,799 bytes
    blanks = f'{"x " * 40000}#{" #" * 3000}'  # places where a cut line would begin with # and be a comment
    arguments = [f'{n}-' + 'a' * 30_000 for n in range(4)]
    long_value = 'v' * 66_000 + ' "q" \\ end'
    yield Case(
        'long-lines',
        config_of(
            {
                'runs': {'environment': {'LONG': long_value}},
                'builders': [
                    {'custom': {'command': f'echo {words} > words'}},
                    {'custom': {'command': ['printf %s > arguments', *arguments]}},
                    {'custom': {'command': f"printf %s '{blanks}' > blanks"}},
                    {'custom': {'script': '#!/bin/sh\n' + ''.join(f': {n:060}\n' for n in range(1200)) + 'echo end > script\n'}},
                ],
                'entrypoint': ['/bin/echo', words, 'last'],
            }
        ),
        'it',
        context,
        everywhere,
        checks=(
            text_file('/srv/app/words', words + '\n'),
            text_file('/srv/app/arguments', ''.join(arguments)),
            text_file('/srv/app/blanks', blanks),
            text_file('/srv/app/script', 'end\n'),
            ('the variable is whole', lambda i: env(i)['LONG'] == long_value),
            ('the entrypoint is whole', lambda i: i.config['Entrypoint'] == ['/bin/echo', words, 'last']),
            ('the label, the last line, is there', lambda i: i.config['Labels']['blubber.variant'] == 'it'),
        ),
    )

    # An ARG against an ENV: of the base image the later one wins in BuildKit, the ENV elsewhere; an ENV that comes later in
    # the same stage wins everywhere. blubber.yaml(5) says so.
    argument = config_of(
        {
            'arguments': {'SLIPWAY_BASE': 'argument', 'LATER': 'argument', 'ONLY': 'argument'},
            'runs': {'environment': {'LATER': 'variable'}},
            'builder': {'command': 'echo "$SLIPWAY_BASE $LATER $ONLY" > said'},
        }
    )
    kept = (
        'the variables of the image are those of base and configuration',
        lambda i: (env(i)['SLIPWAY_BASE'], env(i)['LATER'], env(i).get('ONLY')) == ('base', 'variable', None),
    )
    for suffix, args, value, only in (
        ('', (), 'argument', 'argument'),
        ('-given', ('--build-arg', 'SLIPWAY_BASE=given', '--build-arg', 'ONLY=given'), 'given', 'given'),
    ):
        yield Case(
            'argument-env' + suffix,
            argument,
            'it',
            context,
            on(*CLASSIC, *CHROOT),
            args,
            checks=(kept, text_file('/srv/app/said', f'base variable {only}\n')),
        )
        yield Case(
            'argument-kit' + suffix,
            argument,
            'it',
            context,
            on(*KIT),
            args,
            checks=(kept, text_file('/srv/app/said', f'{value} variable {only}\n')),
        )

    # A text with <<WORD: newer BuildKit and kaniko take the lines after it for its body.
    yield Case(
        'heredoc',
        config_of(
            {
                'builders': [
                    {'custom': {'command': 'cat <<EOX >one; echo after >two'}},
                    {'custom': {'command': 'cat <<EOX >three\nline $HOME\nEOX\necho end >>three\n'}},
                    {'custom': {'command': ['cat <<-EOX >four; echo', 'after', '>five']}},
                    {'custom': {'command': 'echo $((1<<4)) >six'}},
                    {'custom': {'script': '#!/bin/sh\ncat <<EOX >seven\nUSER root\nEOX\n'}},
                ],
                'entrypoint': ['echo', '<<EOX'],
            }
        ),
        'it',
        context,
        everywhere,
        checks=(
            text_file('/srv/app/one', ''),
            text_file('/srv/app/two', 'after\n'),
            text_file('/srv/app/three', 'line /home/somebody\nend\n'),
            text_file('/srv/app/six', '16\n'),
            text_file('/srv/app/seven', 'USER root\n'),
            ('the entrypoint is exact', lambda i: i.config['Entrypoint'] == ['echo', '<<EOX']),
            ('the user is not root', lambda i: i.config['User'] == '900'),
        ),
    )

    # Instructions in a text stay text.
    yield Case(
        'no-instruction',
        config_of(
            {
                'builders': [
                    {'custom': {'command': 'true\n# USER root\necho b >two \\\n  c\n'}},
                    {'custom': {'command': ['echo >three', 'x\nUSER root\nRUN touch /pwned', '\\']}},
                ]
            }
        ),
        'it',
        context,
        everywhere,
        checks=(
            text_file('/srv/app/two', 'b c\n'),
            ('nothing else ran', lambda i: '/pwned' not in i.tree),
            text_file('/srv/app/three', 'x\nUSER root\nRUN touch /pwned \\\n'),
            ('the user is not root', lambda i: i.config['User'] == '900'),
        ),
    )

    # As the lives user `rm -rf` of a mount fails in every builder when the folder above it is root's.
    assets = {'lives': {'in': '/src'}, 'builder': {'command': 'mkdir -p dist/deep && echo css > dist/a.css && echo js > dist/deep/b.js'}}

    def mounting(mounts, command, **more):
        return config_of({'assets': assets, 'it': {'builder': {'command': command, 'mounts': mounts}, **more}})

    from_assets = {'from': 'assets', 'source': '/src/dist'}
    yield Case(
        'mount-of-root',
        mounting([{**from_assets, 'destination': '/opt/m'}], 'cat /opt/m/a.css /opt/m/deep/b.js > made'),
        'it',
        context,
        everywhere,
        checks=(text_file('/srv/app/made', 'css\njs\n'), ('the mount is gone', lambda i: not any(p.startswith('/opt/m') for p in i.tree))),
    )

    # A folder that is there already is hidden while something is mounted on it, and comes back whole.
    def untouched(*folders):
        def same(image, folder):
            inside = {p: e for p, e in image.tree.items() if p == folder or p.startswith(folder + '/')}
            return inside == {p: e for p, e in image.base.items() if p == folder or p.startswith(folder + '/')}

        return tuple((f'{f} is as in the base image', lambda i, f=f: same(i, f)) for f in folders)

    over = config_of(
        {
            'assets': assets,
            'it': {
                'runs': {'environment': {'WHERE': '/var/lib/misc'}},
                'builders': [
                    {'custom': {'command': 'mkdir dist && echo old > dist/a.css'}},
                    {
                        'custom': {
                            'command': 'ls /etc/apt /opt/lib dist > listed && cat /etc/apt/a.css dist/a.css > made && touch /tmp/t /var/cache/apt/c $WHERE/w ./-rf/r && '
                            'ls -A ./-rf /tmp /var/cache/apt $WHERE > cached',
                            'mounts': [
                                {**from_assets, 'destination': '/etc/apt'},
                                {**from_assets, 'destination': '/opt/lib/'},
                                {**from_assets, 'destination': 'dist'},
                            ],
                            'caches': ['/tmp', '/var/cache/apt/', '$WHERE', '/new/cache', '-rf'],
                        }
                    },
                    {'custom': {'command': 'cat dist/a.css > later'}},
                ],
            },
        }
    )
    yield Case(
        'mount-over',
        over,
        'it',
        context,
        everywhere,
        checks=(
            text_file('/srv/app/listed', '/etc/apt:\na.css\ndeep\n\n/opt/lib:\na.css\ndeep\n\ndist:\na.css\ndeep\n'),
            text_file('/srv/app/made', 'css\ncss\n'),
            text_file('/srv/app/later', 'old\n'),
            text_file('/srv/app/cached', './-rf:\nr\n\n/tmp:\nt\n\n/var/cache/apt:\nc\n\n/var/lib/misc:\nw\n'),
            *untouched('/etc/apt', '/tmp', '/var/cache/apt', '/var/lib/misc'),
            (
                '/opt/lib is the lives user\'s, and empty',
                lambda i: i.tree['/opt/lib'].uid == 65533 and not any(p.startswith('/opt/lib/') for p in i.tree),
            ),
            ('nothing is left aside', lambda i: not any('blubber' in p for p in i.tree)),
        ),
    )

    # Values with every character that some parser on the way might take for its own.
    hard = {
        'QUOTE': 'a "b" c',
        'SINGLE': "it's",
        'BACK': 'a\\b\\',
        'HASH': '# no comment',
        'PERCENT': '100%s',
        'TICK': '`id`',
        'EMPTY': '',
        'BRACE': '{a,b}',
        'UTF': '\u00e9\u4e2d\U0001f600',
        'KNOWN': '$HOME/x',
        'BLANKS': '  two  ',
    }
    wanted = {**hard, 'KNOWN': '/home/somebody/x'}
    yield Case(
        'values',
        config_of(
            {
                'runs': {'environment': hard},
                'arguments': {'ARG_VALUE': 'a "b" $HOME \\ `id`'},
                'builder': {
                    'command': 'printf %s "$ARG_VALUE" > argument; env -0 | sort -z | grep -z -e ^BACK= -e ^TICK= | tr \'\\0\' \'\\n\' > seen'
                },
                'entrypoint': ['/bin/echo', '$HOME', '"', "'", '\\', '\u0007', '<&>', '\u2028'],
            }
        ),
        'it',
        context,
        everywhere,
        options=('--label', 'note=a "b" $HOME \\ \'c\' # d'),
        checks=(
            ('variables', lambda i: {k: v for k, v in env(i).items() if k in wanted} == wanted),
            ('label', lambda i: i.config['Labels']['note'] == 'a "b" $HOME \\ \'c\' # d'),
            ('entrypoint', lambda i: i.config['Entrypoint'] == ['/bin/echo', '$HOME', '"', "'", '\\', '\a', '<&>', '\u2028']),
            text_file('/srv/app/argument', 'a "b" $HOME \\ `id`'),
            text_file('/srv/app/seen', 'BACK=a\\b\\\nTICK=`id`\n'),
        ),
    )

    # Names of files that JSON, the word parser of COPY and the shell each read in their own way.
    odd = ['sp ace', 'do$llar', 'br${HOME}ace', 'dq"x', "sq'x", 'per%cent', 'ha#sh', '~tilde', '{cur,ly}', '\u00fcn\u00ef']
    folder = os.path.join(scratch, 'odd')
    os.makedirs(folder)
    for name in odd:
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
            file.write(name)
        os.chmod(os.path.join(folder, name), 0o644)
    yield Case(
        'names',
        config_of(
            {
                'first': {'copies': [{'from': 'local', 'source': n, 'destination': f'to {n}'} for n in odd]},
                'it': {'copies': [{'from': 'first', 'source': f'to {n}', 'destination': f'/opt/lib/{n}'} for n in odd]},
            }
        ),
        'it',
        folder,
        everywhere,
        checks=tuple(text_file(f'/opt/lib/{n}', n) for n in odd),
    )

    # Users by build argument: numbers that the configuration does not have.
    yield Case(
        'other-users',
        config_of({'copies': ['local'], 'builder': {'command': 'id -u > uid'}}),
        'it',
        context,
        everywhere,
        ('--build-arg', 'LIVES_UID=1500', '--build-arg', 'LIVES_GID=1501', '--build-arg', 'RUNS_UID=1600', '--build-arg', 'RUNS_GID=1601'),
        checks=(
            ('files are theirs', lambda i: (i.tree['/srv/app/hello.sh'].uid, i.tree['/srv/app/hello.sh'].gid) == (1500, 1501)),
            ('so is /opt/lib', lambda i: (i.tree['/opt/lib'].uid, i.tree['/opt/lib'].gid) == (1500, 1501)),
            ('the image runs as it', lambda i: i.config['User'] == '1600'),
            ('a home', lambda i: (i.tree['/home/runuser'].uid, i.tree['/home/runuser'].gid) == (1600, 1601)),
        ),
    )

    # An image, not a variant, to copy from, mount and require; and users whose numbers the base image has already.
    image = 'debian:bookworm'
    yield Case(
        'from-image',
        config_of(
            {
                'it': {
                    'lives': {'as': 'data', 'uid': 33, 'gid': 33},
                    'copies': [{'from': image, 'source': '/etc/debian_version', 'destination': '/opt/lib/version'}],
                    'builder': {
                        'requirements': [{'from': image, 'source': '/etc/debian_version', 'destination': 'here/'}],
                        'mounts': [{'from': image, 'source': '/etc/apt', 'destination': '/mnt/apt'}],
                        'command': 'ls /mnt/apt > listed && cat here/debian_version > copied && id -un > who',
                    },
                }
            }
        ),
        'it',
        context,
        everywhere,
        checks=(
            ('copied', lambda i: i.tree['/opt/lib/version'].data == i.base['/etc/debian_version'].data),
            ('required', lambda i: i.tree['/srv/app/copied'].data == i.base['/etc/debian_version'].data),
            text_file('/srv/app/who', 'www-data\n', owner=(33, 33)),
            ('all is theirs', lambda i: all((e.uid, e.gid) == (33, 33) for p, e in i.tree.items() if p.startswith('/srv/app'))),
            ('no second user of that number', lambda i: '/home/data' not in i.tree),
        ),
    )

    # What a failing command or script ends with is what the build ends with, whatever is to be cleaned up after it.
    for name, builder in (
        ('command', {'command': 'touch $C/x && exit 7', 'caches': ['$C']}),
        ('script', {'script': '#!/bin/sh\nexit 7\n', 'caches': ['$C']}),
        ('list', {'command': ['sh -c', 'exit 7'], 'mounts': [{'from': 'assets', 'source': '/src', 'destination': '/opt/m'}]}),
    ):
        yield Case(
            f'fails-{name}',
            config_of({'assets': assets, 'it': {'runs': {'environment': {'C': '/var/c'}}, 'builder': builder}}),
            'it',
            context,
            on('classic', 'embedded', 'buildah', 'buildkit'),
            refused='7',
        )

    # The platform: dockerd's classic builder and kaniko do not tell.
    told = config_of({'builder': {'command': 'echo "[$TARGETOS/$TARGETARCH]" > platform'}})
    architecture = {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(os.uname().machine, os.uname().machine)
    yield Case('platform-untold', told, 'it', context, on(*CLASSIC), checks=(text_file('/srv/app/platform', '[/]\n'),))
    yield Case('platform', told, 'it', context, on(*KIT, *CHROOT), checks=(text_file('/srv/app/platform', f'[linux/{architecture}]\n'),))

    # The program of the image as a step of its build.
    yield Case(
        'run-entrypoint',
        config_of(
            {
                'copies': ['local'],
                'runs': {'environment': {'SET': 'in the image'}},
                'entrypoint': ['/bin/sh', '-c', 'echo "$0 $1 $SET $(id -u)" > /tmp/ran'],
            }
        ),
        'it',
        context,
        everywhere,
        options=('--run-entrypoint', '--arg', 'a "b"', '--arg', '$HOME', '--env', 'SET=for this run'),
        checks=(
            text_file('/tmp/ran', 'a "b" $HOME for this run 900\n', owner=(900, 900)),
            ('but not in the image', lambda i: env(i)['SET'] == 'in the image'),
        ),
    )

    # Patterns: the commands of the classic form leave out what BuildKit's own COPY --exclude leaves out.
    tree = os.path.join(scratch, 'tree')
    for path in TREE:
        os.makedirs(os.path.join(tree, 'in', os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(tree, 'in', path), 'w', encoding='utf-8') as file:
            file.write(path)
    os.symlink('a.md', os.path.join(tree, 'in', 'link.md'))
    os.symlink('sub', os.path.join(tree, 'in', 'link'))
    plain_modes(tree)
    yield Case(
        'exclude',
        config_of(
            {'copies': [{'from': 'local', 'source': 'in/', 'destination': f'{n:02}/', 'exclude': e} for n, (e, _) in enumerate(patterns())]}
        ),
        'it',
        tree,
        on('embedded', 'buildkit', *(('classic', *CHROOT) if whole else ())),
        checks=tuple(
            (
                f'{" ".join(e)} leaves what it should',
                lambda i, n=n, left=left: {p[12:] for p in i.tree if p.startswith(f'/srv/app/{n:02}/')} == left,
            )
            for n, (e, left) in enumerate(patterns())
        ),
    )


TREE = (
    'a.md|b.txt|.hidden|sp ace.md|quo\'te|dq"x|back\\slash|star*|[x]|-n|sub/a.md|sub/b.txt|sub/.hidden|sub/deep/a.md'
    '|sub/deep/c|sub.md/x|node_modules/m/a.js|sub/node_modules/m/b.js|a|ab|abc|z/a/b|z/q/b|z/a/c|dollar$HOME'
).split('|')


def patterns():
    """[(patterns, what is left of the tree)], as BuildKit's own COPY --exclude was recorded to leave it."""
    with open(os.path.join(facts.DATA, 'exclude.tsv'), encoding='utf-8') as file:
        rows = [line.rstrip('\n').split('\t') for line in file][1:]
    return [(row[0].split('|'), set(row[1].split('|')) - {''}) for row in rows]
