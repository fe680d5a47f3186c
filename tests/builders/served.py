# SPDX-License-Identifier: Apache-2.0
"""What builds fetch from the test itself, over HTTP on a loopback port: a Debian archive of two suites, signed with a key
of this run, and an index of Python packages. Builds reach it from the host's own network only."""

import functools
import hashlib
import http.server
import os
import subprocess
import threading
import urllib.parse
import zipfile

from builders import command


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; asked as a proxy (with a whole URL), it serves the same."""

    def translate_path(self, path):
        return super().translate_path(urllib.parse.urlsplit(path).path)

    def log_message(self, *_):
        pass


class Server:
    def __init__(self, scratch):
        self.folder = os.path.join(scratch, 'served')
        os.makedirs(self.folder)
        handler = functools.partial(_Quiet, directory=self.folder)
        self.http = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
        self.url = f'http://127.0.0.1:{self.http.server_address[1]}'
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.keys = os.path.join(scratch, 'keys')
        os.makedirs(self.keys, 0o700)
        self.key, self.other_key = self._make_key('archive'), self._make_key('other')
        self._archive('probe', {'slipway-plain': '1.0', 'slipway-probe': '1.0'}, '')
        # As backports are: nothing is taken from them unless their release is asked for.
        self._archive('probe-backports', {'slipway-probe': '2.0~bpo12+1'}, 'NotAutomatic: yes\nButAutomaticUpgrades: yes\n')
        self._wheel('slipway_dep')
        self._wheel('slipway_dev')

    def close(self):
        self.http.shutdown()
        subprocess.run(['gpgconf', '--homedir', self.keys, '--kill', 'all'], capture_output=True)

    def _gpg(self, *arguments):
        return command(['gpg', '--homedir', self.keys, '--batch', '--quiet', '--passphrase', '', *arguments])

    def _make_key(self, name):
        self._gpg('--quick-generate-key', f'{name}@slipway.invalid', 'rsa2048', 'sign', 'never')
        return self._gpg('--armor', '--export', f'{name}@slipway.invalid')

    def _archive(self, suite, packages, more):
        root = os.path.join(self.folder, 'debian')
        index = ''
        for name, version in packages.items():
            tree = os.path.join(self.keys, f'{suite}-{name}')
            os.makedirs(os.path.join(tree, 'DEBIAN'))
            os.makedirs(os.path.join(tree, 'usr/share/slipway-test'))
            control = (
                f'Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: test <test@slipway.invalid>\n'
                'Description: a package of the tests\n'
            )
            for path, text in (('DEBIAN/control', control), (f'usr/share/slipway-test/{name}', version + '\n')):
                with open(os.path.join(tree, path), 'w', encoding='utf-8') as file:
                    file.write(text)
            path = f'pool/{name}_{version.replace("~", "-")}_all.deb'
            os.makedirs(os.path.join(root, 'pool'), exist_ok=True)
            command(['dpkg-deb', '--root-owner-group', '--build', tree, os.path.join(root, path)])
            with open(os.path.join(root, path), 'rb') as file:
                data = file.read()
            index += control + f'Filename: {path}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n\n'
        dist = os.path.join(root, 'dists', suite)
        architecture = command(['dpkg', '--print-architecture']).strip()
        packages_path = f'main/binary-{architecture}/Packages'
        os.makedirs(os.path.join(dist, os.path.dirname(packages_path)))
        with open(os.path.join(dist, packages_path), 'w', encoding='utf-8') as file:
            file.write(index)
        with open(os.path.join(dist, 'Release'), 'w', encoding='utf-8') as file:
            file.write(
                f'Origin: slipway\nSuite: {suite}\nCodename: {suite}\nArchitectures: {architecture}\nComponents: main\n{more}'
                f'Date: {command(["date", "-uR"]).strip().replace("+0000", "UTC")}\nSHA256:\n'
                f' {hashlib.sha256(index.encode()).hexdigest()} {len(index.encode())} {packages_path}\n'
            )
        self._gpg(
            '--local-user',
            'archive@slipway.invalid',
            '--output',
            os.path.join(dist, 'InRelease'),
            '--clear-sign',
            os.path.join(dist, 'Release'),
        )

    def _wheel(self, name):
        folder = os.path.join(self.folder, 'simple', name.replace('_', '-'))
        os.makedirs(folder)
        info = f'{name}-1.0.dist-info'
        with zipfile.ZipFile(os.path.join(folder, f'{name}-1.0-py3-none-any.whl'), 'w') as wheel:
            wheel.writestr(f'{name}/__init__.py', 'VERSION = "1.0"\n')
            wheel.writestr(f'{info}/METADATA', f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n')
            wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
            wheel.writestr(
                f'{info}/RECORD',
                ''.join(f'{p},,\n' for p in (f'{name}/__init__.py', f'{info}/METADATA', f'{info}/WHEEL', f'{info}/RECORD')),
            )
