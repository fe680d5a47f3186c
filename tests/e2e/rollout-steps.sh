#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# k8s-rollout on real clusters, step by step: every kind, going back where a StatefulSet is stuck, canaries by a second
# Deployment, runs over several clusters, credential plugins, completions, the least Role of the manual, Ctrl-C
# wherever there is something to leave behind, and two people at once.
#
# usage: rollout-steps.sh [GROUP...]      those groups only
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/rollout/lab.sh
. "$e2e/rollout/lab.sh"

need_engine
need_registry
need_base
need_cluster dc1 dc2
network=$("$top/scripts/lib/build-network")
cd "$scratch"
good=$(image good "$standing")
better=$(image better '["/bin/sh", "-c", "trap \"exit 0\" TERM; : better; while :; do sleep 1 & wait; done"]')
crashing=$(image crashing "$falling")
absent=$registry/e2e/rollout:absent
# A start that looks well for a moment, as services do that read their configuration late.
fickle=$(image fickle '["/bin/sh", "-c", "sleep 1; echo FATAL: no configuration; exit 3"]')
# shellcheck disable=SC2016 # for the shell in the container
talking=$(image talking '["/bin/sh", "-c", "trap \"exit 0\" TERM; n=0; while :; do n=$((n+1)); echo line $n of the log; sleep 0.05; done"]')

ns='e2e-steps'
for c in dc1 dc2; do space $c $ns; done
apps=/apis/apps/v1/namespaces/$ns
deployments=$apps/deployments
create() { send "$1" POST "$2" "$3" >/dev/null; } # CONTEXT PATH JSON
on1=(-n "$ns" --context dc1)
deploy() { create "${4:-dc1}" $deployments "$(workload Deployment "$1" "\"replicas\":${3:-2}," "$(pod_spec "$2")")"; } # NAME IMAGE [REPLICAS [CONTEXT]]
up() { status "$1 is up" 0 k8s-rollout status "$1" "${on1[@]}"; }
image_of() { field dc1 "$deployments/$1" "['spec']['template']['spec']['containers'][0]['image']"; }

# ---- StatefulSets: partitions, the trap of an older revision, OnDelete

group_sts() {
  local db=$apps/statefulsets/db
  create dc1 $apps/statefulsets "$(workload StatefulSet db '"replicas":3,"serviceName":"db",' "$(pod_spec "$good")")"
  up sts/db
  status "a StatefulSet is paused at one pod" 0 k8s-rollout pause sts/db "${on1[@]}" --at 1
  has "by its partition" '^2$' "$(field dc1 $db "['spec']['updateStrategy']['rollingUpdate']['partition']")"
  set_variable dc1 $db two
  status "then one pod is new, and that is all that was asked for" 0 k8s-rollout status sts/db "${on1[@]}"
  has "which is said" '2 held back by partition 2' "$err"
  status "and with --require-full it is held" 3 k8s-rollout status sts/db "${on1[@]}" --require-full
  status "history knows who serves" 0 k8s-rollout history sts/db "${on1[@]}"
  has "one pod of the new revision" '^2\* .* 1/1 ' "$out"
  status "resume, to the end" 0 k8s-rollout resume sts/db "${on1[@]}" --wait
  has "without a partition" '^0$' "$(field dc1 $db "['spec']['updateStrategy']['rollingUpdate']['partition']")"
  status "pause of the whole" 0 k8s-rollout pause sts/db "${on1[@]}"
  has "holds all three" '^3$' "$(field dc1 $db "['spec']['updateStrategy']['rollingUpdate']['partition']")"
  status "and resume again" 0 k8s-rollout resume sts/db "${on1[@]}" --wait
  merge dc1 $db '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":1}}}}'
  status "a partition that somebody has set is held, too" 0 k8s-rollout pause sts/db "${on1[@]}"
  status "and comes back" 0 k8s-rollout resume sts/db "${on1[@]}"
  has "as it was" '^1 None$' "$(send dc1 GET $db | python3 -c 'import json, sys; o = json.load(sys.stdin); print(o["spec"]["updateStrategy"]["rollingUpdate"]["partition"], o["metadata"].get("annotations", {}).get("slipway/partition"))')"
  merge dc1 $db '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'

  set_image dc1 $db "$absent"
  status "a bad image stops it at its first pod" 1 k8s-rollout status sts/db "${on1[@]}" --patience 5s
  has "by name" 'ImageNotFound' "$err"
  status "undo puts the template back" 0 k8s-rollout undo sts/db "${on1[@]}"
  status "but the broken pod is in the way" 1 k8s-rollout status sts/db "${on1[@]}" --patience 5s
  has "which is the cause" 'RevisionTrap: pod db-2' "$err"
  has "with the command that helps" 'k8s-rollout undo statefulset/db -n e2e-steps --context dc1 --to-revision [0-9]+ --unstick' "$err"
  # The very command of the explanation.
  # shellcheck disable=SC2046
  status "and does" 0 $(grep -oE 'k8s-rollout undo statefulset/db .*--unstick' <<<"$err") --wait --timeout 60s
  has "the pod was evicted" 'evicted pod db-2' "$err"
  set_image dc1 $db "$absent"
  status "undo --unstick in one step" 1 k8s-rollout status sts/db "${on1[@]}" --patience 5s
  status "once it was seen to fail" 0 k8s-rollout undo sts/db "${on1[@]}" --unstick --wait --timeout 60s
  set_image dc1 $db "$absent"
  status "or by itself" 5 k8s-rollout status sts/db "${on1[@]}" --patience 5s --undo-on-failure --evidence seen --timeout 90s
  has "the evidence was saved before the undo took it away" "$absent" "$(cat seen/statefulset.db/pods.json)"
  has "with both the cause and the end" 'ImageNotFound.*undone: revision' "$out"

  merge dc1 $db '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}'
  set_variable dc1 $db three
  status "OnDelete is held" 3 k8s-rollout status sts/db "${on1[@]}"
  has "and names the pods" 'delete to update: db-0 db-1 db-2' "$out"
  status "restart evicts them one by one" 0 k8s-rollout restart sts/db "${on1[@]}" --timeout 90s
  has "from the highest ordinal down" 'evicting db-0 \(3 of 3\)' "$err"
  has "and is told with the verdict" 'restarted: 3 pods, one by one; statefulset "db" successfully rolled out' "$out"
  up sts/db
  create dc1 $budgets '{"metadata":{"name":"db"},"spec":{"minAvailable":3,"selector":{"matchLabels":{"app":"db"}}}}'
  within 20 budget_is_spent
  status "a budget that lets no pod go" 75 k8s-rollout restart sts/db "${on1[@]}" --no-progress 3s
  has "is told in its own words" 'disruption budget db needs 3 healthy pods and has 3 currently' "$err"
  status "the server says so without being asked to do it" 75 k8s-rollout restart sts/db "${on1[@]}" --dry-run=server
  send dc1 DELETE $budgets/db >/dev/null
  status "without it, it would let them go" 0 k8s-rollout restart sts/db "${on1[@]}" --dry-run=server
  has "but that was only tried" 'restarted: 3 pods, one by one \(server dry run\)' "$out"
  set_image dc1 $db "$absent"
  status "a restart stops at a pod that does not get well" 1 k8s-rollout restart sts/db "${on1[@]}" --patience 5s --timeout 90s
  has "by name" 'ImageNotFound: 1 of 1 new pod' "$err"
  has "after the first one" 'stopped: 1 of 3 pods evicted, the others are as they were' "$out"
  has "which is so" '^db-0 True db-1 True db-2 False$' "$(send dc1 GET "/api/v1/namespaces/$ns/pods?labelSelector=app%3Ddb" | python3 -c '
import json, sys
for pod in sorted(json.load(sys.stdin)["items"], key=lambda pod: pod["metadata"]["name"]):
    print(pod["metadata"]["name"], pod["status"]["containerStatuses"][0]["ready"], end=" ")' | sed 's/ $//')"
}
budgets=/apis/policy/v1/namespaces/$ns/poddisruptionbudgets
budget_is_spent() { [ "$(field dc1 $budgets/db "['status'].get('currentHealthy')")" = 3 ]; }

