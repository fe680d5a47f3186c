// SPDX-License-Identifier: Apache-2.0
// The table of failure classes, for the two files that read pods and messages into them.
#pragma once

#include "kube/trouble.hpp"

#include <array>
#include <string_view>

namespace slipway::kube {

using namespace std::chrono_literals;

// Why each patience is what it is: registries lag behind a push; a secret is made a moment after the
// workload that needs it; kubelets' caches lag; volumes take a while to leave the old node; policy
// does not change by itself, but quota frees up while old pods go.
inline constexpr std::array classes{
    TroubleClass{"invalid-image-name", "InvalidImageName", Proof::deterministic, 0s, 0,
                 "the image's name is malformed"},
    TroubleClass{"image-never-pull", "ErrImageNeverPull", Proof::deterministic, 10s, 0,
                 "the image is not on the node and may not be pulled"},
    TroubleClass{"image-not-found", "ImageNotFound", Proof::deterministic, 30s, 2,
                 "the registry does not have the image"},
    TroubleClass{"image-auth", "ImageAuth", Proof::deterministic, 45s, 2, "the registry refuses to give the image out"},
    TroubleClass{"config-error", "ConfigError", Proof::deterministic, 30s, 0,
                 "a Secret, ConfigMap or key that a container needs is missing"},
    TroubleClass{"volume-missing", "VolumeMissing", Proof::deterministic, 30s, 0,
                 "a volume's claim, Secret or ConfigMap does not exist"},
    TroubleClass{"revision-trap", "RevisionTrap", Proof::deterministic, 20s, 0,
                 "a broken pod of an older revision keeps a StatefulSet from going on"},
    TroubleClass{"create-denied", "CreateDenied", Proof::deterministic, 15s, 2, "policy does not let the pods be made"},
    TroubleClass{"set-denied", "ReplicaSetDenied", Proof::deterministic, 30s, 0,
                 "the ReplicaSet itself cannot be made"},
    TroubleClass{"quota", "Quota", Proof::probable, 55s, 0, "the namespace's quota leaves no room for the pods"},
    TroubleClass{"webhook-down", "WebhookDown", Proof::probable, 120s, 0, "an admission webhook does not answer"},
    TroubleClass{"cannot-run", "CannotRun", Proof::deterministic, 0s, 2, "the container's command cannot be started"},
    TroubleClass{"oom-killed", "OOMKilled", Proof::probable, 0s, 2, "a container needs more memory than its limit"},
    TroubleClass{"probe-kill", "ProbeKill", Proof::probable, 0s, 0, "a liveness or startup probe keeps failing"},
    TroubleClass{"crash-loop", "CrashLoop", Proof::probable, 0s, 0, "a container keeps ending"},
    TroubleClass{"start-error", "StartError", Proof::probable, 120s, 0, "the node cannot start the container"},
    TroubleClass{"image-pull", "ImagePullOther", Proof::probable, 180s, 4,
                 "the registry cannot be reached or answers with an error"},
    TroubleClass{"config-sync", "ConfigSync", Proof::probable, 180s, 0,
                 "the kubelet has not caught up with a Secret or ConfigMap"},
    TroubleClass{"unschedulable", "Unschedulable", Proof::probable, 120s, 0, "no node can take the pod"},
    TroubleClass{"volume-pending", "VolumePending", Proof::probable, 120s, 0,
                 "a volume cannot be bound, attached or mounted"},
    TroubleClass{"sandbox", "Sandbox", Proof::probable, 150s, 0, "the node cannot set up the pod's network"},
    TroubleClass{"pod-lost", "PodLost", Proof::probable, 0s, 3, "pods are evicted, preempted or lost with their node"},
    TroubleClass{"never-ready", "NeverReady", Proof::note, 0s, 0, "a container runs and does not become ready"},
    TroubleClass{"stuck-terminating", "StuckTerminating", Proof::note, 0s, 0, "a pod does not go away"},
};

consteval const TroubleClass* of(std::string_view id) {
  for (const auto& each : classes)
    if (each.id == id) return &each;
  throw "no such class";
}

}  // namespace slipway::kube
