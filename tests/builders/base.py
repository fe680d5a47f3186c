# SPDX-License-Identifier: Apache-2.0
"""The base image of a run: the Debian image that is there, with what a build needs to reach this machine's package
registries, as a tar."""

import io
import os
import re
import subprocess
import tarfile

from builders import command

TRUST = 'etc/slipway-test/ca.crt'


def _additions():
    """Files of the base image that are of the test, by path. Registries are those of this machine, as pip and npm know
    them; where it says nothing they use their own."""
    files = {'etc/hostname': 'builders\n'}  # what f60 copies
    files['etc/dpkg/dpkg.cfg.d/test'] = 'force-unsafe-io\n'
    files['etc/apt/apt.conf.d/99test'] = 'Acquire::Retries "3";\n'
    bundle = next((f for f in (os.environ.get('SSL_CERT_FILE'), '/etc/ssl/certs/ca-certificates.crt') if f and os.path.exists(f)), None)
    pip, npm = [], []
    if bundle:
        with open(bundle, encoding='utf-8') as f:
            files[TRUST] = f.read()
        pip.append(f'cert = /{TRUST}')
        npm.append(f'cafile=/{TRUST}')
        # uv and poetry look at the system's bundle (when told to), which is made anew when ca-certificates is installed.
        files['etc/uv/uv.toml'] = 'system-certs = true\n'
        files['usr/local/share/ca-certificates/slipway-test.crt'] = files[TRUST]
    known = subprocess.run(['python3', '-m', 'pip', 'config', 'list'], capture_output=True, text=True).stdout
    for key in ('index-url', 'trusted-host'):
        if found := re.search(rf"^(?:global|:env:)\.{key}='(.*)'$", known, re.M):
            pip.append(f'{key} = {found[1]}')
    if pip:
        files['etc/pip.conf'] = '[global]\n' + '\n'.join(pip) + '\n'
    if npm:
        files['etc/npmrc'] = '\n'.join(npm) + '\n'
    return files


def write(client, image, target):
    """The tar of the base image, at `target`."""
    more = _additions()
    container = command([client, 'create', image]).strip()
    try:
        with subprocess.Popen([client, 'export', container], stdout=subprocess.PIPE) as export, tarfile.open(
            fileobj=export.stdout, mode='r|'
        ) as old, tarfile.open(target, 'w') as new:
            there = set()
            for member in old:
                there.add(member.name.rstrip('/'))
                if member.name not in more:
                    new.addfile(member, old.extractfile(member) if member.isreg() else None)
            for path, text in more.items():
                parts = path.split('/')
                for folder in ('/'.join(parts[:i]) for i in range(1, len(parts))):
                    if folder not in there:
                        there.add(folder)
                        entry = tarfile.TarInfo(folder)
                        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                        new.addfile(entry)
                entry = tarfile.TarInfo(path)
                entry.size = len(text.encode())
                new.addfile(entry, io.BytesIO(text.encode()))
    finally:
        command([client, 'rm', container])