# ---- DaemonSets

group_ds() {
  local agent=$apps/daemonsets/agent
  create dc1 $apps/daemonsets "$(workload DaemonSet agent '' "$(pod_spec "$good")")"
  up ds/agent
  set_image dc1 $agent "$crashing"
  status "a DaemonSet in a crash loop has failed" 1 k8s-rollout status ds/agent "${on1[@]}" --timeout 90s
  has "by name" 'CrashLoop' "$err"
  has "with its last words" 'FATAL: the queue is gone' "$err"
  status "and goes back" 0 k8s-rollout undo ds/agent "${on1[@]}" --wait --timeout 60s
  merge dc1 $agent '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}'
  set_variable dc1 $agent two
  status "OnDelete is held" 3 k8s-rollout status ds/agent "${on1[@]}"
  has "and names the pod" 'delete to update: agent-' "$out"
  status "restart evicts it" 0 k8s-rollout restart ds/agent "${on1[@]}" --timeout 60s --batch 2
  has "and says how many at once" 'restarted: 1 pod, 2 at once' "$out"
  status "and bakes, where it is asked to" 1 k8s-rollout restart ds/agent "${on1[@]}" --bake 2s --check false --timeout 60s
  has "so that its check counts" 'restarted: 1 pod, one by one; .*rolled out; .*false' "$out"
  up ds/agent
}
# What is up for a moment between two crashes is not rolled out.
group_fickle() {
  create dc1 $apps/daemonsets "$(workload DaemonSet fickle '' "$(pod_spec "$fickle")")"
  within 20 restarted fickle
  status "a DaemonSet between two crashes is not done" 1 k8s-rollout status ds/fickle "${on1[@]}" --timeout 120s
  has "but in a crash loop" 'CrashLoop' "$err"
  deploy unsteady "$fickle" 1
  within 20 restarted unsteady
  status "nor is a Deployment" 1 k8s-rollout status deploy/unsteady "${on1[@]}" --timeout 120s
  has "in a crash loop, too" 'CrashLoop' "$err"
}
restarted() { send dc1 GET "/api/v1/namespaces/$ns/pods?labelSelector=app%3D$1" | grep -q '"restartCount": [1-9]'; }

group_nodes() {
  # A node without a kubelet: its pod never runs. Tainted, so that only this test's pods go there.
  send dc1 DELETE /api/v1/nodes/e2e-ghost >/dev/null
  create dc1 /api/v1/nodes '{"metadata":{"name":"e2e-ghost","labels":{"e2e-ghost":"yes"}},"spec":{"taints":[{"key":"e2e-ghost","effect":"NoSchedule"}]}}'
  strategic dc1 /api/v1/nodes/e2e-ghost/status '{"status":{"capacity":{"cpu":"1","memory":"1Gi","pods":"9"},"allocatable":{"cpu":"1","memory":"1Gi","pods":"9"},
    "conditions":[{"type":"Ready","status":"False","reason":"KubeletNotReady"}]}}'
  create dc1 $apps/daemonsets "$(workload DaemonSet ghost '' "$(pod_spec "$good" '' ',"tolerations":[{"operator":"Exists"}]')")"
  within 20 ghostly
  status "a pod on a node that is not ready is waited for" 124 k8s-rollout status ds/ghost "${on1[@]}" --timeout 25s
  has "and the node is named" 'its node e2e-ghost is not ready' "$err"
  status "unless it is not to be" 0 k8s-rollout status ds/ghost "${on1[@]}" --ignore-unready-nodes --timeout 25s
  has "which is said" 'not waited for' "$err"
  send dc1 DELETE /api/v1/nodes/e2e-ghost >/dev/null
}
ghostly() { send dc1 GET "/api/v1/namespaces/$ns/pods?labelSelector=app%3Dghost" | grep -q '"nodeName": "e2e-ghost"'; }
on_exit+=("send dc1 DELETE /api/v1/nodes/e2e-ghost >/dev/null")

# ---- Jobs, Pods, custom resources

