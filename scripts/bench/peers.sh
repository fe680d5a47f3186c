#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The way of a service with the tools of today, a function for each step as a careful team would write it: quiet
# builds out of the cache, the untested image under a scratch tag, --atomic where something may go wrong.
# scripts/bench/chain runs each step in a shell of its own, in the folder of the source, and counts the lines
# inside of it; what the steps have in common ($repository, $dc1, ...) is set there and not counted.
# shellcheck disable=SC2154 # set and exported by scripts/bench/chain
# shellcheck disable=SC2034 # read there

peers_steps=(peers_1_build_test peers_2_run_test peers_3_build_production peers_4_try_alone peers_5_push
  peers_6_read_configuration peers_7_staging peers_8_show_change peers_9_production peers_10_status)
peers_faults=(peers_11_missing_until_told peers_12_missing_why peers_13_missing_back
  peers_11_crash_until_told peers_12_crash_why peers_13_crash_back)
# What the step has to end with, where that is not 0.
declare -A peers_ends=([peers_11_missing_until_told]=1 [peers_11_crash_until_told]=1)

peers_1_build_test() {
  docker build -q --network "$network" -f Dockerfile.test . >"$state/test.image"
}

peers_2_run_test() {
  docker run --rm "$(cat "$state/test.image")"
}

peers_3_build_production() {
  docker build -q --network "$network" -f Dockerfile.production . >"$state/built.image"
}

# Alone in a namespace of its own, asked from outside and by the chart's own test.
peers_4_try_alone() {
  docker tag "$(cat "$state/built.image")" "$repository:e2e-$tag"
  docker push -q "$repository:e2e-$tag"
  helm --kubeconfig "$dc1" -n "$namespace-e2e-$tag" install main chart --create-namespace --wait --timeout 2m \
    --set "image.repository=$repository,image.tag=e2e-$tag"
  port=$(kubectl --kubeconfig "$dc1" -n "$namespace-e2e-$tag" get service hello -o 'jsonpath={.spec.ports[0].nodePort}')
  curl -fsS --retry 5 --retry-all-errors --connect-timeout 2 "http://$node:$port/hello/pipeline" |
    jq -e '.greeting | endswith(", pipeline!")'
  helm --kubeconfig "$dc1" -n "$namespace-e2e-$tag" test main --logs
  helm --kubeconfig "$dc1" -n "$namespace-e2e-$tag" uninstall main --wait
  kubectl --kubeconfig "$dc1" delete namespace "$namespace-e2e-$tag" --wait=false
}

peers_5_push() {
  docker tag "$(cat "$state/built.image")" "$repository:$tag"
  docker push -q "$repository:$tag"
  skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$repository:$tag" >"$state/digest"
}

# What each environment gets in the end, so that it can be read and kept with the deployment.
peers_6_read_configuration() {
  rm -rf "$state/config"
  git clone -q --depth 1 "file://$CONFIG_REGISTRY" "$state/config"
  for environment in staging dc1 dc2; do
    yq -y -s '.[0] * .[1]' "$state/config/hello/values.yaml" "$state/config/hello/values-$environment.yaml" \
      >"$state/values-$environment.yaml"
  done
}

peers_7_staging() {
  helm --kubeconfig "$dc1" -n "$namespace-staging" upgrade main "$state/config/charts/hello" --install \
    --atomic --timeout 2m -f "$state/values-staging.yaml" --set "image.repository=$repository,image.tag=$tag"
  kubectl --kubeconfig "$dc1" -n "$namespace-staging" rollout status deploy/hello --timeout 2m
  curl -fsS --retry 5 --retry-all-errors --connect-timeout 2 "http://$node:$staging_port/healthz"
}

peers_8_show_change() {
  for environment in dc1 dc2; do
    helm --kubeconfig "${!environment}" -n "$namespace" template main "$state/config/charts/hello" --skip-tests -f \
      "$state/values-$environment.yaml" --set "image.repository=$repository,image.tag=$tag" >"$state/new.yaml"
    kubectl --kubeconfig "${!environment}" -n "$namespace" diff -f "$state/new.yaml" || [ $? = 1 ]
  done
}

# One data centre after the other; a failure of the first keeps the second from being touched (set -e).
peers_9_production() {
  for environment in dc1 dc2; do
    helm --kubeconfig "${!environment}" -n "$namespace" upgrade main "$state/config/charts/hello" --install \
      --atomic --timeout 2m -f "$state/values-$environment.yaml" --set "image.repository=$repository,image.tag=$tag"
  done
}

peers_10_status() {
  kubectl --kubeconfig "$dc1" -n "$namespace" rollout status deploy/hello --timeout 2m
  kubectl --kubeconfig "$dc2" -n "$namespace" rollout status deploy/hello --timeout 2m
}

# A bad image on staging. Without --atomic, since that deletes the pod and with it the reason.
peers_11_missing_until_told() {
  helm --kubeconfig "$dc1" -n "$namespace-staging" upgrade main "$state/config/charts/hello" \
    -f "$state/values-staging.yaml" --set "image.repository=$repository,image.tag=missing"
  kubectl --kubeconfig "$dc1" -n "$namespace-staging" rollout status deploy/hello --timeout "$limit"
}

peers_12_missing_why() {
  kubectl --kubeconfig "$dc1" -n "$namespace-staging" get pods
  kubectl --kubeconfig "$dc1" -n "$namespace-staging" get events --field-selector type=Warning --sort-by .lastTimestamp
}

peers_13_missing_back() {
  helm --kubeconfig "$dc1" -n "$namespace-staging" rollback main --wait --timeout 2m
  kubectl --kubeconfig "$dc1" -n "$namespace-staging" rollout status deploy/hello --timeout 2m
}

# The same with an image that is there, and ends at its start.
peers_11_crash_until_told() {
  helm --kubeconfig "$dc1" -n "$namespace-staging" upgrade main "$state/config/charts/hello" \
    -f "$state/values-staging.yaml" --set "image.repository=$repository,image.tag=crash"
  kubectl --kubeconfig "$dc1" -n "$namespace-staging" rollout status deploy/hello --timeout "$limit"
}

peers_12_crash_why() {
  kubectl --kubeconfig "$dc1" -n "$namespace-staging" get pods
  kubectl --kubeconfig "$dc1" -n "$namespace-staging" logs --prefix --tail 10 --selector app.kubernetes.io/name=hello
}

peers_13_crash_back() {
  helm --kubeconfig "$dc1" -n "$namespace-staging" rollback main --wait --timeout 2m
  kubectl --kubeconfig "$dc1" -n "$namespace-staging" rollout status deploy/hello --timeout 2m
}
