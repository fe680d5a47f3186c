#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# scripts/demo as a user runs it, twice; beside it an observer of all command lines on the machine, which
# must never see the registry's password.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

state=${XDG_STATE_HOME:-$HOME/.local/state}/slipway/demo
mkdir -p "$state"
chmod 700 "$state"
secret=e2e-$(openssl rand -hex 12)
printf '%s\n' "$secret" >"$state/password"
encoded=$(printf 'pipeline:%s' "$secret" | base64 -w0)

# Reads /proc itself instead of running ps, which could miss a short-lived process between two looks: it
# looks at every new process as often as it can. The patterns come by a file, not by an argument.
cat >"$scratch/observer.py" <<'PYTHON'
import os, sys, time
patterns = [line.encode() for line in open(sys.argv[1]).read().split()]
tools = set()
seen = 0
while not os.path.exists(sys.argv[2]):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read()
        except OSError:
            continue
        seen += 1
        tools.add(os.path.basename(line.split(b"\0")[0]))
        if any(pattern in line for pattern in patterns):
            print("LEAK", line.replace(b"\0", b" ").decode(errors="replace"), flush=True)
    time.sleep(0.002)
print("looked", seen, "times; saw", *sorted(t.decode(errors="replace") for t in tools if t))
PYTHON
printf '%s\n%s\n' "$secret" "$encoded" >"$scratch/patterns"
python3 "$scratch/observer.py" "$scratch/patterns" "$scratch/stop" >"$scratch/observed" &
observer=$!

status "the demo ends with 0" 0 "$top/scripts/demo"
has "with three releases of the pushed digest" 'Three releases run the image .*@sha256:[0-9a-f]{64}' "$out"
first=$out
begun=$SECONDS
status "and again" 0 "$top/scripts/demo"
printf 'note: the second demo took %s s\n' "$((SECONDS - begun))"

touch "$scratch/stop"
wait "$observer"
observed=$(cat "$scratch/observed")
has "the observer saw the tools at work" 'registry-push' "$observed"
has "and helm" 'helm' "$observed"
empty "no password on any command line" "$(grep LEAK <<<"$observed" || true)"
empty "nor in what the demo printed" "$(grep -F -e "$secret" -e "$encoded" <<<"$first$out$err" || true)"

# The second witness: what the API servers themselves say.
need_cluster dc1 dc2
digest=$(sed -n 's/^Three releases run the image .*@\(sha256:[0-9a-f]*\).*/\1/p' <<<"$out")
image_of() { api "$1" "/apis/apps/v1/namespaces/$2/deployments/hello" | python3 -c '
import json, sys
d = json.load(sys.stdin)
print(d["spec"]["template"]["spec"]["containers"][0]["image"], d["status"].get("availableReplicas", 0), d["spec"]["replicas"])'; }
for place in "dc1 hello-staging" "dc1 hello" "dc2 hello"; do
  # shellcheck disable=SC2086 # two words
  has "$place runs it, all pods available" "@$digest ([0-9]+) \\1\$" "$(image_of $place)"
done

# On a cluster of the user's own (the same one plays it), with a registry that the user is logged in to.
# shellcheck disable=SC2016 # expanded when it runs
on_exit+=('for space in hello-dc1 hello-dc2; do api dc1 "/api/v1/namespaces/$space" -X DELETE >"$scratch/gone"; done')
status "the demo on a cluster of the user's own" 0 \
  env KUBECONFIG="$("$top/scripts/local-cluster" kubeconfig dc1)" DOCKER_CONFIG="$state/docker" "$top/scripts/demo" --context dc1 --registry "$registry/own"
digest=$(sed -n 's/^Three releases run the image .*\/own\/hello@\(sha256:[0-9a-f]*\).*/\1/p' <<<"$out")
for place in "dc1 hello-staging" "dc1 hello-dc1" "dc1 hello-dc2"; do
  # shellcheck disable=SC2086 # two words
  has "$place runs it there, all pods available" "@$digest ([0-9]+) \\1\$" "$(image_of $place)"
done
status "--context needs a registry" 64 "$top/scripts/demo" --context dc1
finish