job() { # NAME COMMAND SPEC-FIELDS
  create dc1 "/apis/batch/v1/namespaces/$ns/jobs" "{\"metadata\":{\"name\":\"$1\"},\"spec\":{$3\"template\":{$(pod_spec "$good" ",\"command\":[\"/bin/sh\",\"-c\",\"$2\"]" ',"restartPolicy":"Never"')}}}"
}
group_job() {
  job well 'sleep 2' ''
  status "a Job is waited for to its end" 0 k8s-rollout status job/well "${on1[@]}"
  job ill 'echo FATAL: no such table; exit 3' '"backoffLimit":0,'
  status "a failed Job has failed" 1 k8s-rollout status job/ill "${on1[@]}"
  has "by its reason" 'JobFailed: BackoffLimitExceeded' "$err"
  has "with its log" 'FATAL: no such table' "$err"
  job still 'true' '"suspend":true,'
  status "a suspended one is held" 3 k8s-rollout status job/still "${on1[@]}"
  job brief 'sleep 3' '"ttlSecondsAfterFinished":0,'
  status "one that is cleaned up at once was done" 0 k8s-rollout status job/brief "${on1[@]}"
  status "a Job has no undo" 64 k8s-rollout undo job/well "${on1[@]}"
  create dc1 "/api/v1/namespaces/$ns/pods" "{\"metadata\":{\"name\":\"lone\"},$(pod_spec "$good" '' ',"restartPolicy":"Never"')}"
  status "a Pod is up" 0 k8s-rollout status pod/lone "${on1[@]}"
}

group_cr() {
  local definitions=/apis/apiextensions.k8s.io/v1/customresourcedefinitions
  local policies=/apis/e2e-steps.example.org/v1beta1/namespaces/$ns/gatepolicies walls=/apis/e2e-steps.example.org/v1beta1/firewalls
  definition() { # KIND PLURAL SINGULAR SHORT SCOPE
    send dc1 DELETE "$definitions/$2.e2e-steps.example.org" >/dev/null
    within 30 undefined "$2"
    create dc1 $definitions "{\"metadata\":{\"name\":\"$2.e2e-steps.example.org\"},\"spec\":{\"group\":\"e2e-steps.example.org\",\"scope\":\"$5\",
      \"names\":{\"kind\":\"$1\",\"plural\":\"$2\",\"singular\":\"$3\",\"shortNames\":[\"$4\"]},\"versions\":[{\"name\":\"v1beta1\",\"served\":true,\"storage\":true,
      \"subresources\":{\"status\":{},\"scale\":{\"specReplicasPath\":\".spec.replicas\",\"statusReplicasPath\":\".status.replicas\"}},
      \"schema\":{\"openAPIV3Schema\":{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true},
      \"status\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}}}}]}}"
    within 30 defined "$2"
  }
  # shellcheck disable=SC2317 # within calls them
  undefined() { send dc1 GET "$definitions/$1.e2e-steps.example.org" | grep -q '"code": 404'; }
  # shellcheck disable=SC2317
  defined() { send dc1 GET /apis/e2e-steps.example.org/v1beta1 | grep -q "\"name\": *\"$1\""; }
  definition GatePolicy gatepolicies gatepolicy gtp Namespaced
  definition Firewall firewalls firewall fwl Cluster
  create dc1 $policies '{"apiVersion":"e2e-steps.example.org/v1beta1","kind":"GatePolicy","metadata":{"name":"p"},"spec":{"replicas":1}}'
  status "a custom resource without a rule is 65" 65 k8s-rollout status gatepolicy/p "${on1[@]}"
  has "and says why" 'nothing in its status says' "$err$out"
  merge dc1 $policies/p/status '{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Up"}],"phase":"Fine"}}'
  local name
  for name in gatepolicy gatepolicies GatePolicy gtp gatepolicies.e2e-steps.example.org gatepolicy.e2e-steps.example.org; do
    status "it is found as $name" 0 k8s-rollout status "$name/p" "${on1[@]}"
  done
  status "by type and name" 0 k8s-rollout status gatepolicy p "${on1[@]}"
  status "all of the type" 0 k8s-rollout status gatepolicies "${on1[@]}"
  status "explain knows it" 0 k8s-rollout explain gtp/p "${on1[@]}"
  printf 'gatepolicies.e2e-steps.example.org/p %s dc1\n' $ns >list
  status "by standard input" 0 sh -c "k8s-rollout status - --context dc1 <list"
  printf 'apiVersion: e2e-steps.example.org/v1beta1\nkind: GatePolicy\nmetadata: {name: p, namespace: %s}\n' $ns >manifest.yaml
  status "by a manifest" 0 k8s-rollout status -f manifest.yaml --context dc1
  status "a rule of one's own" 0 k8s-rollout status gtp/p "${on1[@]}" --ready-when 'jsonpath={.status.phase}=Fine'
  status "that says failed" 1 k8s-rollout status gtp/p "${on1[@]}" --failed-when 'jsonpath={.status.phase}=Fine'
  has "by name" 'ResourceFailed' "$err"
  merge dc1 $policies/p/status '{"status":{"conditions":[{"type":"Ready","status":"False","reason":"Wait","message":"for the other"}]}}'
  (sleep 3; merge dc1 $policies/p/status '{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Up"}]}}') &
  local begun=$EPOCHREALTIME
  status "a change of its status is seen" 0 k8s-rollout status gtp/p "${on1[@]}" --timeout 30s
  has "while it happens" '^[2-5]' "$(awk -v a="$begun" -v b="$EPOCHREALTIME" 'BEGIN { print int(b - a) }')"
  has "what it waited for was said" 'for the other' "$err"
  status "it is scaled by its own subresource" 0 k8s-rollout scale gtp/p "${on1[@]}" --replicas 4
  has "to four" '^4$' "$(field dc1 $policies/p "['spec']['replicas']")"
  status "one that is not there is 66" 66 k8s-rollout status gtp/q "${on1[@]}"
  has "with the one that was meant" "did you mean 'p'" "$err"
  status "a type that is not there is 66" 66 k8s-rollout status gadgets/p "${on1[@]}"
  create dc1 $walls '{"apiVersion":"e2e-steps.example.org/v1beta1","kind":"Firewall","metadata":{"name":"w"},"spec":{}}'
  merge dc1 $walls/w/status '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}'
  status "one without a namespace" 0 k8s-rollout status firewall/w "${on1[@]}"
  for name in gatepolicies firewalls; do send dc1 DELETE "$definitions/$name.e2e-steps.example.org" >/dev/null; done
}

# ---- who serves, and canaries by a Deployment of their own

