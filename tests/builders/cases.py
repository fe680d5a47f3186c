# SPDX-License-Identifier: Apache-2.0
"""What is built, and by which builders."""
import json
import os
import shutil
from typing import Callable, NamedTuple

import facts


class Case(NamedTuple):
    id: str
    config: str           # the configuration; debian:bookworm in it becomes the base image of the run
    variant: str
    context: str          # the folder that is the build context
    builders: Callable    # name of a builder -> whether it builds this case
    args: tuple = ()      # for the builder
    form: str = 'classic'
    options: tuple = ()   # for blubber
    group: str = ''       # cases of one group are built one after another
    differences: Callable | None = None  # what is not as it must be; see facts.differences
    checks: tuple = ()    # (words, image -> whether it holds)
    like: str = ''        # another case that has to give the same image
    run: tuple | None = None  # see facts.RUNS
    refused: str = ''     # the builder has to refuse it, with this in what it says


APT = {'f15': 'gcc', 'f19': 'gcc', 'f20': 'gcc', 'f16': 'git', 'f21': 'make', 'f37': 'make', 'f38': 'make',
       'f30': 'python', 'f31': 'python-system', 'f36': 'npm'}

LONG = ['npm', 'python', 'python-system', 'gcc', 'git', 'make']  # groups by how long they take, longest first


def _context(scratch):
    """A copy with the modes that the recording had, whatever umask the sources were checked out with."""
    target = os.path.join(scratch, 'features')
    shutil.copytree(os.path.join(facts.DATA, 'features'), target)
    for folder, _, names in os.walk(target):
        os.chmod(folder, 0o755)
        for name in names:
            os.chmod(os.path.join(folder, name), 0o644)
    os.chmod(os.path.join(target, 'ctx/hello.sh'), 0o755)
    return target


def _facts(contexts):
    def differences(case, builder, image, base, version, mirror):
        fact = all_facts[case.id]
        return facts.unexplained(case.id, builder, facts.differences(fact, image, base, version, mirror))

    all_facts = {i: f for i, f in facts.all_facts().items() if f.kind == 'image'}
    for fact in all_facts.values():
        with open(os.path.join(facts.DATA, fact.config), encoding='utf-8') as file:
            config = file.read()
        yield Case(fact.id, config, fact.variant, os.path.join(contexts, fact.context), lambda name, i=fact.id: i not in APT or name == "classic",
                   fact.args, group=APT.get(fact.id, ''), differences=differences,
                   checks=tuple(facts.CHECKS.get(fact.id, ())), run=facts.RUNS.get(fact.id))



# ---- what the builders were measured to do differently, or silently wrong: each on the real one

CLASSIC, KIT, CHROOT = ('classic', 'kaniko'), ('embedded', 'buildkit'), ('buildah', 'podman')


def _config(variant, **common):
    """A configuration of one variant `it`, as JSON, which is YAML."""
    variants = variant if 'it' in variant else {'it': variant}
    return json.dumps({'version': 'v4', 'base': 'debian:bookworm', **common, 'variants': variants}, ensure_ascii=False)


def _env(image):
    return dict(e.split('=', 1) for e in image.config['Env'])


def _text(path, text, mode=0o644):
    return f'{path} is as written', lambda i: i.tree.get(path) == facts.file(text, mode)


def _on(*names):
    return lambda name: name in names


def _everywhere(name):
    return True


