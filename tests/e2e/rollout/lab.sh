#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by tests/e2e/rollout-*.sh after lib.sh: requests to the clusters as a second witness beside the tool, small
# images, namespaces of their own, and groups of checks that run beside each other.
# shellcheck disable=SC2034,SC2154 # variables for, and of, those that source this

# lab CONTEXT: $config, $pki and $server of it.
declare -A lab_config # asked for once: a test may set another XDG_STATE_HOME
lab() {
  config=${lab_config[$1]:-$("$top/scripts/local-cluster" kubeconfig "$1")}
  lab_config[$1]=$config
  pki=${config%/*}/pki
  server=$(sed -n 's/.*server: *"\{0,1\}\(https[^"}, ]*\).*/\1/p' "$config" | head -n 1)
}

# send CONTEXT METHOD PATH [JSON] [TYPE]: prints the answer.
send() {
  local config pki server
  lab "$1"
  curl -sS --noproxy '*' --max-time 20 --cacert "$pki/ca.crt" --cert "$pki/admin.crt" --key "$pki/admin.key" -X "$2" \
    -H "Content-Type: ${5:-application/json}" "$server$3" --data-binary "${4:-}"
}
merge() { send "$1" PATCH "$2" "$3" application/merge-patch+json >/dev/null; }
strategic() { send "$1" PATCH "$2" "$3" application/strategic-merge-patch+json >/dev/null; }
# field CONTEXT PATH EXPRESSION: of the object there, in Python's words: field dc1 /apis/... "['spec']['replicas']".
field() { send "$1" GET "$2" | python3 -c "import json, sys; o = json.load(sys.stdin); print(o$3)"; }

# image NAME ENTRYPOINT-JSON: prints a reference by digest.
image() {
  local dir
  dir=$(mktemp -d -p "$scratch")
  mkdir "$dir/context"
  printf 'FROM %s\nENTRYPOINT %s\n' "$base" "$2" >"$dir/Dockerfile"
  pipeline-build --network "$network" -f "$dir/Dockerfile" --context "$dir/context" 2>/dev/null |
    registry-push "$registry/e2e/rollout:$1" 2>/dev/null
}
standing='["/bin/sh", "-c", "trap \"exit 0\" TERM; while :; do sleep 1 & wait; done"]'
falling='["/bin/sh", "-c", "echo FATAL: the queue is gone; exit 3"]'

# space CONTEXT NAME [LABELS-JSON]: a namespace, made anew, that goes away at the end.
space() {
  local n=/api/v1/namespaces config pki server
  lab "$1"
  send "$1" DELETE "$n/$2" >/dev/null
  within 90 space_is_gone "$1" "$2" || { fail "the namespace $2 of the last run goes away on $1"; return 1; }
  send "$1" POST $n "{\"metadata\":{\"name\":\"$2\",\"labels\":${3:-{\}}}}" >/dev/null
  on_exit+=("send $1 DELETE $n/$2 >/dev/null")
  within 20 account_is_there "$1" "$2"
}
space_is_gone() { send "$1" GET "/api/v1/namespaces/$2" | grep -q '"code": 404'; }
account_is_there() { send "$1" GET "/api/v1/namespaces/$2/serviceaccounts/default" | grep -q '"name": "default"'; }

# pod_spec IMAGE [CONTAINER-FIELDS] [POD-FIELDS]: of the container "web".
pod_spec() {
  printf '"spec":{"terminationGracePeriodSeconds":1%s,"containers":[{"name":"web","image":"%s"%s}]}' "${3:-}" "$1" "${2:-}"
}
# workload KIND NAME SPEC-FIELDS POD-SPEC: with the label app=NAME.
workload() {
  printf '{"kind":"%s","metadata":{"name":"%s","labels":{"app":"%s"}},"spec":{%s"selector":{"matchLabels":{"app":"%s"}},
    "template":{"metadata":{"labels":{"app":"%s"}},%s}}}' "$1" "$2" "$2" "$3" "$2" "$2" "$4"
}
template_of() { printf '{"spec":{"template":{%s}}}' "$1"; }
set_image() { # CONTEXT PATH IMAGE
  strategic "$1" "$2" "$(template_of "\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"$3\"}]}")"
}
set_variable() { # CONTEXT PATH VALUE: another template without another image
  strategic "$1" "$2" "$(template_of "\"spec\":{\"containers\":[{\"name\":\"web\",\"env\":[{\"name\":\"V\",\"value\":\"$3\"}]}]}")"
}

# ---- groups: GROUP NAME... runs the functions group_NAME beside each other and tells what they found.
at_once=${E2E_AT_ONCE:-8}
groups() {
  local name running=0
  for name; do
    run_group "$name" >"$scratch/$name.said" 2>&1 &
    running=$((running + 1))
    if [ $running -ge "$at_once" ]; then wait -n || true; running=$((running - 1)); fi
  done
  wait
  for name; do
    cat "$scratch/$name.said"
    passed=$((passed + $(grep -c '^ok ' "$scratch/$name.said" || true)))
    failed=$((failed + $(grep -c '^FAIL ' "$scratch/$name.said" || true)))
    grep -qx "($name took .*)" "$scratch/$name.said" || fail "the group $name comes to its end"
  done
}
run_group() {
  local group_begun=$SECONDS
  scratch=$scratch/$1
  mkdir "$scratch"
  cd "$scratch" || return 1
  "group_$1"
  printf '(%s took %s s)\n' "$1" $((SECONDS - group_begun))
}

# interrupt NAME UNTIL STATUS COMMAND...: Ctrl-C as soon as UNTIL stands on its stderr; then $out, $err.
# A job in the background ignores the signal unless it is told otherwise.
interrupt() {
  local name=$1 until=$2 wanted=$3 got=0 pid
  shift 3
  : >"$scratch/err" # or what the last one said would be taken for this one's
  env --default-signal=INT "$@" >"$scratch/out" 2>"$scratch/err" &
  pid=$!
  if ! within 60 grep -qE -- "$until" "$scratch/err"; then
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" || true
    fail "$name" "no '$until' in: $(cat "$scratch/err")"
    return
  fi
  kill -INT "$pid"
  wait "$pid" || got=$?
  out=$(cat "$scratch/out") err=$(cat "$scratch/err")
  if [ "$got" = "$wanted" ]; then pass "$name"; else fail "$name" "$* -> $got, not $wanted; stdout: $out
stderr: $err"; fi
}