group_via() {
  labelled() { # NAME TRACK REPLICAS
    create dc1 $deployments "{\"metadata\":{\"name\":\"$1\"},\"spec\":{\"replicas\":$3,\"selector\":{\"matchLabels\":{\"shop\":\"yes\",\"track\":\"$2\"}},
      \"template\":{\"metadata\":{\"labels\":{\"shop\":\"yes\",\"track\":\"$2\"}},$(pod_spec "$good")}}}"
  }
  labelled shop main 3
  labelled shop-canary canary 1
  create dc1 "/api/v1/namespaces/$ns/services" '{"metadata":{"name":"shop"},"spec":{"selector":{"shop":"yes"},"ports":[{"port":80}]}}'
  up deploy/shop
  up deploy/shop-canary
  within 20 sees_four
  status "who serves behind a Service" 0 k8s-rollout canary status svc/shop "${on1[@]}"
  has "three quarters" 'shop +3/3 +75.0 %' "$out"
  has "and one" 'shop-canary +1/1 +25.0 %' "$out"
  status "a canary of its own is started" 0 k8s-rollout canary start deploy/shop "${on1[@]}" --via deploy/shop-canary --image "$better" --bake 3s
  has "beside the main one" 'shop: 3 of 3 ready, 0 restarts; shop-canary: 1 of 1 ready, 0 restarts' "$out"
  has "which keeps its image" "^$good\$" "$(image_of shop)"
  has "as the other has the new one" "^$better\$" "$(image_of shop-canary)"
  status "promoted" 0 k8s-rollout canary promote deploy/shop "${on1[@]}" --via deploy/shop-canary
  has "the main one has it, too" "^$better\$" "$(image_of shop)"
  status "a bad one is put back by itself" 5 k8s-rollout canary start deploy/shop "${on1[@]}" --via deploy/shop-canary --image "$absent" --undo-on-failure --patience 5s
  has "to what it was" "^$better\$" "$(image_of shop-canary)"
  set_image dc1 $deployments/shop-canary "$good"
  status "abort takes the main one's image" 0 k8s-rollout canary abort deploy/shop "${on1[@]}" --via deploy/shop-canary
  has "again" "^$better\$" "$(image_of shop-canary)"
  status "canary status of a Service that is not there is 66" 66 k8s-rollout canary status svc/shed "${on1[@]}"
}
sees_four() { [ "$(send dc1 GET "/apis/discovery.k8s.io/v1/namespaces/$ns/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dshop" | grep -c '"ready": true')" = 4 ]; }

# ---- a rollout in the middle of other people's work

group_meanwhile() {
  local other
  local begun=$SECONDS
  deploy talk "$talking"
  status "the new pods' logs are told while it waits" 0 k8s-rollout status deploy/talk "${on1[@]}" --follow-logs 20 --stable 4s
  has "on standard error" 'line [0-9]+ of the log' "$err"
  has "standard output is the answer alone" '^deployment "talk" successfully rolled out' "$out"
  has "one line" '^1$' "$(wc -l <<<"$out")"
  has "and no more than were asked for" '^yes$' "$([ "$(grep -c 'of the log' <<<"$err")" -le $((20 * (SECONDS - begun + 2))) ] && echo yes)"

  deploy busy "$good"
  up deploy/busy
  status "by a selector that matches one" 0 k8s-rollout status deploy -l app=busy "${on1[@]}"
  status "that matches two" 0 k8s-rollout status deploy -l 'app in (busy,talk)' "${on1[@]}"
  has "both" '^2$' "$(wc -l <<<"$out")"
  status "that matches none" 66 k8s-rollout status deploy -l app=none "${on1[@]}"
  create dc1 "$deployments" "$(workload Deployment slow '"replicas":2,' "$(pod_spec "$good" ',"readinessProbe":{"exec":{"command":["/bin/true"]},"initialDelaySeconds":6,"periodSeconds":1}')")"
  (sleep 3; merge dc1 $deployments/slow/scale '{"spec":{"replicas":4}}') &
  status "scaled by hand meanwhile, it is the same rollout" 0 k8s-rollout status deploy/slow "${on1[@]}" --timeout 60s
  has "with a new goal" 'wanted 2 -> 4' "$err"
  has "that is reached" '^4$' "$(field dc1 $deployments/slow "['status']['availableReplicas']")"
  set_variable dc1 $deployments/slow two
  status "one look at what is unfinished is 3" 3 k8s-rollout status deploy/slow "${on1[@]}" --watch=false
  k8s-rollout status deploy/slow "${on1[@]}" --timeout 60s >over.out 2>over.err & other=$!
  within 20 grep -q updated over.err
  set_variable dc1 $deployments/slow three
  wait $other && other=0 || other=$?
  has "another template meanwhile is another rollout" '^75$' "$other"
  status "to be followed if one likes" 0 k8s-rollout status deploy/slow "${on1[@]}" --follow-superseded --timeout 60s

  set_variable dc1 $deployments/slow four
  within 20 deployment_seen slow
  status "a rollout under way is stopped at one pod" 0 k8s-rollout pause deploy/slow "${on1[@]}" --at 1 --timeout 60s
  has "exactly" 'paused at 1 new pod; 1 new pods beside 4 old ones serve: 20.0 %' "$out"
  status "where it stays" 3 k8s-rollout canary status deploy/slow "${on1[@]}"
  status "until it is promoted" 0 k8s-rollout canary promote deploy/slow "${on1[@]}" --wait-terminated --timeout 60s
  has "then no old pod is left" '^4$' "$(send dc1 GET "/api/v1/namespaces/$ns/pods?labelSelector=app%3Dslow" | grep -c '"phase":')"

  # Two people undo the same failure. One of them does it, and it is done once.
  local one=0 revision
  set_image dc1 $deployments/busy "$absent"
  within 20 deployment_seen busy
  status "a canary beside what is not whole proves nothing" 75 k8s-rollout canary start deploy/busy "${on1[@]}" --image "$better" --percent 30
  k8s-rollout undo deploy/busy "${on1[@]}" >one.out 2>one.err & one=$!
  k8s-rollout undo deploy/busy "${on1[@]}" >two.out 2>two.err & other=$!
  wait $one && one=0 || one=$?
  wait $other && other=0 || other=$?
  has "two undo runs at once: one does it, the other is told" '^(0 75|75 0)$' "$one $other"
  has "the good image is back" "^$good\$" "$(image_of busy)"
  revision=$(field dc1 $deployments/busy "['metadata']['annotations']['slipway/undo']")
  has "from the bad revision, once" '"from":"2"' "$revision"
  status "a third one does not bring the bad one back" 75 k8s-rollout undo deploy/busy "${on1[@]}"
  has "and says who was there before" 'was brought back from revision 2 already, by' "$err"
  status "unless it is named, which is asked about" 64 k8s-rollout undo deploy/busy "${on1[@]}" --to-revision 2
  has "because it was left" 'revision 2 was left by an undo of' "$err"
  status "and answered" 0 k8s-rollout undo deploy/busy "${on1[@]}" --to-revision 2 --yes
  status "and back, which leaves that one" 0 k8s-rollout undo deploy/busy "${on1[@]}" --to-image "$good" --wait --yes
  status "paused" 0 k8s-rollout pause deploy/busy "${on1[@]}"
  status "an undo of it is refused" 75 k8s-rollout undo deploy/busy "${on1[@]}" --to-revision 2
  has "with the whole command" 'k8s-rollout undo deployment/busy -n e2e-steps --context dc1 --resume' "$err"
  status "a restart, too" 75 k8s-rollout restart deploy/busy "${on1[@]}"
  status "resumed" 0 k8s-rollout resume deploy/busy "${on1[@]}" --wait
  status "autoscale makes one" 0 k8s-rollout autoscale deploy/busy "${on1[@]}" --min 2 --max 4 --cpu 70
  status "and changes it" 0 k8s-rollout autoscale deploy/busy "${on1[@]}" --max 5
  status "outside of it no scaling" 75 k8s-rollout scale deploy/busy "${on1[@]}" --replicas 9
  status "off" 0 k8s-rollout autoscale deploy/busy "${on1[@]}" --off
  status "to zero, which is remembered" 0 k8s-rollout scale deploy/busy "${on1[@]}" --replicas 0 --wait
  status "and back" 0 k8s-rollout scale deploy/busy "${on1[@]}" --restore --wait
  has "to two" '^2$' "$(field dc1 $deployments/busy "['spec']['replicas']")"
}
deployment_seen() { send dc1 GET "$deployments/$1" | python3 -c 'import json, sys; o = json.load(sys.stdin); sys.exit(o["status"]["observedGeneration"] < o["metadata"]["generation"])'; }

