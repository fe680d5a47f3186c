#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Step 4 on a real cluster: a namespace of its own, asked from outside, gone afterwards on every path.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_engine
need_registry
need_base
need_helm 3
need_cluster dc1
network=$("$top/scripts/lib/build-network")
cp -R "$top/examples/hello" "$scratch/hello"
cd "$scratch/hello"
# Its own name, so that two of these tests on one machine do not see each other's namespaces.
project=iso$RANDOM
sed -i "s/^name: hello\$/name: $project/" chart/Chart.yaml
cat >>.pipeline/blubber.yaml <<'YAML'
  crashing:
    includes: [production]
    copies: [build]
    entrypoint: [python3, -c, "raise SystemExit('FATAL: no such table: greetings')"]
YAML
good=$(pipeline-build --network "$network" production 2>/dev/null)
crashing=$(pipeline-build --network "$network" crashing 2>/dev/null)
e2e() { pipeline-test e2e --chart chart --checks checks.yaml --scratch "$registry/$project" --evidence evidence "$@"; }

namespaces() { api dc1 /api/v1/namespaces | python3 -c '
import json, sys
print(*[n["metadata"]["name"] for n in json.load(sys.stdin)["items"] if n["metadata"]["name"].startswith("pt-" + sys.argv[1])])' "$project"; }
no_namespace() { [ -z "$(namespaces)" ]; }
some_namespace() { [ -n "$(namespaces)" ]; }
scratch_tags() { curl -sS --noproxy '*' "http://$registry/v2/_catalog?n=1000" | tr ',' '\n' | grep -o "${project}[^\"]*" |
  while IFS= read -r name; do curl -sS --noproxy '*' "http://$registry/v2/$name/tags/list" | grep -o '"tags":\[[^]]*\]' || true; done; }

status "a good image passes" 0 e2e --image "$good"
has "and its line comes out unchanged" "^$good\$" "$out"
has "asked by the checks" 'knows who it is' "$err"
has "and by the examples of its own specification" '[0-9]+ (checks|questions)|x-amples|spec' "$err"
has "and by the chart's own test" 'helm test|helm-test|probe' "$err"
holds "the namespace is gone" within 60 no_namespace
empty "and the scratch tag" "$(scratch_tags)"

begun=$SECONDS
status "an image that crashes is 1" 1 e2e --image "$crashing"
took=$((SECONDS - begun))
empty "with nothing on stdout" "$out"
has "with the cause in the process's own words" 'no such table: greetings' "$err"
if [ $took -lt 60 ]; then pass "within a minute"; else fail "within a minute" "$took s"; fi
holds "with the evidence kept" sh -c 'grep -rq "no such table" evidence'
holds "the namespace is gone" within 60 no_namespace

sed 's/name: hello, version/name: somebody-else, version/' checks.yaml >wrong.yaml
status "a wrong answer is 1" 1 e2e --checks wrong.yaml --image "$good"
empty "with nothing on stdout" "$out"
has "and says what was expected" 'somebody-else' "$err"
# Not in the golden cases: whether there is a cluster is looked at while the image is still being built.
status "no image line is 65: the step before failed" 65 e2e </dev/null
empty "with nothing on stdout" "$out"
status "without waiting for the end of the namespace" 0 e2e --cleanup-timeout 0s --stable 0s --image "$good"
has "which the cluster ends by itself" 'the cluster ends it' "$err"
holds "the namespace is gone" within 60 no_namespace
status "an image that is not there is 66" 66 e2e --image localhost/e2e-absent:1
status "a chart that is not there is 66" 66 pipeline-test e2e --chart no-such --image "$good"

for signal in INT TERM KILL; do
  # exec, so that the signal reaches the tool and not a shell around it.
  (exec env --default-signal=INT pipeline-test e2e --chart chart --scratch "$registry/$project" --image "$good" \
    --stable 60s) >"$scratch/out" 2>"$scratch/err" &
  pid=$!
  within 60 some_namespace || fail "SIG$signal: a namespace appears" "$(cat "$scratch/err")"
  kill -"$signal" "$pid" 2>/dev/null || true
  got=0
  wait "$pid" 2>/dev/null || got=$?
  if [ "$got" = $((128 + $(kill -l "$signal"))) ]; then pass "SIG$signal ends it by that signal"; else fail "SIG$signal ends it by that signal" "status $got: $(tail -n 5 "$scratch/err")"; fi
  empty "SIG$signal: nothing on stdout" "$(cat "$scratch/out")"
  holds "SIG$signal leaves no namespace" within 90 no_namespace
done
empty "and no scratch tag" "$(scratch_tags)"
finish
