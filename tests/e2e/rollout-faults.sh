#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every failure class that a lab can provoke, for real, on a real cluster: that it is found, by its id, in its time, and
# that what heals in time is no failure. Prints the time to each verdict. Namespaces of their own keep the cases apart,
# so that they run side by side.
#
# RECORD_STREAMS=DIR   record the watch streams there, as data for tests/unit/kube/replay_test.cpp
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_engine
need_registry
need_base
need_cluster dc1
cd "$scratch"
network=$("$top/scripts/lib/build-network")
mkdir context
image() { # NAME ENTRYPOINT-JSON
  printf 'FROM %s\nENTRYPOINT %s\n' "$base" "$2" >Dockerfile
  pipeline-build --network "$network" -f Dockerfile --context context 2>/dev/null |
    registry-push "$registry/e2e/rollout-faults:$1" 2>/dev/null
}
good=$(image good '["/bin/sh", "-c", "trap \"exit 0\" TERM; while :; do sleep 1 & wait; done"]')
crashing=$(image crashing '["/bin/sh", "-c", "echo FATAL: the queue is gone; exit 3"]')
# shellcheck disable=SC2016 # for the shell in the container
greedy=$(image greedy '["/bin/sh", "-c", "x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done"]')

config=$("$top/scripts/local-cluster" kubeconfig dc1)
pki=${config%/*}/pki
server=$(sed -n 's/.*server: *"\{0,1\}\(https[^"}, ]*\).*/\1/p' "$config" | head -n 1)
send() { # METHOD PATH [JSON] [TYPE]
  curl -sS --noproxy '*' --cacert "$pki/ca.crt" --cert "$pki/admin.crt" --key "$pki/admin.key" -X "$1" \
    -H "Content-Type: ${4:-application/json}" "$server$2" --data-binary "${3:-}"
}
prefix='e2e-fault'
names=()
cleanup() { local n; for n in "${names[@]}"; do send DELETE "/api/v1/namespaces/$prefix-$n" >/dev/null; done
  send DELETE /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/$prefix >/dev/null; }
on_exit+=(cleanup)
space() { # NAME [LABELS-JSON]
  names+=("$1")
  send DELETE "/api/v1/namespaces/$prefix-$1" >/dev/null
  within 60 gone "$1" || return 1
  send POST /api/v1/namespaces "{\"metadata\":{\"name\":\"$prefix-$1\",\"labels\":${2:-{\}}}}" >/dev/null
  within 20 account "$1"
}
gone() { send GET "/api/v1/namespaces/$prefix-$1" | grep -q '"code": 404'; }
account() { send GET "/api/v1/namespaces/$prefix-$1/serviceaccounts/default" | grep -q '"name": "default"'; }
deploy() { # NAMESPACE IMAGE [CONTAINER-FIELDS] [POD-FIELDS] [REPLICAS]
  send POST "/apis/apps/v1/namespaces/$prefix-$1/deployments" "$(printf '{"metadata":{"name":"web"},"spec":{"replicas":%s,
    "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"terminationGracePeriodSeconds":1%s,
    "containers":[{"name":"web","image":"%s"%s}]}}}}' "${5:-1}" "${4:-}" "$2" "${3:-}")" >/dev/null
}

# A case runs by itself; what it found comes back as a line: NAME STATUS ID SECONDS.
judge() { # NAME [OPTIONS...]
  local name=$1 got=0 begun=$EPOCHREALTIME recorder=''
  shift
  if [ -n "${RECORD_STREAMS:-}" ]; then
    "$top/tests/e2e/record-streams" "$config" "$prefix-$name" Deployment web "$RECORD_STREAMS/real-$name.jsonl" &
    recorder=$!
  fi
  k8s-rollout status deploy/web -n "$prefix-$name" --context dc1 --json --timeout 150s "$@" >"$name.out" 2>"$name.err" || got=$?
  if [ -n "$recorder" ]; then sleep 1; kill "$recorder"; wait "$recorder" || true; fi
  awk -v name="$name" -v status="$got" -v begun="$begun" -v ended="$EPOCHREALTIME" -v id="$(
    python3 -c 'import json, sys; print([json.loads(l) for l in open(sys.argv[1])][-2].get("id", "-"))' "$name.out" 2>/dev/null || echo none
  )" 'BEGIN { printf "%s %s %s %.1f\n", name, status, id, ended - begun }' >"$name.came"
}