# ---- several clusters

group_clusters() {
  local both=(-n "$ns" --contexts "dc1,dc2")
  export XDG_STATE_HOME=$scratch/state
  deploy pair "$good" 2 dc1
  deploy pair "$good" 2 dc2
  status "both are up" 0 k8s-rollout status deploy/pair "${both[@]}"
  status "on a terminal it is a table" 0 python3 "$e2e/rollout/at-terminal" 'no question' - k8s-rollout status deploy/pair "${both[@]}" --stable 2s
  has "with a bar" 'dc2 deployment/pair +\[##########\] 2/2/2 +0:0' "$out"
  has "and the answer stays when that is drawn for the last time" 'dc2: deployment "pair" successfully rolled out' "${out##*$'\x1b[J'}"
  status "they agree" 0 k8s-rollout drift deploy/pair "${both[@]}"
  status "nobody can be asked: a wrong command line" 64 sh -c "k8s-rollout restart deploy/pair -n $ns --contexts dc1,dc2 --confirm-each </dev/null"
  has "after the first cluster" 'dc1 is done. Go on with dc2\?' "$err"
  status "--yes answers" 0 k8s-rollout restart deploy/pair "${both[@]}" --confirm-each --yes
  status "a no on a terminal" 75 answering n k8s-rollout restart deploy/pair "${both[@]}" --confirm-each
  has "changes nothing further" 'nothing further is changed' "$out$err"
  status "a yes" 0 answering y k8s-rollout restart deploy/pair "${both[@]}" --confirm-each
  local begun=$SECONDS
  status "both at once" 0 k8s-rollout restart deploy/pair "${both[@]}" --clusters-at-once 2
  has "with a table of them" 'dc1 .*done' "$err"
  has "of both" 'dc2 .*done' "$err"
  status "a run of several clusters has a journal" 0 k8s-rollout plan list
  has "which is done" 'restart +2 +done' "$out"
  status "one after the other, and a check that fails takes all back" 5 k8s-rollout restart deploy/pair "${both[@]}" \
    --bake 2s --check "sh -c 'test \$K8S_ROLLOUT_CLUSTER = dc1'" --on-failure undo-all
  has "the check is named" 'check .* failed' "$err$out"
  interrupt "Ctrl-C between the clusters" 'baking|bake' 130 k8s-rollout restart deploy/pair "${both[@]}" --bake 20s
  has "says how it goes on" 'k8s-rollout plan continue [0-9a-z-]+, or plan abort' "$err"
  local id
  id=$(grep -oE 'plan continue [0-9a-z-]+' <<<"$err" | awk 'NR == 1 { print $3 }')
  status "it is in the list" 0 k8s-rollout plan list
  has "as unfinished" "$id +restart +2 +unfinished" "$out"
  status "taking it back can be tried dry" 0 k8s-rollout plan abort "$id" --dry-run
  has "and is only said" 'would be taken back \(dry run\)' "$out"
  status "so can going on" 0 k8s-rollout plan continue "$id" --dry-run
  status "neither is noted down" 0 k8s-rollout plan list
  has "as done" "$id +restart +2 +unfinished" "$out"
  status "and it is taken back" 0 k8s-rollout plan abort "$id"
  deploy lone "$good" 2 dc1
  up deploy/lone
  status "an autoscaler where one cluster lacks the workload" 66 k8s-rollout autoscale deploy/lone "${both[@]}" --max 3
  has "is made on none" 'nothing was changed on any cluster' "$err"
  status "as a canary" 66 k8s-rollout canary start deploy/lone "${both[@]}" --image "$better" --percent 20
  has "is begun on none" 'nothing was changed on any cluster' "$err"
  status "what stands on one is told all the same" 66 k8s-rollout canary status deploy/lone "${both[@]}"
  has "of that one" 'dc1: deployment "lone"' "$out"
  status "nothing to be found is fine" 0 k8s-rollout pause deploy/nobody "${on1[@]}" --ignore-not-found
  status "beside what is there, too" 0 k8s-rollout status deploy/lone deploy/nobody "${on1[@]}" --ignore-not-found
  status "a canary" 0 k8s-rollout canary start deploy/lone "${on1[@]}" --image "$better" --percent 50
  status "is no matter for undo" 75 k8s-rollout undo deploy/lone "${on1[@]}" --resume
  has "which says whose it is" 'canary abort deployment/lone' "$err"
  status "and then it goes" 0 k8s-rollout canary abort deploy/lone "${on1[@]}"
  set_image dc1 $deployments/pair "$better"
  status "now they differ" 1 k8s-rollout drift deploy/pair "${both[@]}"
}
# answering WORD COMMAND...: with a terminal that types WORD after the question.
answering() {
  local word=$1
  shift
  python3 "$e2e/rollout/at-terminal" "Go on with|go on\?" "$word" "$@"
}

