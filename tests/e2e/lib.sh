#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by every end-to-end test. Brings up what the test names (engine, registry, clusters) unless it
# is up, gives it a scratch folder and a few ways to say what must hold. Nothing is torn down between the
# tests of one run: tests/e2e/down does that once, and only to what was started here.
# shellcheck disable=SC2034 # the variables are for the tests
set -euo pipefail

e2e=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$e2e/../.." && pwd)
: "${SLIPWAY_BIN:=$top/build/dev/bin}"
SLIPWAY_BIN=$(cd "$SLIPWAY_BIN" && pwd) # tests change the directory
PATH=$SLIPWAY_BIN:$PATH
registry=localhost:5000

scratch=$(mktemp -d)
on_exit=()
leave() {
  local action
  for action in "${on_exit[@]}"; do eval "$action" || true; done
  rm -rf "$scratch"
}
trap leave EXIT

passed=0 failed=0
pass() { passed=$((passed + 1)); printf 'ok   %s\n' "$1"; }
fail() {
  failed=$((failed + 1))
  printf 'FAIL %s\n' "$1"
  [ -z "${2:-}" ] || printf '%s\n' "$2" | tail -n 60 | sed 's/^/     /'
}
# finish: the closing line; the last command of every test.
finish() {
  [ "$failed" = 0 ] || clusters_say
  printf '%s passed, %s failed\n' "$passed" "$failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# holds NAME COMMAND...: the command succeeds.
holds() {
  local name=$1 out
  shift
  if out=$("$@" 2>&1); then pass "$name"; else fail "$name" "$* -> $?: $out"; fi
}
# status NAME WANTED COMMAND...: the exit status is exactly that; $out and $err hold what it said.
out='' err=''
status() {
  local name=$1 wanted=$2 got=0
  shift 2
  "$@" >"$scratch/out" 2>"$scratch/err" || got=$?
  out=$(cat "$scratch/out") err=$(cat "$scratch/err")
  if [ "$got" = "$wanted" ]; then pass "$name"; else fail "$name" "$* -> $got, not $wanted; stdout: $out
stderr: $err"; fi
}
# has NAME TEXT WHERE: TEXT (an extended regular expression) stands in WHERE.
has() { if grep -qE -- "$2" <<<"$3"; then pass "$1"; else fail "$1" "no '$2' in: $3"; fi; }
# empty NAME TEXT: there is nothing.
empty() { if [ -z "$2" ]; then pass "$1"; else fail "$1" "not empty: $2"; fi; }
# within SECONDS COMMAND...: the command succeeds at last.
within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

# ---- what a test runs on

need_engine() { DOCKER_HOST='' "$top/scripts/lib/docker-engine" up >/dev/null; }
need_registry() { "$top/scripts/lib/registry" up >/dev/null; }
need_base() { base=$("$top/scripts/lib/base-image"); }
need_helm() { HELM_BIN=$("$top/scripts/lib/helm-binary" "${1:-3}"); export HELM_BIN; }
# need_cluster NAME...: KUBECONFIG has a context for each.
need_cluster() {
  local name files=()
  for name; do files+=("$("$top/scripts/local-cluster" up "$name")"); done
  KUBECONFIG=$(IFS=:; printf '%s' "${files[*]}")
  export KUBECONFIG
}

# api CONTEXT PATH [CURL-OPTION...]: an object as JSON, by the client certificate of that context's kubeconfig: a second
# witness beside the tools.
api() {
  local config
  config=$("$top/scripts/local-cluster" kubeconfig "$1")
  local server
  server=$(sed -n 's/.*server: *"\{0,1\}\(https[^"}, ]*\).*/\1/p' "$config" | head -n 1)
  local pki=${config%/*}/pki
  curl -sS --noproxy '*' --max-time 10 --cacert "$pki/ca.crt" --cert "$pki/admin.crt" --key "$pki/admin.key" "$server$2" "${@:3}"
}
# containers_of LABEL: ids of all containers with that label, running or not.
containers_of() { docker ps -aq --filter "label=$1"; }
# clusters_say: what the clusters know that may be behind a failure. The next test goes on with the same ones, and the run
# ends without them: what is not said now, nobody will ever see.
clusters_say() {
  local name state kubeconfig log
  "$top/scripts/local-cluster" list | while IFS=$'\t' read -r name _ _ state kubeconfig; do
    printf 'what the cluster %s, which is %s, says:\n' "$name" "$state"
    api "$name" /api/v1/nodes 2>&1 | python3 "$e2e/nodes.py" | sed 's/^/     /' || true
    for log in "${kubeconfig%/*}"/log/kube*; do
      # Errors as klog writes them, "E1129 06:51:20.123456    9749 file.go:279] ...": how often, and the last of each kind, since
      # some are said every few seconds.
      awk -v program="${log##*/}" '/^[EF][0-9][0-9][0-9][0-9] / { times[$4]++; last[$4] = $0; at[$4] = NR }
        END { for (kind in last) printf "%d\t%s: %dx %s\n", at[kind], program, times[kind], substr(last[kind], 1, 240) }' "$log" |
        sort -n | tail -n 8 | cut -f 2- | sed 's/^/     /' || true
    done
  done
}
