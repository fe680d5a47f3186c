# SPDX-License-Identifier: Apache-2.0
"""One thing that is built, and the words in which cases are written."""

import json
import os
from typing import Callable, NamedTuple

import facts

CLASSIC, KIT, CHROOT = ('classic', 'kaniko'), ('embedded', 'buildkit'), ('buildah', 'podman')


class Case(NamedTuple):
    id: str
    config: str  # the configuration; debian:bookworm in it becomes the base image of the run
    variant: str
    context: str  # the folder that is the build context
    builders: Callable  # name of a builder -> whether it builds this case
    args: tuple = ()  # for the builder
    form: str = 'classic'
    network: str | None = None  # another one than the run's
    options: tuple = ()  # for blubber
    group: str = ''  # cases of one group are built one after another
    differences: Callable | None = None  # what is not as it must be; see facts.differences
    checks: tuple = ()  # (words, image -> whether it holds)
    like: str = ''  # another case that has to give the same image
    run: tuple | None = None  # see sentences.RUNS
    refused: str = ''  # the builder has to refuse it, with this in what it says


def on(*names):
    return lambda name: name in names


def everywhere(name):
    return True


def plain_modes(target):
    for folder, _, names in os.walk(target):
        os.chmod(folder, 0o755)
        for name in names:
            os.chmod(os.path.join(folder, name), 0o644)


def config_of(variant, **common):
    """A configuration of one variant `it`, as JSON, which is YAML."""
    variants = variant if 'it' in variant else {'it': variant}
    return json.dumps({'version': 'v4', 'base': 'debian:bookworm', **common, 'variants': variants}, ensure_ascii=False)


def env(image):
    return dict(e.split('=', 1) for e in image.config['Env'])


def text_file(path, text, mode=0o644, owner=(65533, 65533)):
    return f'{path} is as written', lambda i: i.tree.get(path) == facts.file(text, mode, owner)
