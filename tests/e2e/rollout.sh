#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# k8s-rollout against two real clusters: what is said, with which status, and what the API holds after.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_engine
need_registry
need_base
need_cluster dc1 dc2
network=$("$top/scripts/lib/build-network")
cd "$scratch"
mkdir context
for kind in good crashing; do
  case $kind in
    good) entry='["/bin/sh", "-c", "trap \"exit 0\" TERM; while :; do sleep 1 & wait; done"]' ;;
    crashing) entry='["/bin/sh", "-c", "echo FATAL: the queue is gone; exit 3"]' ;;
  esac
  printf 'FROM %s\nENTRYPOINT %s\n' "$base" "$entry" >Dockerfile
  pipeline-build --network "$network" -f Dockerfile --context context 2>/dev/null |
    registry-push "$registry/e2e/rollout:$kind" >"$kind" 2>/dev/null
done
good=$(cat good) crashing=$(cat crashing)

ns="e2e-rollout"
send() { # METHOD CONTEXT PATH [JSON]
  local config pki server
  config=$("$top/scripts/local-cluster" kubeconfig "$2")
  pki=${config%/*}/pki
  server=$(sed -n 's/.*server: *"\{0,1\}\(https[^"}, ]*\).*/\1/p' "$config" | head -n 1)
  curl -sS --noproxy '*' --cacert "$pki/ca.crt" --cert "$pki/admin.crt" --key "$pki/admin.key" -X "$1" \
    -H "Content-Type: ${5:-application/json}" "$server$3" --data-binary "${4:-}" >/dev/null
}
workloads=/apis/apps/v1/namespaces/$ns/deployments
deployment() { # IMAGE
  printf '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":2,"progressDeadlineSeconds":60,
    "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"terminationGracePeriodSeconds":2,
    "containers":[{"name":"web","image":"%s"}]}}}}' "$1"
}
set_image() { # CONTEXT IMAGE
  send PATCH "$1" "$workloads/web" "$(printf '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"%s"}]}}}}' "$2")" application/strategic-merge-patch+json
}
gone() { api "$1" "/api/v1/namespaces/$ns" | grep -q '"code": 404'; }
cleanup() { for c in dc1 dc2; do send DELETE $c /api/v1/namespaces/$ns; done; }
cleanup
for c in dc1 dc2; do
  within 60 gone $c || fail "the namespace of the last run goes away on $c"
  send POST $c /api/v1/namespaces "{\"metadata\":{\"name\":\"$ns\"}}"
done
on_exit+=(cleanup)
account() { api "$1" "/api/v1/namespaces/$ns/serviceaccounts/default" | grep -q '"name": "default"'; }
for c in dc1 dc2; do
  within 20 account $c
  send POST $c "$workloads" "$(deployment "$good")"
done
field() { api "$1" "$workloads/web" | python3 -c "import json, sys; print(json.load(sys.stdin)$2)"; }

status "a rollout is watched to its end" 0 k8s-rollout status deploy/web -n $ns --context dc1
has "in kubectl's words" 'deployment "web" successfully rolled out' "$out"
status "on two clusters at once" 0 k8s-rollout status deploy/web -n $ns --contexts dc1,dc2
status "a workload that is not there is 66" 66 k8s-rollout status deploy/wbe -n $ns --context dc1
empty "with nothing on stdout" "$out"
has "and the one that was meant" "did you mean 'web'" "$err"

set_image dc1 "$registry/e2e/rollout:absent"
begun=$SECONDS
status "an image that does not exist fails" 1 k8s-rollout status deploy/web -n $ns --context dc1
took=$((SECONDS - begun))
if [ $took -lt 55 ]; then pass "long before the deadline"; else fail "long before the deadline" "$took s"; fi
has "with the cause" 'ImageNotFound' "$err"
has "who still serves" 'serving' "$err"
has "and what to type" 'k8s-rollout undo' "$err"
status "undo goes back to what serves" 0 k8s-rollout undo deploy/web -n $ns --context dc1 --wait
has "to the good image" "^$good\$" "$(field dc1 '["spec"]["template"]["spec"]["containers"][0]["image"]')"

set_image dc1 "$crashing"
status "a crash loop is undone when asked" 5 k8s-rollout status deploy/web -n $ns --context dc1 --undo-on-failure
has "with the log's last words" 'FATAL: the queue is gone' "$err"
has "and the good image again" "^$good\$" "$(field dc1 '["spec"]["template"]["spec"]["containers"][0]["image"]')"

status "history lists the revisions" 0 k8s-rollout history deploy/web -n $ns --context dc1
has "with images" 'rollout' "$out"
status "pause" 0 k8s-rollout pause deploy/web -n $ns --context dc1
has "is in the API" True "$(field dc1 '["spec"]["paused"]')"
status "pause again is fine" 0 k8s-rollout pause deploy/web -n $ns --context dc1
status "resume" 0 k8s-rollout resume deploy/web -n $ns --context dc1
old=$(field dc1 '["spec"]["template"]["metadata"].get("annotations")')
status "restart makes new pods and waits" 0 k8s-rollout restart deploy/web -n $ns --context dc1 --wait
if [ "$old" != "$(field dc1 '["spec"]["template"]["metadata"].get("annotations")')" ]; then pass "by a new template"; else fail "by a new template" "$old"; fi
status "scale" 0 k8s-rollout scale deploy/web -n $ns --context dc1 --replicas 3 --wait
has "to three" '^3$' "$(field dc1 '["status"]["availableReplicas"]')"
status "scale from a count that is not there is 75" 75 k8s-rollout scale deploy/web -n $ns --context dc1 --replicas 1 --current-replicas 7

sed 's#https://[0-9.]*:6443#https://127.0.0.1:1#' "$("$top/scripts/local-cluster" kubeconfig dc2)" >dead
KUBECONFIG="$("$top/scripts/local-cluster" kubeconfig dc1):$scratch/dead" status "one cluster down is 69, and no failed rollout" 69 \
  k8s-rollout status deploy/web -n $ns --contexts dc1,dc2 --api-grace 1s
has "and names it" dc2 "$err$out"
finish
