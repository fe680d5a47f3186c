// SPDX-License-Identifier: Apache-2.0
// What a person needs to see of a failure, fetched while it is still there: objects, events and the
// logs of the containers that fail. Undoing or deleting takes the pods and their logs away, so this
// runs first. Values of environment variables are left out. Judging is kube/workload.hpp's.
#pragma once

#include "kube/client.hpp"
#include "kube/facts.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace slipway::kube {

struct EvidenceFile {
  std::string name;  ///< relative: "pods.json", "events.txt", "logs/POD.CONTAINER.previous.log"
  std::string content;
};

struct EvidenceLimits {
  int log_lines = 200;  ///< per container; 0: no logs
  std::size_t log_bytes = 256U << 10U;
  int pods = 10;  ///< whose logs are fetched, failing ones first
};

/// Workloads, ReplicaSets, pods, services and events of a namespace (all, or what `selector` matches; events
/// are of all), and the logs of its pods. What cannot be read is said in a file of its own instead of throwing.
/// @throws Error interrupted, timed_out
[[nodiscard]] std::vector<EvidenceFile> collect_evidence(Client& client, const std::string& name_space,
                                                         const std::string& selector, const io::Run& run,
                                                         const EvidenceLimits& limits = {});
/// @throws Error cannot_create, write_failed
void write_evidence(const std::vector<EvidenceFile>& files, const std::filesystem::path& directory);

struct LogTail {
  std::string pod;
  std::string container;
  bool previous = false;
  std::vector<std::string> lines;  ///< printable
  std::string missing;             ///< why there are none
};

/// The last lines of a container's log; never throws for what the server answers.
[[nodiscard]] LogTail log_tail(Client& client, const std::string& name_space, const std::string& pod,
                               const std::string& container, bool previous, int lines, const io::Run& run);

/// The UID of a PersistentVolumeClaim, whose events tell why a volume is not there; empty when it cannot be read.
[[nodiscard]] std::string claim_uid(Client& client, const std::string& name_space, const std::string& claim,
                                    const io::Run& run);

/// The UIDs of the autoscalers of a workload, whose events tell why the goal moves or does not; empty when they may not
/// be read.
[[nodiscard]] std::vector<std::string> autoscaler_uids(Client& client, const std::string& name_space,
                                                       const std::string& kind, const std::string& name,
                                                       const io::Run& run);

/// Events about one object, oldest first, each (reason, message) once with its count.
/// Empty when they may not be read.
[[nodiscard]] std::vector<EventFact> events_about(Client& client, const std::string& name_space, const std::string& uid,
                                                  const io::Run& run);

}  // namespace slipway::kube
