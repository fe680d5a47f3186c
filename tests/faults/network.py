# SPDX-License-Identifier: Apache-2.0
"""A network of our own, with nobody else in it: loopback, an address beside it that no rule takes for this machine's own, and
the address under which clouds hand out credentials. And the certificates for it."""
import os
import subprocess
import sys

OUTSIDE = "10.77.0.1"          # of this network, but not on loopback
STRANGER = "10.77.0.2"         # another host
METADATA = "169.254.169.254"
NAMED = "registry.faults.example"  # the name of OUTSIDE
INSIDE = "SLIPWAY_FAULTS_NETWORK"


def enter():
    """Starts this program again inside, once."""
    if os.environ.get(INSIDE):
        return
    own = ["unshare", "--net", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    addresses = " && ".join(f"ip address add {address}/32 dev lo" for address in (OUTSIDE, STRANGER, METADATA))
    hosts = (f'hosts=$(mktemp) && {{ cat /etc/hosts; echo {OUTSIDE} {NAMED}; }} >"$hosts" && mount --bind "$hosts" /etc/hosts && '
             'rm "$hosts"')
    script = f'ip link set lo up && {addresses} && {hosts} && exec "$@"'
    os.environ[INSIDE] = "1"
    os.execvp(own[0], [*own, "sh", "-c", script, "sh", sys.executable, *sys.argv])


def certificates(folder):
    """ca.crt, and beside it server.pem (key and certificate) for all our addresses, stranger.pem for a name that is not ours,
    other-ca.crt, client.pem."""
    def openssl(*words, stdin=None):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, input=stdin)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for name in ("ca", "other-ca"):
        openssl("req", "-x509", *curve, "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    ours = f"DNS:localhost,IP:127.0.0.1,IP:127.0.0.2,IP:{OUTSIDE},IP:{STRANGER}"
    for name, names in (("server", ours), ("stranger", "DNS:elsewhere.example"), ("client", "DNS:pipeline")):
        openssl("req", *curve, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (folder / "ext").write_text(f"subjectAltName={names}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", "ext", "-out", f"{name}.crt")
        (folder / f"{name}.pem").write_text((folder / f"{name}.key").read_text() + (folder / f"{name}.crt").read_text())
    return folder
