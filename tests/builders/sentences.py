# SPDX-License-Identifier: Apache-2.0
"""What each fact says of its own, beside the comparison with upstream's image."""

from facts import file


def _owner(image, uid, gid, *paths):
    return all((image.tree[p].uid, image.tree[p].gid) == (uid, gid) for p in paths)


def _below(image, folder):
    return {p[len(folder) + 1 :] for p in image.tree if p.startswith(folder + '/')}


def _env(image):
    return dict(e.split('=', 1) for e in image.config['Env'])


def _is(image, path, entry):
    return image.tree.get(path) == entry


CHECKS = {
    'f01': [
        ('README.md and hello.sh are the lives user\'s', lambda i: _owner(i, 65533, 65533, '/srv/app/README.md', '/srv/app/hello.sh')),
        ('runtime user 900', lambda i: i.config['User'] == '900'),
        ('the entrypoint is exactly that', lambda i: i.config['Entrypoint'] == ['./hello.sh']),
        ('no Cmd is left from the base', lambda i: i.config['Cmd'] is None),
    ],
    'f04': [
        ('label of the variant', lambda i: i.config['Labels']['blubber.variant'] == 'hello'),
        ('a version', lambda i: i.config['Labels']['blubber.version'] != ''),
    ],
    'f05': [('hello.sh without README.md', lambda i: _below(i, '/srv/app') == {'.dockerignore', 'hello.sh'})],
    'f06': [
        (
            'README.md alone is left out',
            lambda i: {'hello.sh', 'sub/notes.md'} < _below(i, '/srv/app') and 'README.md' not in _below(i, '/srv/app'),
        )
    ],
    'f07': [
        ('no .md file', lambda i: not any(p.endswith('.md') for p in _below(i, '/srv/app'))),
        ('sub is there', lambda i: '/srv/app/sub' in i.tree),
    ],
    'f08': [('hello.sh and nothing else', lambda i: _below(i, '/srv/app') == {'hello.sh'})],
    'f09': [('label of the variant', lambda i: i.config['Labels']['blubber.variant'] == 'hey')],
    'f10': [
        (
            'all is appowner\'s',
            lambda i: _owner(i, 1234, 1235, '/usr/local/app', *('/usr/local/app/' + p for p in _below(i, '/usr/local/app'))),
        ),
        ('files are there', lambda i: 'hello.sh' in _below(i, '/usr/local/app')),
        ('working directory', lambda i: i.config['WorkingDir'] == '/usr/local/app'),
    ],
    'f11': [('runtime user', lambda i: i.config['User'] == '4321'), ('HOME', lambda i: _env(i)['HOME'] == '/home/apprunner')],
    'f12': [('runtime user', lambda i: i.config['User'] == '1234'), ('HOME', lambda i: _env(i)['HOME'] == '/home/somebody')],
    'f13': [('environment', lambda i: (_env(i)['FOO'], _env(i)['BAZ']) == ('bar', 'qux'))],
    'f14': [
        ('working directory', lambda i: i.config['WorkingDir'] == '/some/other/directory'),
        ('files are in /srv/app', lambda i: '/srv/app/hello.sh' in i.tree),
    ],
    'f15': [('gcc', lambda i: '/usr/bin/gcc' in i.tree), ('no package lists', lambda i: not _below(i, '/var/lib/apt/lists'))],
    'f16': [
        ('git', lambda i: '/usr/bin/git' in i.tree),
        ('the sources remain', lambda i: '/etc/apt/sources.list.d/99blubber.list' in i.tree),
    ],
    'f19': [('hello is the lives user\'s', lambda i: _owner(i, 65533, 65533, '/srv/app/hello'))],
    'f20': [('hello is there', lambda i: '/srv/app/hello' in i.tree)],
    'f21': [('foo and bar', lambda i: {'foo', 'bar'} <= _below(i, '/srv/app'))],
    'f22': [('two lines', lambda i: _is(i, '/out', file('one 100%\ntwo 100%\n'))), ('no script is left', lambda i: not _below(i, '/tmp'))],
    'f23': [('without README.md', lambda i: 'main.c' in _below(i, '/srv/app') and 'README.md' not in _below(i, '/srv/app'))],
    'f24': [('made is there', lambda i: '/srv/app/made' in i.tree), ('the cache is empty', lambda i: not _below(i, '/var/cache/x'))],
    'f25': [('bundle', lambda i: _is(i, '/usr/bin/bundle', file('css\n')))],
    'f26': [('the mount is gone', lambda i: _below(i, '/srv/app') == {'bundle'})],
    'f27': [('kept, without the context', lambda i: '/opt/lib/kept' in i.tree and not _below(i, '/srv/app'))],
    'f29': [('one file and no user', lambda i: set(i.tree) - {'/'} == {'/prog'} and i.config['User'] is None)],
    'f36': [('NODE_ENV is set and empty', lambda i: _env(i).get('NODE_ENV') == '')],
    'f37': [('bar without foo', lambda i: 'bar' in _below(i, '/srv/app') and 'foo' not in _below(i, '/srv/app'))],
    'f38': [('foo', lambda i: 'foo' in _below(i, '/srv/app')), ('the argument is no variable', lambda i: 'MAKE_TARGET' not in _env(i))],
    'f57': [('exactly those three strings', lambda i: i.config['Entrypoint'] == ['/bin/echo', '\a\x1b\u00e9', '$HOME'])],
    'f62': [('one file', lambda i: set(i.tree) - {'/'} == {'/main.c'})],
}

# What running the image must give: (options, arguments, status, a pattern of what it prints).
RUNS = {
    'f01': ([], [], 0, 'hi from runuser\n'),
    'f02': ([], [], 0, 'hi from runuser\n'),
    'f03': (
        ['--entrypoint', 'sh'],
        ['-c', 'getent passwd somebody runuser | cut -d: -f1,3,4; getent group 65533 900 | cut -d: -f1,3'],
        0,
        'somebody:65533:65533\nrunuser:900:900\nsomebody:65533\nrunuser:900\n',
    ),
    'f10': (
        ['--entrypoint', 'sh'],
        ['-c', 'getent passwd 1234 | cut -d: -f1,3,4; getent group 1235 | cut -d: -f1'],
        0,
        'appowner:1234:1235\nappowner\n',
    ),
    'f11': (
        ['--entrypoint', 'sh'],
        ['-c', 'getent passwd 4321 | cut -d: -f1,3,4; getent group 4320 | cut -d: -f1'],
        0,
        'apprunner:4321:4320\napprunner\n',
    ),
    # The backports had a git when the fact was written and have none now; that a release is asked for, and taken, is shown by
    # the case signed-source, whose packages are the test's own.
    'f16': (['--entrypoint', 'git'], ['--version'], 0, 'git version *\n'),
    'f19': ([], [], 0, 'hi\n'),
    'f30': ([], [], 0, ''),
    'f31': ([], [], 0, ''),
    'f36': ([], [], 0, 'v*\n'),
}