def _traps(scratch):
    context = os.path.join(scratch, 'features/ctx')

    # A line of 65,536 bytes: buildah and podman drop it and the rest of the file, and end with 0; others refuse it.
    words = ' '.join(f'w{n:06}' for n in range(8600))  # 68,799 bytes
    blanks = f'{"x " * 40000}#{" #" * 3000}'  # places where a cut line would begin with # and be a comment
    arguments = [f'{n}-' + 'a' * 30_000 for n in range(4)]
    long_value = 'v' * 66_000 + ' "q" \\ end'
    yield Case('long-lines', _config({
        'runs': {'environment': {'LONG': long_value}},
        'builders': [{'custom': {'command': f'echo {words} > words'}},
                     {'custom': {'command': ['printf %s > arguments', *arguments]}},
                     {'custom': {'command': f"printf %s '{blanks}' > blanks"}},
                     {'custom': {'script': '#!/bin/sh\n' + ''.join(f': {n:060}\n' for n in range(1200)) + 'echo end > script\n'}}],
        'entrypoint': ['/bin/echo', words, 'last']}), 'it', context, _everywhere,
        checks=(_text('/srv/app/words', words + '\n'), _text('/srv/app/arguments', ''.join(arguments)), _text('/srv/app/blanks', blanks),
                _text('/srv/app/script', 'end\n'),
                ('the variable is whole', lambda i: _env(i)['LONG'] == long_value),
                ('the entrypoint is whole', lambda i: i.config['Entrypoint'] == ['/bin/echo', words, 'last']),
                ('the label, the last line, is there', lambda i: i.config['Labels']['blubber.variant'] == 'it')))

    # An ARG against an ENV: of the base image the later one wins in BuildKit, the ENV elsewhere; an ENV that comes later in
    # the same stage wins everywhere. blubber.yaml(5) says so.
    argument = _config({'arguments': {'SLIPWAY_BASE': 'argument', 'LATER': 'argument', 'ONLY': 'argument'},
                        'runs': {'environment': {'LATER': 'variable'}},
                        'builder': {'command': 'echo "$SLIPWAY_BASE $LATER $ONLY" > said'}})
    kept = ('the variables of the image are those of base and configuration',
            lambda i: (_env(i)['SLIPWAY_BASE'], _env(i)['LATER'], _env(i).get('ONLY')) == ('base', 'variable', None))
    for suffix, args, value, only in (('', (), 'argument', 'argument'),
                                      ('-given', ('--build-arg', 'SLIPWAY_BASE=given', '--build-arg', 'ONLY=given'), 'given', 'given')):
        yield Case('argument-env' + suffix, argument, 'it', context, _on(*CLASSIC, *CHROOT), args,
                   checks=(kept, _text('/srv/app/said', f'base variable {only}\n')))
        yield Case('argument-kit' + suffix, argument, 'it', context, _on(*KIT), args,
                   checks=(kept, _text('/srv/app/said', f'{value} variable {only}\n')))

    # A text with <<WORD: newer BuildKit and kaniko take the lines after it for its body.
    yield Case('heredoc', _config({'builders': [
        {'custom': {'command': 'cat <<EOX >one; echo after >two'}},
        {'custom': {'command': 'cat <<EOX >three\nline $HOME\nEOX\necho end >>three\n'}},
        {'custom': {'command': ['cat <<-EOX >four; echo', 'after', '>five']}},
        {'custom': {'command': 'echo $((1<<4)) >six'}},
        {'custom': {'script': '#!/bin/sh\ncat <<EOX >seven\nUSER root\nEOX\n'}}],
        'entrypoint': ['echo', '<<EOX']}), 'it', context, _everywhere,
        checks=(_text('/srv/app/one', ''), _text('/srv/app/two', 'after\n'), _text('/srv/app/three', 'line /home/somebody\nend\n'),
                _text('/srv/app/six', '16\n'), _text('/srv/app/seven', 'USER root\n'),
                ('the entrypoint is exact', lambda i: i.config['Entrypoint'] == ['echo', '<<EOX']),
                ('the user is not root', lambda i: i.config['User'] == '900')))

    # Instructions in a text stay text.
    yield Case('no-instruction', _config({'builders': [
        {'custom': {'command': 'true\n# USER root\necho b >two \\\n  c\n'}},
        {'custom': {'command': ['echo >three', 'x\nUSER root\nRUN touch /pwned', '\\']}}]}), 'it', context, _everywhere,
        checks=(_text('/srv/app/two', 'b c\n'), ('nothing else ran', lambda i: '/pwned' not in i.tree),
                _text('/srv/app/three', 'x\nUSER root\nRUN touch /pwned \\\n'), ('the user is not root', lambda i: i.config['User'] == '900')))

    # As the lives user `rm -rf` of a mount fails in every builder when the folder above it is root's.
    assets = {'lives': {'in': '/src'}, 'builder': {'command': 'mkdir -p dist/deep && echo css > dist/a.css && echo js > dist/deep/b.js'}}

    def mounting(mounts, command, **more):
        return _config({'assets': assets, 'it': {'builder': {'command': command, 'mounts': mounts}, **more}})

    from_assets = {'from': 'assets', 'source': '/src/dist'}
    yield Case('mount-of-root', mounting([{**from_assets, 'destination': '/opt/m'}], 'cat /opt/m/a.css /opt/m/deep/b.js > made'), 'it',
               context, _everywhere,
               checks=(_text('/srv/app/made', 'css\njs\n'), ('the mount is gone', lambda i: not any(p.startswith('/opt/m') for p in i.tree))))

    # Values with every character that some parser on the way might take for its own.
    hard = {'QUOTE': 'a "b" c', 'SINGLE': "it's", 'BACK': 'a\\b\\', 'HASH': '# no comment', 'PERCENT': '100%s', 'TICK': '`id`',
            'EMPTY': '', 'BRACE': '{a,b}', 'UTF': '\u00e9\u4e2d\U0001f600', 'KNOWN': '$HOME/x', 'BLANKS': '  two  '}
    wanted = {**hard, 'KNOWN': '/home/somebody/x'}
    yield Case('values', _config({'runs': {'environment': hard}, 'arguments': {'ARG_VALUE': 'a "b" $HOME \\ `id`'},
                                  'builder': {'command': 'printf %s "$ARG_VALUE" > argument; env -0 | sort -z | grep -z -e ^BACK= -e ^TICK= | tr \'\\0\' \'\\n\' > seen'},
                                  'entrypoint': ['/bin/echo', '$HOME', '"', "'", '\\', '\u0007', '<&>', '\u2028']}), 'it', context, _everywhere,
               options=('--label', 'note=a "b" $HOME \\ \'c\' # d'),
               checks=(('variables', lambda i: {k: v for k, v in _env(i).items() if k in wanted} == wanted),
                       ('label', lambda i: i.config['Labels']['note'] == 'a "b" $HOME \\ \'c\' # d'),
                       ('entrypoint', lambda i: i.config['Entrypoint'] == ['/bin/echo', '$HOME', '"', "'", '\\', '\a', '<&>', '\u2028']),
                       _text('/srv/app/argument', 'a "b" $HOME \\ `id`'), _text('/srv/app/seen', 'BACK=a\\b\\\nTICK=`id`\n')))

    # Names of files that JSON, the word parser of COPY and the shell each read in their own way.
    odd = ['sp ace', 'do$llar', 'br${HOME}ace', 'dq"x', "sq'x", 'per%cent', 'ha#sh', '~tilde', '{cur,ly}', '\u00fcn\u00ef']
    folder = os.path.join(scratch, 'odd')
    os.makedirs(folder)
    for name in odd:
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
            file.write(name)
        os.chmod(os.path.join(folder, name), 0o644)
    yield Case('names', _config({
        'first': {'copies': [{'from': 'local', 'source': n, 'destination': f'to {n}'} for n in odd]},
        'it': {'copies': [{'from': 'first', 'source': f'to {n}', 'destination': f'/opt/lib/{n}'} for n in odd]}}), 'it', folder, _everywhere,
        checks=tuple(_text(f'/opt/lib/{n}', n) for n in odd))

    # Users by build argument: numbers that the configuration does not have.
    yield Case('other-users', _config({'copies': ['local'], 'builder': {'command': 'id -u > uid'}}), 'it', context, _everywhere,
               ('--build-arg', 'LIVES_UID=1500', '--build-arg', 'LIVES_GID=1501', '--build-arg', 'RUNS_UID=1600', '--build-arg', 'RUNS_GID=1601'),
               checks=(('files are theirs', lambda i: (i.tree['/srv/app/hello.sh'].uid, i.tree['/srv/app/hello.sh'].gid) == (1500, 1501)),
                       ('so is /opt/lib', lambda i: (i.tree['/opt/lib'].uid, i.tree['/opt/lib'].gid) == (1500, 1501)),
                       ('the image runs as it', lambda i: i.config['User'] == '1600'),
                       ('a home', lambda i: (i.tree['/home/runuser'].uid, i.tree['/home/runuser'].gid) == (1600, 1601))))


