#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The same way with the seven tools, a function for each step. What they read is in their own configuration:
# .pipeline/blubber.yaml and the chart beside the source, deploy-targets.yaml in the configuration registry.
# scripts/bench/chain runs them as it runs those of peers.sh.
# shellcheck disable=SC2154 # set and exported by scripts/bench/chain
# shellcheck disable=SC2034 # read there

ours_steps=(ours_test ours_to_staging ours_plan ours_production)
ours_faults=(ours_missing ours_crash)
# What the step has to end with, where that is not 0. 65: an image that the registry does not have is refused
# before anything is touched; 5: it failed, and what was there before is whole again.
declare -A ours_ends=([ours_missing]="65 66 5" [ours_crash]=5)

ours_test() {
  pipeline-build test --network "$network" | pipeline-test run >/dev/null
}

ours_to_staging() {
  pipeline-build production --network "$network" | pipeline-test e2e --chart chart --checks checks.yaml \
    --stable "$stable" --cleanup-timeout "$cleanup" | registry-push "$repository:$tag" | tee "$state/image" |
    deploy-helm apply hello -t staging --settle "$settle"
}

ours_plan() {
  deploy-helm plan hello -t production <"$state/image" >"$state/plan.json"
}

ours_production() {
  deploy-helm apply --plan "$state/plan.json" --approve "$(jq -r .digest "$state/plan.json")" --settle "$settle"
  k8s-rollout status deploy/hello -t production
}

ours_missing() {
  deploy-helm apply hello -t staging --image "$repository@sha256:$(printf '%064d' 0)"
}

ours_crash() {
  deploy-helm apply hello -t staging --image "$crash_image"
}
