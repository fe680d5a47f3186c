# SPDX-License-Identifier: Apache-2.0
"""The builders, each behind the same three calls: `start` gives it the base image, `build` builds a Dockerfile and tags
the result, `collect` writes tagged images to an archive as `docker save` does. All that they make is named after the run
and goes away with `stop`."""
import os
import shutil
import signal
import subprocess

PREFIX = 'localhost:5000/slipway-builders'
# The base image has a command and a variable, so that it shows what becomes of them.
BASE = ('--change', 'CMD ["bash"]', '--change', 'ENV SLIPWAY_BASE=base')


class Failed(Exception):
    """A builder ended with another status than 0; the message is what it said."""


def command(argv, *, data=None, limit=600, env=None, cwd=None):
    """Runs it in a process group of its own, which is ended as a whole at the limit (in seconds): buildah's child in a
    chroot outlives its parent otherwise. Returns what it printed; raises Failed."""
    child = subprocess.Popen(argv, stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL, cwd=cwd,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})},
                             start_new_session=True)
    try:
        said, _ = child.communicate(data, timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        said, _ = child.communicate()
        raise Failed(f'{" ".join(argv[:3])}: still running after {limit} s\n{said.decode(errors="replace")}') from None
    if child.returncode:
        raise Failed(f'{" ".join(argv[:3])}: status {child.returncode}\n{said.decode(errors="replace")}')
    return said.decode(errors='replace')


class Builder:
    """`network` is what a build step needs to reach a package mirror: default or host."""
    name = ''
    form = 'classic'  # the form of Dockerfile that is meant for it beside the classic one
    parallel = 2

    def __init__(self, run, network, scratch):
        self.run, self.network = run, network
        self.scratch = os.path.join(scratch, self.name)
        self.base = f'{PREFIX}/base:{run}'
        os.makedirs(self.scratch, exist_ok=True)

    def missing(self):
        """Why it cannot be used here, or None."""
        return None

    def tag(self, what):
        return f'{PREFIX}/{self.name}-{what}:{self.run}'.lower()

    def start(self, tar):
        pass

    def stop(self, tags):
        pass


class Docker(Builder):
    """dockerd's own builder: the classic one."""
    name = 'classic'
    kit = '0'

    @staticmethod
    def clients():
        folders = os.environ.get('PATH', '').split(':') + ['/usr/bin']
        return list(dict.fromkeys(p for p in (os.path.join(f, 'docker') for f in folders) if os.access(p, os.X_OK)))

    def __init__(self, run, network, scratch):
        super().__init__(run, network, scratch)
        self.client = self.clients()[0]

    def start(self, tar):
        # A base image of this run: nothing in the cache of an earlier run can stand in for a build.
        command([self.client, 'import', *BASE, tar, self.base])

    def build(self, dockerfile, context, tag, args=(), limit=300):
        return command([self.client, 'build', '--network', self.network, '--force-rm', *args, '-t', tag, '-f', '-', context],
                       data=dockerfile.encode(), limit=limit, env={'DOCKER_BUILDKIT': self.kit, 'BUILDKIT_PROGRESS': 'plain'})

    def collect(self, tags, archive):
        command([self.client, 'save', '-o', archive, self.base, *tags])

    def stop(self, tags):
        subprocess.run([self.client, 'image', 'rm', '-f', *tags], capture_output=True)


class Embedded(Docker):
    """The BuildKit inside dockerd. A client since 23 speaks to it through the buildx plugin only."""
    name = 'embedded'
    form = 'buildkit'
    kit = '1'

    def __init__(self, run, network, scratch):
        super().__init__(run, network, scratch)
        self.client = next((c for c in self.clients() if self._speaks(c)), None)

    @staticmethod
    def _speaks(client):
        said = subprocess.run([client, 'version', '-f', '{{.Client.Version}}'], capture_output=True, text=True)
        version = said.stdout.split('.')[0]
        if version.isdigit() and int(version) < 23:
            return True
        return subprocess.run([client, 'buildx', 'version'], capture_output=True).returncode == 0

    def missing(self):
        return None if self.client else 'no docker client older than 23 and no buildx plugin'


class Buildah(Builder):
    """buildah with a storage of its own."""
    name = 'buildah'
    form = 'buildkit'

    def _storage(self, program):
        return [program, '--root', f'{self.scratch}/root', '--runroot', f'{self.scratch}/run', '--storage-driver', 'overlay']

    def missing(self):
        gone = [p for p in ('buildah', 'podman') if not shutil.which(p)]
        return f'no {" and no ".join(gone)}' if gone else None

    def start(self, tar):
        command([*self._storage('podman'), 'import', *BASE, tar, self.base])

    def build(self, dockerfile, context, tag, args=(), limit=300):
        return command([*self._storage(self.name), 'bud' if self.name == 'buildah' else 'build', '--isolation', 'chroot',
                        '--network', 'host', '--identity-label=false', *args, '-t', tag, '-f', '-', context],
                       data=dockerfile.encode(), limit=limit, env={'TMPDIR': self.scratch})

    def collect(self, tags, archive):
        command([*self._storage('podman'), 'save', '-q', '--format', 'docker-archive', '--multi-image-archive', '-o', archive,
                 self.base, *tags])

    def stop(self, tags):
        # The container of a build that failed stays mounted.
        with open('/proc/mounts', encoding='utf-8') as mounts:
            ours = [line.split()[1] for line in mounts if line.split()[1].startswith(self.scratch + '/')]
        for place in reversed(ours):
            subprocess.run(['umount', place], capture_output=True)


class Podman(Buildah):
    """podman: buildah's code with other defaults (a layer for each step, all of them cached), in a storage of its own."""
    name = 'podman'