# ---- the form for BuildKit gives what the classic one gives

def _buildkit_forms(cases):
    kit = _on(*KIT, *CHROOT)
    for case in cases:
        if case.id in ('f08', 'f22', 'f24', 'f25', 'f26', 'f27', 'f57', 'heredoc', 'long-lines'):
            yield case._replace(id='kit-' + case.id, form='buildkit', builders=lambda name, c=case: kit(name) and c.builders(name),
                                differences=None, checks=(), run=None, like=case.id)
        if case.id in ('f06', 'f07', 'f23'):
            # COPY --exclude: a builder that has none must say so, not copy everything.
            yield case._replace(id='kit-' + case.id, form='buildkit', builders=_on('buildkit'), differences=None, checks=(), like=case.id)
            yield case._replace(id='kit-' + case.id, form='buildkit', builders=_on('embedded', *CHROOT), differences=None, checks=(),
                                refused='exclude')


# podman builds with buildah's code, so only what its other defaults (a layer and a look into the cache at each step) could
# change: stages, helper stages, users, mounts, caches, scratch, and the traps of that code.
PODMAN = ('f01', 'f07', 'f12', 'f14', 'f22', 'f24', 'f26', 'f27', 'f29', 'f60', 'long-lines', 'heredoc', 'mount-of-root', 'kit-f24', 'kit-f26')


def everything(scratch, whole):
    """All cases, by their builders; `whole`: podman builds all of them, too."""
    contexts = _context(scratch)
    classic = [*_facts(contexts), *_traps(scratch)]
    cases = [*classic, *_buildkit_forms(classic)]
    if whole:
        return cases
    return [c._replace(builders=lambda name, c=c: c.builders(name) and (name != 'podman' or c.id in PODMAN)) for c in cases]