# ---- credentials

exec_config() { # FILE INTERACTIVE-MODE COMMAND [ARGUMENT...]
  local config pki server file=$1 mode=$2
  lab dc1
  shift 2
  python3 - "$file" "$server" "$pki/ca.crt" "$ns" "$mode" "$@" <<'PYTHON'
import json, sys
file, server, ca, ns, mode, *command = sys.argv[1:]
user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command[0], "args": command[1:], "interactiveMode": mode,
                 "installHint": "ask the people on the third floor", "provideClusterInfo": True}}
json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "one",
           "clusters": [{"name": n, "cluster": {"server": server, "certificate-authority": ca}} for n in ("a", "b")],
           "users": [{"name": "u", "user": user}],
           "contexts": [{"name": n, "context": {"cluster": c, "user": "u", "namespace": ns}} for n, c in (("one", "a"), ("two", "b"))]},
          open(file, "w"))
PYTHON
}
group_plugins() {
  local config pki server
  lab dc1
  cat >plugin <<PLUGIN
#!/usr/bin/env python3
import json, os, sys
runs = os.path.join("$scratch", "runs")
open(runs, "a").write("run " + os.environ["KUBERNETES_EXEC_INFO"] + "\n")
first = len(open(runs).read().splitlines()) == 1
if "refused" in sys.argv and first: status = {"token": "of-yesterday"}
else: status = {"clientCertificateData": open("$pki/admin.crt").read(), "clientKeyData": open("$pki/admin.key").read()}
if "ask" in sys.argv: sys.stderr.write("your name: "); sys.stderr.flush(); assert sys.stdin.readline().strip() == "ann"
version = "client.authentication.k8s.io/v1beta1" if "old" in sys.argv else "client.authentication.k8s.io/v1"
print(json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}))
PLUGIN
  chmod +x plugin
  deploy named "$good" 1
  up deploy/named
  exec_config ok.yaml IfAvailable "$scratch/plugin"
  status "a credential plugin's certificate" 0 k8s-rollout status deploy/named --kubeconfig ok.yaml
  has "is asked for once" '^1$' "$(wc -l <runs)"
  has "and told of the cluster" '"server":"https' "$(cat runs)"
  rm runs
  status "the same plugin for two contexts" 0 k8s-rollout status deploy/named --kubeconfig ok.yaml --contexts one,two
  has "runs once for each cluster that it is told of, as they differ in nothing: once" '^1$' "$(wc -l <runs)"
  rm runs
  exec_config refused.yaml IfAvailable "$scratch/plugin" refused
  status "a token that is refused is asked for again, and the request repeated" 0 k8s-rollout status deploy/named --kubeconfig refused.yaml
  has "once" '^2$' "$(wc -l <runs)"
  rm -f runs
  exec_config always.yaml Always "$scratch/plugin" ask
  status "a plugin that insists on a terminal" 78 sh -c "k8s-rollout status deploy/named --kubeconfig always.yaml </dev/null"
  has "is refused without one" 'insists on a terminal' "$err"
  if [ -e runs ]; then fail "before it runs" "$(cat runs)"; else pass "before it runs"; fi
  status "and may ask where there is one" 0 python3 "$e2e/rollout/at-terminal" 'your name: ' ann k8s-rollout status deploy/named --kubeconfig always.yaml
  exec_config old.yaml Never "$scratch/plugin" old
  status "an answer in another version is 78" 78 k8s-rollout status deploy/named --kubeconfig old.yaml
  exec_config missing.yaml Never "$scratch/no-such-plugin"
  status "a plugin that is not there is 78" 78 k8s-rollout status deploy/named --kubeconfig missing.yaml
  has "with its hint" 'ask the people on the third floor' "$err"
  exec_config failing.yaml Never /bin/false
  status "one that fails is 78" 78 k8s-rollout status deploy/named --kubeconfig failing.yaml
  printf 'nobody' >token
  status "a wrong token is 77" 77 k8s-rollout status deploy/named "${on1[@]}" --token-file token
  has "and is named by its file, not by the user that it stands over" "credentials of user 'the token in token'" "$err"

  # Completion, with the names of this moment, through bash itself.
  # shellcheck disable=SC2016 # for the other shell
  status "completion of a name" 0 bash -c 'source <(k8s-rollout completion bash); compopt() { :; }
    COMP_WORDS=(k8s-rollout -n '$ns' --context dc1 status deploy/name); COMP_CWORD=6; _k8s_rollout; printf "%s\n" "${COMPREPLY[@]}"'
  has "as it is on the cluster" '^deploy/named$' "$out"
  local begun=$EPOCHREALTIME
  status "completion without a cluster" 0 k8s-rollout completion candidates -- --context dc1 --server https://127.0.0.1:1 status deploy/
  has "does not hang" '^[0-2]$' "$(awk -v a="$begun" -v b="$EPOCHREALTIME" 'BEGIN { print int(b - a) }')"
  status "completion of contexts" 0 k8s-rollout completion candidates -- status --context ''
  has "all that there are" '^dc2$' "$out"
}

# ---- the least Role of the manual

