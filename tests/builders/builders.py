# SPDX-License-Identifier: Apache-2.0
"""The builders, each behind the same three calls: `start` gives it the base image, `build` builds a Dockerfile and tags
the result, `collect` writes tagged images to an archive as `docker save` does. All that they make is named after the run
and goes away with `stop`."""

import os
import shutil
import signal
import subprocess
import tempfile
import time

PREFIX = 'localhost:5000/slipway-builders'
# The base image has a command and a variable, so that it shows what becomes of them.
BASE = ('--change', 'CMD ["bash"]', '--change', 'ENV SLIPWAY_BASE=base')


class Failed(Exception):
    """A builder ended with another status than 0; the message is what it said."""


def command(argv, *, data=None, limit=600, env=None, cwd=None):
    """Runs it in a process group of its own, which is ended as a whole at the limit (in seconds): buildah's child in a
    chroot outlives its parent otherwise. Returns what it printed; raises Failed."""
    child = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )
    try:
        said, _ = child.communicate(data, timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        said, _ = child.communicate()
        raise Failed(f'{" ".join(argv[:3])}: still running after {limit} s\n{said.decode(errors="replace")}') from None
    if child.returncode:
        raise Failed(f'{" ".join(argv[:3])}: status {child.returncode}\n{said.decode(errors="replace")}')
    return said.decode(errors='replace')


def _unmount(folder):
    with open('/proc/mounts', encoding='utf-8') as mounts:
        ours = [line.split()[1] for line in mounts if line.split()[1].startswith(folder + '/')]
    for place in reversed(ours):
        subprocess.run(['umount', place], capture_output=True)


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

    def build(self, dockerfile, context, tag, args=(), limit=300, network=None):
        return command(
            [self.client, 'build', '--network', network or self.network, '--force-rm', *args, '-t', tag, '-f', '-', context],
            data=dockerfile.encode(),
            limit=limit,
            env={'DOCKER_BUILDKIT': self.kit, 'BUILDKIT_PROGRESS': 'plain'},
        )

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

    def build(self, dockerfile, context, tag, args=(), limit=300, network=None):
        return command(
            [
                *self._storage(self.name),
                'bud' if self.name == 'buildah' else 'build',
                '--isolation',
                'chroot',
                '--network',
                'host',
                '--identity-label=false',
                *args,
                '-t',
                tag,
                '-f',
                '-',
                context,
            ],
            data=dockerfile.encode(),
            limit=limit,
            env={'TMPDIR': self.scratch},
        )

    def collect(self, tags, archive):
        command(
            [*self._storage('podman'), 'save', '-q', '--format', 'docker-archive', '--multi-image-archive', '-o', archive, self.base, *tags]
        )

    def stop(self, tags):
        _unmount(self.scratch)  # the container of a build that failed stays mounted


class Podman(Buildah):
    """podman: buildah's code with other defaults (a layer for each step, all of them cached), in a storage of its own."""

    name = 'podman'


class BuildKit(Docker):
    """A BuildKit of its own, newer than the one inside dockerd. The base image comes from the registry: it does not see
    dockerd's images."""

    name = 'buildkit'
    form = 'buildkit'
    folder = os.environ.get('SLIPWAY_BUILDERS', '')  # see scripts/lib/builder-binaries
    programs = ('buildkitd', 'buildctl')

    def missing(self):
        gone = [p for p in self.programs if not os.access(os.path.join(self.folder, p), os.X_OK)]
        return f'no {", ".join(gone)}: scripts/lib/builder-binaries makes them' if gone else None

    def start(self, tar):
        super().start(tar)
        command([self.client, 'push', '-q', self.base])
        socket = f'unix://{self.scratch}/socket'
        with open(f'{self.scratch}/conf', 'w', encoding='utf-8') as conf:
            conf.write(
                f'root = "{self.scratch}/root"\n[grpc]\naddress = ["{socket}"]\n[worker.oci]\nenabled = true\nbinary = "runc"\n'
                f'networkMode = "host"\nsnapshotter = "overlayfs"\n[worker.containerd]\nenabled = false\n[registry."localhost:5000"]\nhttp = true\n'
            )
        with open(f'{self.scratch}/log', 'w', encoding='utf-8') as log:
            self.daemon = subprocess.Popen(
                [f'{self.folder}/buildkitd', '--config', f'{self.scratch}/conf'],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.control = [f'{self.folder}/buildctl', '--addr', socket]
        for _ in range(100):
            if subprocess.run([*self.control, 'debug', 'workers'], capture_output=True).returncode == 0:
                return
            time.sleep(0.2)
        raise Failed('buildkitd does not answer')

    def build(self, dockerfile, context, tag, args=(), limit=300, network=None):
        with tempfile.TemporaryDirectory(dir=self.scratch) as work:
            with open(f'{work}/Dockerfile', 'w', encoding='utf-8') as file:
                file.write(dockerfile)
            options = [o for a in args if a != '--build-arg' for o in ('--opt', f'build-arg:{a}')]
            said = command(
                [
                    *self.control,
                    'build',
                    '--progress',
                    'plain',
                    '--frontend',
                    'dockerfile.v0',
                    '--local',
                    f'context={context}',
                    '--local',
                    f'dockerfile={work}',
                    *options,
                    '--output',
                    f'type=docker,name={tag},dest={work}/image.tar',
                ],
                limit=limit,
            )
            command([self.client, 'load', '-q', '-i', f'{work}/image.tar'])
        return said

    def stop(self, tags):
        super().stop(tags)
        if daemon := getattr(self, 'daemon', None):
            daemon.terminate()
            daemon.wait(30)
        _unmount(self.scratch)


class Kaniko(BuildKit):
    """kaniko's executor, in a container of its own for each build: it unpacks the base image onto its own root."""

    name = 'kaniko'
    form = 'classic'
    programs = ('executor',)

    def start(self, tar):
        Docker.start(self, tar)
        command([self.client, 'push', '-q', self.base])
        self.image = self.tag('executor')
        root = f'{self.scratch}/root'
        for folder in ('kaniko/.docker', 'etc', 'tmp', 'workspace'):
            os.makedirs(f'{root}/{folder}')
        shutil.copy(f'{self.folder}/executor', f'{root}/kaniko/executor')
        for name, text in (
            ('kaniko/.docker/config.json', '{}'),
            ('etc/passwd', 'root:x:0:0::/root:/bin/sh\n'),
            ('etc/group', 'root:x:0:\n'),
        ):
            with open(f'{root}/{name}', 'w', encoding='utf-8') as file:
                file.write(text)
        command(['tar', '-C', root, '-cf', f'{self.scratch}/executor.tar', '.'])
        changes = ('ENV HOME=/root USER=root PATH=/kaniko DOCKER_CONFIG=/kaniko/.docker', 'ENTRYPOINT ["/kaniko/executor"]')
        command([self.client, 'import', *(o for c in changes for o in ('--change', c)), f'{self.scratch}/executor.tar', self.image])

    def build(self, dockerfile, context, tag, args=(), limit=300, network=None):
        with tempfile.TemporaryDirectory(dir=self.scratch) as work:
            with open(f'{work}/Dockerfile', 'w', encoding='utf-8') as file:
                file.write(dockerfile)
            said = command(
                [
                    self.client,
                    'run',
                    '--rm',
                    '--network',
                    'host',
                    '-v',
                    f'{context}:/workspace:ro',
                    '-v',
                    f'{work}:/kaniko/work',
                    self.image,
                    '--context',
                    'dir:///workspace',
                    '--dockerfile',
                    '/kaniko/work/Dockerfile',
                    '--insecure-pull',
                    '--no-push',
                    '--tar-path',
                    '/kaniko/work/image.tar',
                    '--destination',
                    tag,
                    *args,
                ],
                limit=limit,
            )
            command([self.client, 'load', '-q', '-i', f'{work}/image.tar'])
        return said

    def stop(self, tags):
        Docker.stop(self, [*tags, self.tag('executor')])
