#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# deploy-helm on two real clusters: staging at once, production only by the approval of the very plan,
# failures undone where they happen and kept from the next data centre.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_engine
need_registry
need_base
need_helm "${HELM_MAJOR:-3}"
need_cluster dc1 dc2

# A repository of one chart and one service, with namespaces of this test's own.
config=$scratch/config
mkdir -p "$config/charts"
cp -R "$top/examples/config-registry/." "$config"
cp -R "$top/examples/hello/chart" "$config/charts/hello"
sed -i -e '/kubeconfig:/d' -e 's/namespace: hello/namespace: e2e-hello/' "$config/deploy-targets.yaml"
sed -i 's/nodePort:.*/nodePort: null/' "$config"/hello/*.yaml
commit() {
  git -C "$config" add -A
  git -C "$config" -c user.name=e2e -c user.email=e2e@example.org commit -q -m "$1"
}
git -C "$config" init -q -b main
commit 'all of it'
export CONFIG_REGISTRY=$config
purge() {
  local place
  for place in dc1/e2e-hello-staging dc1/e2e-hello dc2/e2e-hello; do
    "$HELM_BIN" --kube-context "${place%/*}" -n "${place#*/}" uninstall main --ignore-not-found --wait >/dev/null 2>&1 || true
  done
}
purge
on_exit+=(purge)

network=$("$top/scripts/lib/build-network")
cp -R "$top/examples/hello" "$scratch/hello"
cat >>"$scratch/hello/.pipeline/blubber.yaml" <<'YAML'
  crashing:
    includes: [production]
    copies: [build]
    entrypoint: [python3, -c, "raise SystemExit('FATAL: no such table: greetings')"]
