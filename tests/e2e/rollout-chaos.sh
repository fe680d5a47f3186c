#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# k8s-rollout while everything between it and the truth breaks: the API server is killed in the middle of a wait and
# comes back having forgotten (410), the line cuts, stands still and is throttled, the clock is an hour off. None of it
# may become a verdict, and what is true in the end has to be said. On a cluster of its own, which ends with the test.
#
# usage: rollout-chaos.sh [GROUP...]
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/rollout/lab.sh
. "$e2e/rollout/lab.sh"

need_engine
need_registry
need_base
cluster='e2e-chaos'
need_cluster $cluster
network=$("$top/scripts/lib/build-network")
cd "$scratch"
good=$(image good "$standing")
crashing=$(image crashing "$falling")
absent=$registry/e2e/rollout:absent
config='' pki='' server=''
lab $cluster
state=${config%/*}

ns=chaos
space $cluster $ns
on_exit=("$top/scripts/local-cluster down $cluster >/dev/null 2>&1") # with all that is in it
deployments=/apis/apps/v1/namespaces/$ns/deployments
slow=',"readinessProbe":{"exec":{"command":["/bin/true"]},"initialDelaySeconds":%s,"periodSeconds":1}'
deploy() { # NAME IMAGE [SECONDS-TO-READY]
  local probe=''
  # shellcheck disable=SC2059 # the format is ours
  [ -z "${3:-}" ] || probe=$(printf "$slow" "$3")
  send $cluster POST $deployments "$(workload Deployment "$1" '"replicas":2,' "$(pod_spec "$2" "$probe")")" >/dev/null
}

# line NAME [SERVER]: a bad line, with the kubeconfig NAME.yaml for it; say NAME WORDS: what it does from now on.
line() {
  "$e2e/rollout/bad-line" "$PWD/$1.port" "$PWD/$1.control" "$PWD/$1.log" "${2:-$server}" "$pki" &
  lines+=($!)
  within 10 test -s "$1.port"
  printf '{"apiVersion":"v1","kind":"Config","current-context":"line","clusters":[{"name":"c","cluster":{"server":"http://127.0.0.1:%s"}}],
    "users":[{"name":"u","user":{}}],"contexts":[{"name":"line","context":{"cluster":"c","user":"u","namespace":"%s"}}]}' "$(cat "$1.port")" $ns >"$1.yaml"
}
lines=()
say_line() { printf '%s\n' "$2" >"$1.control"; }
end_lines() { [ ${#lines[@]} = 0 ] || kill "${lines[@]}" 2>/dev/null || true; }
# took NAME SECONDS: of the verdict in NAME.json.
verdict() { python3 -c 'import json, sys
v = [json.loads(l) for l in open(sys.argv[1])]
v = [l for l in v if l["event"] == "verdict"][-1]
print(v["state"], v.get("id", "-"), v["seconds"])' "$1"; }

group_cut() {
  line cut
  # A pod has some 5 kB: a watch holds out for one or two changes, a list of all pods does not come at the first try.
  say_line cut 'cut 12000'
  deploy cut "$good" 8
  status "through a line that cuts" 0 k8s-rollout status deploy/cut --kubeconfig cut.yaml --timeout 90s
  set_image $cluster $deployments/cut "$crashing"
  status "a failure is found through it, too" 1 k8s-rollout status deploy/cut --kubeconfig cut.yaml --timeout 120s
  has "by its name" 'CrashLoop' "$err"
  status "and undone through it" 0 k8s-rollout undo deploy/cut --kubeconfig cut.yaml --wait --timeout 90s
  has "which cut again and again" '^([3-9]|[0-9]{2,})$' "$(grep -c 'cut after' cut.log)"
  end_lines
}

group_still() {
  line still
  deploy still "$good" 6
  (sleep 3; say_line still still; sleep 12; say_line still well) &
  status "a line that stands still for a while" 0 k8s-rollout status deploy/still --kubeconfig still.yaml --timeout 90s
  say_line still still
  status "one that stays so is no verdict" 69 k8s-rollout status deploy/still --kubeconfig still.yaml --request-timeout 2s --api-grace 6s
  has "and says why" 'cannot be reached' "$err"
  say_line still dead
  status "nor is one that hangs up" 69 k8s-rollout status deploy/still --kubeconfig still.yaml --api-grace 4s
  say_line still well
  deploy still-two "$good" 30
  (sleep 4; say_line still dead) &
  status "away in the middle: no verdict either" 69 k8s-rollout status deploy/still-two --kubeconfig still.yaml --api-grace 5s --timeout 60s
  has "after it was said" 'trying again, this is no verdict' "$err"
  end_lines
}

group_busy() {
  line busy
  deploy busy "$good"
  status "the workload is up" 0 k8s-rollout status deploy/busy --kubeconfig busy.yaml
  say_line busy 'busy 4'
  status "a server that throttles is obeyed" 0 k8s-rollout status deploy/busy --kubeconfig busy.yaml --timeout 60s
  has "four times" '^4$' "$(grep -c ' 429$' busy.log)"
  say_line busy 'busy 3'
  status "in a change, too" 0 k8s-rollout restart deploy/busy --kubeconfig busy.yaml --wait --timeout 60s
  say_line busy 'busy 1000'
  status "one that never stops is 75" 75 k8s-rollout status deploy/busy --kubeconfig busy.yaml --api-grace 5s
  has "and said to be" 'too busy' "$err"
  status "for a change, too" 75 k8s-rollout restart deploy/busy --kubeconfig busy.yaml
  end_lines
}

# Not beside the others: the server goes.
group_killed() {
  local revision
  line killed
  say_line killed well
  deploy killed "$good" 20
  k8s-rollout status deploy/killed --kubeconfig killed.yaml --timeout 120s >killed.out 2>killed.err &
  local waiting=$!
  k8s-rollout status deploy/killed -n $ns --context $cluster --timeout 120s >direct.out 2>direct.err &
  local direct=$!
  within 20 grep -q updated killed.err
  kill -KILL "$(api_server)"
  pass "the API server is killed in the middle of the wait"
  within 10 grep -q 'trying again' direct.err
  # What was before is forgotten, so that no watch can go on where it was.
  revision=$(etcd range '{"key":"Lw=="}' | python3 -c 'import json, sys; print(json.load(sys.stdin)["header"]["revision"])')
  etcd compaction "{\"revision\":\"$revision\",\"physical\":true}" >/dev/null
  "$top/scripts/local-cluster" up $cluster >/dev/null
  local got=0
  wait $waiting || got=$?
  has "and comes back, having forgotten: the wait ends well" '^0$' "$got"
  got=0
  wait $direct || got=$?
  has "over TLS, too" '^0$' "$got"
  has "it was said that the API was away" 'trying again, this is no verdict' "$(cat direct.err)"
  has "and that it answers again" 'the API answers again' "$(cat direct.err)"

  # A stream that goes on from a version that is compacted: 410.
  deploy gone "$good" 25
  k8s-rollout status deploy/gone --kubeconfig killed.yaml --timeout 120s >gone.out 2>gone.err &
  waiting=$!
  within 20 grep -q updated gone.err
  say_line killed dead
  sleep 1
  for n in 1 2 3; do merge $cluster $deployments/killed "{\"metadata\":{\"annotations\":{\"n\":\"$n\"}}}"; done
  kill -KILL "$(api_server)"
  within 10 down
  revision=$(etcd range '{"key":"Lw=="}' | python3 -c 'import json, sys; print(json.load(sys.stdin)["header"]["revision"])')
  etcd compaction "{\"revision\":\"$revision\",\"physical\":true}" >/dev/null
  "$top/scripts/local-cluster" up $cluster >/dev/null
  say_line killed well
  got=0
  wait $waiting || got=$?
  has "a watch that is told 410 lists anew and ends well" '^0$' "$got"
  has "which it was told" '410 in the stream| 410$' "$(cat killed.log)"
  end_lines
}
down() { ! curl -sk --max-time 2 "$server/livez" >/dev/null; }
etcd() { # METHOD JSON: etcd has no password, and no port outside of the cluster's own network
  nsenter --net="/run/netns/$netns" curl -sS --max-time 10 "http://127.0.0.1:2379/v3/kv/$1" -d "$2"
}
api_server() { cut -d" " -f1 "$state/pids/kube-apiserver"; }
netns=$(ip netns identify "$(api_server)")

group_clock() {
  local shift
  line clock
  say_line clock well
  for shift in +1h -1h; do
    deploy "clock${shift:1}$([ "${shift:0:1}" = + ] && echo a || echo b)" "$absent"
  done
  skewed() { DONT_FAKE_MONOTONIC=1 faketime -f "$1" k8s-rollout "${@:2}"; }
  skewed +1h status deploy/clock1ha --kubeconfig clock.yaml --json --timeout 90s >ahead.json 2>ahead.err &
  local ahead=$!
  status "a clock an hour behind: the same verdict" 1 skewed -1h status deploy/clock1hb --kubeconfig clock.yaml --json --timeout 90s
  printf '%s\n' "$out" >behind.json
  local got=0
  wait $ahead || got=$?
  has "an hour ahead, too" '^1$' "$got"
  has "for the right reason, in the time that it takes" '^failed image-not-found (2[89]|3[0-9]|4[0-4])\.' "$(verdict behind.json)"
  has "neither earlier nor later" '^failed image-not-found (2[89]|3[0-9]|4[0-4])\.' "$(verdict ahead.json)"
  deploy timely "$good"
  status "a good rollout stays one" 0 skewed +1h status deploy/timely --kubeconfig clock.yaml --stable 3s
  status "seen from yesterday" 0 skewed -1h status deploy/timely --kubeconfig clock.yaml --stable 3s
  end_lines
}

all=(cut still busy clock)
if [ $# -gt 0 ]; then
  groups "$@"
else
  groups "${all[@]}"
  groups killed
fi
finish
