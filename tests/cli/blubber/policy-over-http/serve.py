# SPDX-License-Identifier: Apache-2.0
"""serve.py COMMAND...: runs it with SERVER in its words replaced by the address of a server of this folder's files."""
import functools
import http.server
import subprocess
import sys
import threading


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


with http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory='.')) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f'127.0.0.1:{server.server_address[1]}'
    done = subprocess.run([w.replace('SERVER', address) for w in sys.argv[1:]], capture_output=True, text=True, check=False)
    server.shutdown()
sys.stdout.write(done.stdout.replace(address, 'SERVER'))
sys.stderr.write(done.stderr.replace(address, 'SERVER'))
sys.exit(done.returncode)