group_role() {
  local config pki server which roles
  lab dc1
  roles=/apis/rbac.authorization.k8s.io/v1/namespaces/$ns
  for which in reader writer; do
    create dc1 "/api/v1/namespaces/$ns/serviceaccounts" "{\"metadata\":{\"name\":\"$which\"}}"
    create dc1 "$roles/roles" "{\"metadata\":{\"name\":\"$which\"},\"rules\":$(python3 "$e2e/rollout/roles-of-manual" "$top/man/k8s-rollout.1" $which)}"
    create dc1 "$roles/rolebindings" "{\"metadata\":{\"name\":\"$which\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"Role\",\"name\":\"$which\"},\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"$which\"}]}"
    send dc1 POST "/api/v1/namespaces/$ns/serviceaccounts/$which/token" '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}' |
      python3 -c 'import json, sys; print(json.load(sys.stdin)["status"]["token"])' >$which.token
    printf '{"apiVersion":"v1","kind":"Config","current-context":"c","clusters":[{"name":"c","cluster":{"server":"%s","certificate-authority":"%s"}}],
      "users":[{"name":"u","user":{"tokenFile":"%s"}}],"contexts":[{"name":"c","context":{"cluster":"c","user":"u","namespace":"%s"}}]}' \
      "$server" "$pki/ca.crt" "$scratch/$which.token" $ns >$which.yaml
  done
  local r=(--kubeconfig reader.yaml) w=(--kubeconfig writer.yaml)
  deploy least "$good"
  status "a reader waits" 0 k8s-rollout status deploy/least "${r[@]}"
  if grep -q 'may not be' <<<"$err"; then fail "and lacks nothing" "$err"; else pass "and lacks nothing"; fi
  status "and explains" 0 k8s-rollout explain deploy/least "${r[@]}"
  status "and lists revisions" 0 k8s-rollout history deploy/least "${r[@]}"
  set_image dc1 $deployments/least "$absent"
  status "finds the cause" 1 k8s-rollout status deploy/least "${r[@]}" --patience 5s
  has "with its event" 'events .*Warning Failed' "$err"
  status "but changes nothing" 77 k8s-rollout undo deploy/least "${r[@]}"
  status "a writer undoes" 0 k8s-rollout undo deploy/least "${w[@]}" --wait
  status "pauses" 0 k8s-rollout pause deploy/least "${w[@]}"
  status "resumes" 0 k8s-rollout resume deploy/least "${w[@]}"
  status "restarts" 0 k8s-rollout restart deploy/least "${w[@]}" --wait
  status "scales" 0 k8s-rollout scale deploy/least "${w[@]}" --replicas 3 --wait
  status "autoscales" 0 k8s-rollout autoscale deploy/least "${w[@]}" --min 2 --max 4
  status "and again" 0 k8s-rollout autoscale deploy/least "${w[@]}" --max 6
  status "tries a canary" 0 k8s-rollout canary start deploy/least "${w[@]}" --image "$better" --percent 25
  status "sees it" 3 k8s-rollout canary status deploy/least "${w[@]}"
  status "and takes it back" 0 k8s-rollout canary abort deploy/least "${w[@]}"
  create dc1 "/api/v1/namespaces/$ns/services" '{"metadata":{"name":"least"},"spec":{"selector":{"app":"least"},"ports":[{"port":80}]}}'
  within 20 has_endpoints least
  status "sees who serves" 0 k8s-rollout canary status svc/least "${w[@]}"
  merge dc1 $deployments/least '{"spec":{"replicas":1}}'
  create dc1 $apps/statefulsets "$(workload StatefulSet kept '"replicas":1,"serviceName":"kept","updateStrategy":{"type":"OnDelete"},' "$(pod_spec "$good")")"
  status "sees a StatefulSet" 0 k8s-rollout status sts/kept "${r[@]}"
  status "evicts" 0 k8s-rollout restart sts/kept "${w[@]}" --timeout 60s
}
has_endpoints() { send dc1 GET "/apis/discovery.k8s.io/v1/namespaces/$ns/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D$1" | grep -q '"ready": true'; }

# ---- Ctrl-C, wherever something is left behind

group_ctrlc() {
  deploy stop "$good"
  up deploy/stop
  local slow=',"readinessProbe":{"exec":{"command":["/bin/true"]},"initialDelaySeconds":8,"periodSeconds":1}'
  create dc1 "$deployments" "$(workload Deployment late '"replicas":2,' "$(pod_spec "$good" "$slow")")"
  interrupt "Ctrl-C while it waits" 'updated' 130 k8s-rollout status deploy/late "${on1[@]}"
  empty "with nothing on standard output" "$out"
  has "says that nothing was changed" 'stopped.*late.*as it is' "$err"
  up deploy/late
  interrupt "Ctrl-C after a restart was written" 'updated' 130 k8s-rollout restart deploy/late "${on1[@]}" --wait
  has "says that it goes on" 'late.*what is written stays' "$err"
  up deploy/late
  interrupt "Ctrl-C after a scaling was written" 'available' 130 k8s-rollout scale deploy/late "${on1[@]}" --replicas 3 --wait
  has "says that it goes on" 'late.*what is written stays' "$err"
  set_image dc1 $deployments/late "$absent"
  interrupt "Ctrl-C after an undo was written" 'undo|rolled back|updated|available' 130 k8s-rollout undo deploy/late "${on1[@]}" --wait --stable 20s
  has "says that it goes on" 'late.*what is written stays' "$err"
  has "which it does" "^$good\$" "$(image_of late)"
  set_image dc1 $deployments/late "$absent"
  interrupt "Ctrl-C during an undo by itself" 'undoing revision' 130 k8s-rollout status deploy/late "${on1[@]}" --undo-on-failure --patience 5s --stable 20s
  has "says that the undo is written" 'late.*undo.*written' "$err"
  has "which it is" "^$good\$" "$(image_of late)"
  up deploy/late
  interrupt "Ctrl-C while a canary comes up" 'updated' 130 k8s-rollout canary start deploy/late "${on1[@]}" --image "$better" --percent 30
  has "says how to leave" 'canary abort deployment/late' "$err"
  status "which works" 0 k8s-rollout canary abort deploy/late "${on1[@]}"
  has "and leaves the Deployment as it was" '^(None|25%) 25% 0$' "$(field dc1 $deployments/late "['spec'].get('minReadySeconds'), '25%', 0" >/dev/null 2>&1
    send dc1 GET $deployments/late | python3 -c 'import json, sys; s = json.load(sys.stdin)["spec"]; print(s.get("minReadySeconds"), s["strategy"]["rollingUpdate"]["maxSurge"], int(s.get("paused", False)))')"
  interrupt "Ctrl-C while a canary bakes" 'baking' 130 k8s-rollout canary start deploy/stop "${on1[@]}" --image "$better" --percent 30 --bake 30s
  has "says how to leave" 'canary abort deployment/stop' "$err"
  status "or to go on" 0 k8s-rollout canary promote deploy/stop "${on1[@]}"
  has "to the new image" "^$better\$" "$(image_of stop)"
  create dc1 $apps/statefulsets "$(workload StatefulSet stay '"replicas":2,"serviceName":"stay","updateStrategy":{"type":"OnDelete"},' "$(pod_spec "$good" "$slow")")"
  up sts/stay
  interrupt "Ctrl-C between two evictions" '0 of 2 pods restarted' 130 k8s-rollout restart sts/stay "${on1[@]}"
  has "says how far it came" 'stay.*1 of 2 pods evicted' "$err"
}