# ---- what breaks, and stays so
provoke_bad_image() { space bad-image && deploy bad-image "$registry/e2e/rollout-faults:absent"; judge bad-image; }
provoke_missing_secret() {
  space missing-secret && deploy missing-secret "$good" ',"env":[{"name":"P","valueFrom":{"secretKeyRef":{"name":"absent","key":"p"}}}]'
  judge missing-secret
}
provoke_crash_loop() { space crash-loop && deploy crash-loop "$crashing"; judge crash-loop; }
provoke_oom() { space oom && deploy oom "$greedy" ',"resources":{"limits":{"memory":"24Mi"}}'; judge oom; }
provoke_no_command() { space no-command && deploy no-command "$good" ',"command":["/no/such/program"]'; judge no-command; }
provoke_quota() {
  space quota
  send POST "/api/v1/namespaces/$prefix-quota/resourcequotas" '{"metadata":{"name":"q"},"spec":{"hard":{"pods":"0"}}}' >/dev/null
  within 20 quota_counts
  deploy quota "$good"
  judge quota
}
quota_counts() { send GET "/api/v1/namespaces/$prefix-quota/resourcequotas/q" | grep -q '"used"'; }
provoke_denied() {
  space denied '{"pod-security.kubernetes.io/enforce":"restricted"}'
  deploy denied "$good"
  judge denied
}
provoke_unschedulable() { space unschedulable && deploy unschedulable "$good" ',"resources":{"requests":{"memory":"900Gi"}}'; judge unschedulable --patience 20s; }
provoke_unbound() {
  space unbound
  send POST "/api/v1/namespaces/$prefix-unbound/persistentvolumeclaims" \
    '{"metadata":{"name":"data"},"spec":{"storageClassName":"none-such","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}' >/dev/null
  deploy unbound "$good" '' ',"volumes":[{"name":"d","persistentVolumeClaim":{"claimName":"data"}}]'
  judge unbound --patience 20s
}
provoke_no_claim() { space no-claim && deploy no-claim "$good" '' ',"volumes":[{"name":"d","persistentVolumeClaim":{"claimName":"absent"}}]'; judge no-claim; }
provoke_never_ready() {
  space never-ready
  deploy never-ready "$good" ',"readinessProbe":{"exec":{"command":["/bin/false"]},"periodSeconds":2}'
  judge never-ready --fail-unready-after 20s
}
provoke_probe() {
  space probe
  deploy probe "$good" ',"readinessProbe":{"exec":{"command":["/bin/false"]}},"livenessProbe":{"exec":{"command":["/bin/false"]},"periodSeconds":1,"failureThreshold":1}'
  judge probe
}
provoke_webhook() {
  space webhook '{"e2e-fault":"webhook"}'
  send POST /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations "{\"metadata\":{\"name\":\"$prefix\"},\"webhooks\":[{
    \"name\":\"down.example.org\",\"clientConfig\":{\"url\":\"https://127.0.0.1:1/x\"},\"failurePolicy\":\"Fail\",\"sideEffects\":\"None\",
    \"admissionReviewVersions\":[\"v1\"],\"timeoutSeconds\":1,\"namespaceSelector\":{\"matchLabels\":{\"e2e-fault\":\"webhook\"}},
    \"rules\":[{\"operations\":[\"CREATE\"],\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"],\"resources\":[\"pods\"]}]}]}" >/dev/null
  deploy webhook "$good"
  judge webhook --patience 20s
}