YAML
cd "$scratch/hello"
pipeline-build --network "$network" production 2>/dev/null | registry-push "$registry/e2e/hello:good" >"$scratch/good" 2>/dev/null
pipeline-build --network "$network" crashing 2>/dev/null | registry-push "$registry/e2e/hello:bad" >"$scratch/bad" 2>/dev/null
good=$(cat "$scratch/good") bad=$(cat "$scratch/bad")
digest_in() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["digest"].split(":")[-1])' "$1"; }
running() { api "$1" "/apis/apps/v1/namespaces/$2/deployments/hello" | python3 -c '
import json, sys
print(json.load(sys.stdin)["spec"]["template"]["spec"]["containers"][0]["image"])' 2>/dev/null; }
revision() { "$HELM_BIN" --kube-context "$1" -n "$2" list -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["revision"])'; }

status "staging deploys at once" 0 sh -c "deploy-helm apply hello -t staging < $scratch/good"
has "and runs the image" "@${good#*@}\$" "$(running dc1 e2e-hello-staging)"
status "the same again changes nothing" 0 sh -c "deploy-helm apply hello -t staging < $scratch/good"
has "and makes no revision" '^1$' "$(revision dc1 e2e-hello-staging)"
has "and says so" 'unchanged' "$out$err"

status "production does not without approval" 77 sh -c "deploy-helm apply hello -t production < $scratch/good"
empty "with nothing on stdout" "$out"
status "a plan is made" 0 sh -c "deploy-helm plan hello -t production < $scratch/good"
printf '%s\n' "$out" >"$scratch/plan.json"
plan=$(digest_in "$scratch/plan.json")
has "and shown to a person with its digest" "${plan:0:12}" "$err"
empty "and changes nothing" "$(running dc1 e2e-hello || true)"
status "the approval of another plan is 77" 77 deploy-helm apply --plan "$scratch/plan.json" --approve 000000000000
status "a plan that was edited is refused" 65 sh -c "sed 's/\"replicas\"/\"replicaz\"/; s/${good#*@sha256:}/${bad#*@sha256:}/g' $scratch/plan.json | deploy-helm apply --plan - --approve ${plan:0:12}"
status "the right one deploys both data centres" 0 deploy-helm apply --plan "$scratch/plan.json" --approve "${plan:0:12}"
has "dc1 runs it" "@${good#*@}\$" "$(running dc1 e2e-hello)"
has "dc2 runs it" "@${good#*@}\$" "$(running dc2 e2e-hello)"
status "the same plan again finds it all in place" 0 deploy-helm apply --plan "$scratch/plan.json" --approve "${plan:0:12}"

status "a plan for a change" 0 sh -c "sed -i 's/from dc1/from the first data centre/' $config/hello/values-dc1.yaml && git -C $config -c user.name=e2e -c user.email=e2e@example.org commit -qam greeting && deploy-helm plan hello -t production --skip-staging 'a test' < $scratch/good"
printf '%s\n' "$out" >"$scratch/change.json"
"$HELM_BIN" --kube-context dc1 -n e2e-hello get values main -o yaml >"$scratch/values"
"$HELM_BIN" --kube-context dc1 -n e2e-hello upgrade main "$config/charts/hello" -f "$scratch/values" --set replicas=3 >/dev/null 2>&1
status "when someone else has deployed meanwhile it is stale" 75 deploy-helm apply --plan "$scratch/change.json" --approve "$(digest_in "$scratch/change.json")"
has "and says what moved" 'revision' "$err"

status "a digest that the registry does not have is refused before anything is touched: 66" 66 \
  deploy-helm apply hello -t staging --image "$registry/e2e/hello@sha256:$(printf '%064d' 0)"
has "and the sentence says who does not have it" 'the registry has no image' "$err"
status "a plan for a bad image" 0 sh -c "deploy-helm plan hello -t production --skip-staging 'a test' < $scratch/bad"
printf '%s\n' "$out" >"$scratch/bad.json"
before=$(revision dc2 e2e-hello)
begun=$SECONDS
status "it fails on the first data centre and is undone there: 5" 5 deploy-helm apply --plan "$scratch/bad.json" --approve "$(digest_in "$scratch/bad.json")"
printf 'note: failed and undone in %s s\n' "$((SECONDS - begun))"
has "with the cause in the process's own words" 'no such table: greetings' "$err"
has "dc1 runs the good one again" "@${good#*@}\$" "$(running dc1 e2e-hello)"
has "dc2 was never touched" "^$before\$" "$(revision dc2 e2e-hello)"

status "history knows" 0 deploy-helm history hello -t dc1
has "what was undone" 'undone' "$out"

sed 's#https://[0-9.]*:6443#https://127.0.0.1:1#' "$("$top/scripts/local-cluster" kubeconfig dc1)" >"$scratch/dead"
KUBECONFIG=$scratch/dead status "an unreachable cluster is 69" 69 sh -c "deploy-helm apply hello -t staging < $scratch/good"
status "an empty stdin is 65" 65 sh -c "deploy-helm apply hello -t staging < /dev/null"
status "rollback of staging goes back" 0 sh -c "deploy-helm apply hello -t staging --image $bad --leave-failed > /dev/null 2>&1; deploy-helm rollback hello -t staging"
has "to the good image" "@${good#*@}\$" "$(running dc1 e2e-hello-staging)"

# Killed in the middle: the release stays pending; the same command again must work or say what to type.
deploy-helm apply hello -t staging --image "$bad" >/dev/null 2>&1 &
pid=$!
within 20 sh -c "'$HELM_BIN' --kube-context dc1 -n e2e-hello-staging history main --max 1 | grep -q pending" || true
kill -KILL "$pid" 2>/dev/null || true
wait "$pid" 2>/dev/null || true
got=0
deploy-helm apply hello -t staging --image "$good" >"$scratch/out" 2>"$scratch/err" || got=$?
case $got in
  0) pass "after a kill -9 the next apply works" ;;
  75) has "after a kill -9 the next apply says what to type" 'recover' "$(cat "$scratch/err")" ;;
  *) fail "after a kill -9 the next apply works or says what to type" "status $got: $(cat "$scratch/err")" ;;
esac
finish