# ---- Several at once: each is told, and undone, as soon as it has ended

group_several() {
  deploy wrong "$good" && deploy calm "$good"
  up deploy/wrong
  up deploy/calm
  set_image dc1 $deployments/wrong "$absent"
  status "one of two fails, and is undone while the other is still watched" 5 \
    k8s-rollout status deploy/calm deploy/wrong "${on1[@]}" --json --undo-on-failure --patience 5s --stable 20s
  holds "each line is told when it happens" lines_in_order "$out"
  has "and the failed one is back" "^$good\$" "$(image_of wrong)"
  set_image dc1 $deployments/wrong "$absent"
  status "a revision that never was is not gone back to" 1 k8s-rollout status deploy/wrong "${on1[@]}" --undo-on-failure=77 --patience 5s
  has "which is said" 'not undone: .*77' "$err"
  status "the verdict stands although the evidence cannot be kept" 1 k8s-rollout status deploy/wrong "${on1[@]}" --evidence /proc/none --patience 5s
  has "which is said, too" 'no evidence kept' "$err"
  status "the one before, by a word" 5 k8s-rollout status deploy/wrong "${on1[@]}" --undo-on-failure=previous --patience 5s
}
lines_in_order() {
  python3 - "$1" <<'END'
import json, sys
lines = [json.loads(line) for line in sys.argv[1].splitlines()]
for line in lines[:-1]:
    for key in ("schema", "ts", "cluster", "context", "namespace", "kind", "name", "uid", "event"):
        assert line.get(key), (key, line)
assert lines[-1]["event"] == "summary" and lines[-1]["status"] == 5, lines[-1]
seen = [(line["name"], line["event"], line.get("state")) for line in lines[:-1]]
def at(name, event, state=None):
    return next(i for i, each in enumerate(seen) if each[:2] == (name, event) and state in (None, each[2]))
assert at("wrong", "start") < at("wrong", "cause") < at("wrong", "undo", "written") < at("wrong", "undo", "done")
assert at("wrong", "undo", "written") < at("calm", "verdict", "done"), seen
assert at("wrong", "undo", "done") < at("wrong", "verdict", "undone"), seen
assert max(i for i, each in enumerate(seen) if each[0] == "wrong") == at("wrong", "verdict"), seen
cause = lines[at("wrong", "cause")]
assert cause["id"].startswith("image-") and cause["cause"]["pod"] and cause["revision"] == 2, cause
assert any(line["event"] == "pod" and line["name"] == "wrong" and line["pod"] for line in lines)
END
}

# ---- kubectl's flags

group_flags() {
  deploy plain "$good" && deploy other "$good"
  up deploy/plain
  status "-w needs no value" 0 k8s-rollout status -w deploy/plain "${on1[@]}"
  set_image dc1 $deployments/plain "$better"
  status "and can have one" 3 k8s-rollout status -w=false deploy/plain "${on1[@]}"
  up deploy/plain # or going back may be over before it is looked at
  set_image dc1 $deployments/plain "$good"
  status "progress goes to stdout when asked" 0 k8s-rollout status deploy/plain "${on1[@]}" --progress stdout -q
  has "in kubectl's words" '^Waiting for deployment "plain" rollout to finish: ' "$out"
  has "before the verdict" '^deployment "plain" successfully rolled out' "$(tail -n 1 <<<"$out")"
  set_image dc1 $deployments/plain "$better"
  up deploy/plain
  status "the server tries an undo" 0 k8s-rollout undo deploy/plain "${on1[@]}" --dry-run=server
  has "and says so" 'rolled back: revision [0-9]+ -> [0-9]+.*\(server dry run\)' "$out"
  has "but nothing is changed" "^$better\$" "$(image_of plain)"
  status "an undo says what differs" 0 k8s-rollout undo deploy/plain "${on1[@]}" --diff --wait --as ann --as-group system:masters
  has "by the containers" 'image' "$out"
  has "in the name of who did it" 'ann' "$(k8s-rollout history deploy/plain "${on1[@]}" 2>/dev/null)"
  set_image dc1 $deployments/plain "$better"
  up deploy/plain
  status "and a restart" 0 k8s-rollout restart deploy/plain "${on1[@]}" --dry-run=server
  status "and a scaling to none, which takes two writes" 0 k8s-rollout scale deploy/plain "${on1[@]}" --replicas 0 --dry-run=server
  has "without one" '^2 None$' "$(field dc1 $deployments/plain "['spec']['replicas'], o['metadata']['annotations'].get('slipway/replicas-before-zero')")"
  status "and a canary" 0 k8s-rollout canary start deploy/plain "${on1[@]}" --image "$good" --percent 30 --dry-run=server
  has "without one" "^$better\$" "$(image_of plain)"
  status "and an autoscaler" 0 k8s-rollout autoscale deploy/plain "${on1[@]}" --max 3 --cpu 70 --dry-run=server
  has "without one" '"code": 404' "$(send dc1 GET "/apis/autoscaling/v2/namespaces/$ns/horizontalpodautoscalers/plain")"
  status "none is none" 0 k8s-rollout restart deploy/plain "${on1[@]}" --dry-run=none --field-manager ann --wait
  has "in the name that was given" 'ann' "$(field dc1 $deployments/plain "['metadata']['managedFields']" | grep -o "'manager': 'ann'")"
  status "all of a type" 0 k8s-rollout scale --all deploy -l app=other "${on1[@]}" --replicas 1 --wait
  has "by that name" 'deployment "other" scaled 2 -> 1' "$out"
}

all=(sts ds fickle nodes job cr via meanwhile clusters plugins role ctrlc several flags)
[ $# -gt 0 ] || set -- "${all[@]}"
groups "$@"
finish