# ---- what heals in time
later() { sleep "$1"; shift; "$@" >/dev/null; }
heal_secret() {
  space heal-secret && deploy heal-secret "$good" ',"env":[{"name":"P","valueFrom":{"secretKeyRef":{"name":"late","key":"p"}}}]'
  later 12 send POST "/api/v1/namespaces/$prefix-heal-secret/secrets" '{"metadata":{"name":"late"},"stringData":{"p":"x"}}' &
  judge heal-secret
}
heal_quota() {
  space heal-quota
  send POST "/api/v1/namespaces/$prefix-heal-quota/resourcequotas" '{"metadata":{"name":"q"},"spec":{"hard":{"pods":"0"}}}' >/dev/null
  sleep 2
  deploy heal-quota "$good"
  later 15 send DELETE "/api/v1/namespaces/$prefix-heal-quota/resourcequotas/q" &
  judge heal-quota
}
heal_crash() { # the first start fails, the second does not
  space heal-crash
  deploy heal-crash "$good" ',"command":["/bin/sh","-c","if [ -e /mark/x ]; then trap \"exit 0\" TERM; while :; do sleep 1 & wait; done; fi; touch /mark/x; exit 1"],"volumeMounts":[{"name":"mark","mountPath":"/mark"}]' \
    ',"volumes":[{"name":"mark","emptyDir":{}}]'
  judge heal-crash --stable 5s
}
heal_ready() {
  space heal-ready
  # shellcheck disable=SC2016 # for the shell in the container
  deploy heal-ready "$good" ',"readinessProbe":{"exec":{"command":["/bin/sh","-c","test $(cut -d. -f1 /proc/uptime) -gt 0 && test -e /tmp/ok"]},"periodSeconds":1},"lifecycle":{"postStart":{"exec":{"command":["/bin/sh","-c","(sleep 8; touch /tmp/ok) >/dev/null 2>&1 &"]}}}'
  judge heal-ready --fail-unready-after 25s
}

cases=(bad_image missing_secret crash_loop oom no_command quota denied unschedulable unbound no_claim never_ready probe webhook)
heals=(heal_secret heal_quota heal_crash heal_ready)
# A few at a time: what is measured is patience, not the load.
run_all() {
  local running=0 one
  for one; do
    "$one" >/dev/null 2>&1 &
    running=$((running + 1))
    if [ $running -ge 6 ]; then wait -n || true; running=$((running - 1)); fi
  done
  wait
}
for one in "${cases[@]}"; do names+=("${one//_/-}"); done
for one in "${heals[@]}"; do names+=("${one//_/-}"); done
run_all "${cases[@]/#/provoke_}" "${heals[@]}"

# NAME ID SECONDS: failed (1), by that id, by then.
fails() {
  local got status id took
  got=$(cat "$1.came" 2>/dev/null || echo "$1 none none 0")
  read -r _ status id took <<<"$got"
  if [ "$status" = 1 ] && [ "$id" = "$2" ] && awk -v a="$took" -v b="$3" 'BEGIN { exit !(a <= b) }'; then
    pass "$1: $2 after $took s (at most $3)"
  else
    fail "$1 fails by $2 within $3 s" "$got; $(tail -n 5 "$1.err" 2>/dev/null)"
  fi
}
heals_in_time() {
  local got
  got=$(cat "$1.came" 2>/dev/null || echo "$1 none none 0")
  read -r _ status _ took <<<"$got"
  if [ "$status" = 0 ]; then pass "$1: healed, no failure ($took s)"; else fail "$1 is no failure" "$got; $(tail -n 5 "$1.err" 2>/dev/null)"; fi
}
fails bad-image image-not-found 45
fails missing-secret config-error 40
fails crash-loop crash-loop 60
fails oom oom-killed 60
fails no-command cannot-run 45
fails quota quota 60
fails denied create-denied 20
fails unschedulable unschedulable 25
fails unbound volume-pending 25
fails no-claim volume-missing 35
fails never-ready never-ready 30
fails probe probe-kill 90
fails webhook webhook-down 30
has "the log's last words are shown" 'FATAL: the queue is gone' "$(cat crash-loop.err)"
has "and the cause stands in the last 20 lines" 'CrashLoop' "$(tail -n 20 crash-loop.err)"
for one in "${heals[@]}"; do heals_in_time "${one//_/-}"; done
finish
