#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command beside a cluster and a registry on loopback; is its helm, too.

usage: cluster.py COMMAND...       with $HELM_BIN and $IMAGES, the registry, which has every image
       helm ARGUMENT...            `version`, and `upgrade` of release main with the values on stdin

$TMP/kubeconfig has the context `stub`. $TMP/records holds what helm has recorded, a file for each revision, and the
cluster runs what the newest says; with $SEEN_UNTIL=N it shows no list of Deployments after revision N. Only helm and Leases change anything, and a Lease that outlives the command is told.
"""
import base64
import gzip
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading

RECORDS = pathlib.Path(os.environ["TMP"], "records")
DEPLOYMENTS = "/apis/apps/v1/namespaces/hello/deployments"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/hello/leases"


def records():
    return [json.loads(path.read_text()) for path in sorted(RECORDS.iterdir())]


def helm(arguments):
    if arguments[0] == "version":
        return "v3.19.0"
    if arguments[0] == "rollback":
        release = records()[int(arguments[2]) - 1] | {"version": len(records()) + 1}
        (RECORDS / f"{release['version']}.json").write_text(json.dumps(release))
        return "Rollback was a success!"
    if arguments[:3] != ["upgrade", "--install", "main"]:
        sys.exit(f"Error: unknown command {' '.join(arguments)}")
    values = json.load(sys.stdin)
    labels = {"app": "hello"}
    container = {"name": "hello", "image": f"{values['image']['repository']}@{values['image']['digest']}",
                 "env": [{"name": "GREETING", "value": values["greeting"]}]}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "hello"},
                  "spec": {"replicas": 0, "selector": {"matchLabels": labels},
                           "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}}
    revision = len(records()) + 1
    release = {"name": "main", "namespace": "hello", "version": revision, "config": values, "hooks": [],
               "info": {"status": "deployed", "last_deployed": "2026-11-24T00:00:00Z", "description": "by hand"},
               "chart": {"metadata": {"name": "hello", "version": "1.0.0"}}, "manifest": json.dumps(deployment)}
    if "--dry-run=server" in arguments:
        release["info"]["status"] = "pending-upgrade"
    else:
        if revision > 1:
            before = RECORDS / f"{revision - 1}.json"
            before.write_text(before.read_text().replace('"status": "deployed"', '"status": "superseded"'))
        (RECORDS / f"{revision}.json").write_text(json.dumps(release))
    return json.dumps(release)


def listing(*items):
    return {"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}


def secret(release):
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    return {"metadata": {"name": f"sh.helm.release.v1.main.v{release['version']}"},
            "data": {"release": base64.b64encode(packed).decode()}}


def deployment():
    release = records()[-1]
    live = json.loads(release["manifest"])
    live["metadata"] |= {"namespace": "hello", "uid": "5d0c7f2e", "resourceVersion": "1",
                         "generation": release["version"]}
    live["status"] = {"observedGeneration": release["version"]}
    return live


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    leases = {}

    def answer(self):
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        image = re.fullmatch(r"/v2/hello/manifests/(sha256:[0-9a-f]{64})", path)
        found = None
        status = 200
        if path.startswith(LEASES):
            found, status = self.lease(path, body)
        elif self.command not in ("GET", "HEAD"):
            status = 403
        elif image or path.startswith("/api/v1/namespaces/") and path.count("/") == 4:
            found = {"metadata": {"uid": "8e6a0f6c"}}
        elif path == "/api/v1/namespaces/hello/secrets":
            found = listing(*map(secret, records()))
        elif path == f"{DEPLOYMENTS}/hello":
            found = deployment()
        elif path == DEPLOYMENTS:
            seen = len(records()) <= int(os.environ.get("SEEN_UNTIL", "99"))
            found = listing(deployment()) if seen else None
        elif re.fullmatch("/apis?/.*/(replicasets|pods|events)", path):
            found = listing()
        if found is None:
            status = 404 if status == 200 else status
            found = {"kind": "Status", "apiVersion": "v1", "message": f"the stub has no {self.command} {path}"}
        data = b"" if "watch=" in query else json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if image:
            self.send_header("Docker-Content-Digest", image[1])
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def lease(self, path, body):
        if self.command == "POST":
            lease = json.loads(body)
            self.leases[f"{LEASES}/{lease['metadata']['name']}"] = lease
            return lease, 201
        if self.command == "DELETE":
            return self.leases.pop(path, None), 200
        return self.leases.get(path), 200

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


def main():
    if pathlib.Path(sys.argv[0]).name == "helm":
        print(helm(sys.argv[1:]), end="")
        return 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_address[1]}"
    scratch = RECORDS.parent
    RECORDS.mkdir()
    (scratch / "helm").symlink_to(pathlib.Path(__file__).resolve())
    (scratch / "kubeconfig").write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config",
        "clusters": [{"name": "stub", "cluster": {"server": f"http://{address}"}}],
        "users": [{"name": "nobody", "user": {}}],
        "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "nobody"}}]}))
    done = subprocess.run(sys.argv[1:], check=False,
                          env={**os.environ, "HELM_BIN": str(scratch / "helm"), "IMAGES": address})
    for path in Server.leases:
        print(f"cluster: a Lease stayed behind: {path}", file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
