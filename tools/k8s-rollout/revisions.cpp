// SPDX-License-Identifier: Apache-2.0
#include "revisions.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "kube/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace slipway::rollout {

using kube::field;
using kube::list_at;
using kube::map_at;
using kube::text_at;
using nlohmann::json;

namespace {

constexpr const char* cause_key = "kubernetes.io/change-cause";
constexpr const char* good_key = "slipway/good-revision";
constexpr const char* undo_key = "slipway/undo";
constexpr const char* applied_key = "kubectl.kubernetes.io/last-applied-configuration";

std::vector<std::int64_t> numbers_in(const std::string& list) {
  std::vector<std::int64_t> numbers;
  for (const auto& word : text::split(list, ',')) {
    std::int64_t number = 0;
    if (std::from_chars(word.data(), word.data() + word.size(), number).ec == std::errc{}) numbers.push_back(number);
  }
  return numbers;
}

/// The manager whose write of the template made a ReplicaSet of that time; the last one of the current.
std::string writer_of(const json& deployment, const std::optional<kube::Time>& created, bool current) {
  std::string best;
  std::optional<kube::Time> best_time;
  for (const auto& entry : list_at(deployment, {"metadata", "managedFields"})) {
    if (!field(entry, {"fieldsV1", "f:spec", "f:template"})) continue;
    const auto time = kube::time_at(entry, {"time"});
    if (!time || !created) continue;
    const auto gap = *created > *time ? *created - *time : *time - *created;
    const bool fits = gap <= std::chrono::seconds(3) || current;
    if (fits && (!best_time || *time > *best_time)) {
      best = text_at(entry, {"manager"});
      best_time = time;
    }
  }
  return best;
}

/// "undo to revision N" is a cause of the revision that was N, and of none that only came after it.
bool is_about(const Revision& revision) {
  constexpr std::string_view undone = "undo to revision ";
  if (!revision.cause.starts_with(undone)) return true;
  const auto number = numbers_in(revision.cause.substr(undone.size()));
  return !number.empty() &&
         (number.front() == revision.number || std::ranges::find(revision.was, number.front()) != revision.was.end());
}

bool has_image(const Revision& revision, const std::string& wanted) {
  return std::ranges::any_of(revision.images, [&](const std::string& image) {
    return image == wanted || image.ends_with('/' + wanted) || (wanted.starts_with(':') && image.ends_with(wanted)) ||
           (wanted.starts_with("sha256:") && image.ends_with('@' + wanted));
  });
}

/// The annotation of ours about an undo.
std::string undo_note(std::int64_t from, const Revision& to, const UndoNote& note) {
  return json{{"from", std::to_string(from)},
              {"to", std::to_string(to.number)},
              {"name", to.name},  // stays when the controller gives it a new number
              {"who", note.who},
              {"when", text::rfc3339(note.when)},
              {"reason", note.reason}}
      .dump();
}

std::string undo_cause(std::int64_t to, const UndoNote& note) {
  return fmt::format("undo to revision {}{}", to, note.reason.empty() ? "" : ": " + note.reason);
}

std::optional<Returned> read_returned(const json& workload, const Revision* current) {
  const auto note = json::parse(text_at(workload, {"metadata", "annotations", undo_key}), nullptr, false);
  const auto name = text_at(note, {"name"});
  const auto from = numbers_in(text_at(note, {"from"}));
  if (!current || name.empty() || name != current->name || from.empty()) return std::nullopt;
  return Returned{from.front(), text_at(note, {"who"}), text_at(note, {"when"}), text_at(note, {"reason"})};
}

/// Who brought the current revision back wrote it: the manager of its fields is only the program.
void take_returned(History& history, const json& workload) {
  history.returned = read_returned(workload, history.current());
  if (!history.returned || history.returned->who.empty()) return;
  for (auto& revision : history.revisions)
    if (revision.current) revision.by = history.returned->who;
}

/// last-applied-configuration with the restored template in it; empty: nothing to write.
std::string synced_manifest(const json& workload, const json& pod_template, const UndoNote& note) {
  const auto applied = text_at(workload, {"metadata", "annotations", applied_key});
  if (!note.sync_last_applied || applied.empty()) return {};
  auto manifest = json::parse(applied, nullptr, false);
  if (!manifest.is_object() || !field(manifest, {"spec", "template"})) return {};
  manifest["spec"]["template"] = pod_template;
  return manifest.dump() + "\n";
}

}  // namespace

std::string annotation_pointer(const std::string& key) {
  std::string out = "/metadata/annotations/";
  for (const char c : key) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}

const Revision* History::current() const {
  const auto found = std::ranges::find(revisions, true, &Revision::current);
  return found == revisions.end() ? nullptr : &*found;
}

const Revision* History::find(std::int64_t number) const {
  const auto found = std::ranges::find(revisions, number, &Revision::number);
  return found == revisions.end() ? nullptr : &*found;
}

History read_history(const json& deployment, const std::vector<json>& sets) {
  History history;
  const auto facts = kube::read_workload(deployment, kube::Kind::deployment);
  history.workload = "deployment/" + facts.name;
  const auto good = numbers_in(text_at(deployment, {"metadata", "annotations", good_key}));
  std::vector<kube::ReplicaSet> read;
  std::vector<const json*> raw;
  for (const auto& each : sets) {
    auto set = kube::read_replica_set(each);
    if (set.owner != facts.uid || set.revision <= 0) continue;
    read.push_back(std::move(set));
    raw.push_back(&each);
  }
  const auto* target = kube::target_of(facts, read);
  for (std::size_t i = 0; i < read.size(); ++i) {
    const auto& set = read[i];
    Revision revision;
    revision.number = set.revision;
    revision.name = set.name;
    revision.images = set.images;
    revision.created = set.created;
    revision.ready = set.ready;
    revision.available = set.available;
    revision.wanted = set.wanted;
    revision.current = target == &set;
    revision.good = std::ranges::find(good, set.revision) != good.end();
    revision.was =
        numbers_in(text_at(*raw[i], {"metadata", "annotations", "deployment.kubernetes.io/revision-history"}));
    revision.cause = text_at(*raw[i], {"metadata", "annotations", cause_key});
    revision.by = writer_of(deployment, set.created, revision.current);
    revision.pod_template = json::parse(set.template_text, nullptr, false);
    history.revisions.push_back(std::move(revision));
  }
  std::ranges::sort(history.revisions, {}, &Revision::number);
  // The controller copies the cause from the Deployment to each new ReplicaSet, whoever set it and for what.
  std::set<std::string> seen;
  for (auto& revision : history.revisions) {
    const bool first = revision.cause.empty() || seen.insert(revision.cause).second;
    if (!first || !is_about(revision)) revision.cause.clear();
  }
  take_returned(history, deployment);
  return history;
}

History read_history(const json& workload, kube::Kind kind, const std::vector<json>& revisions,
                     const std::vector<json>& pods) {
  History history;
  const auto facts = kube::read_workload(workload, kind);
  history.workload = fmt::format("{}/{}", kube::name_of(kind), facts.name);
  const auto good = numbers_in(text_at(workload, {"metadata", "annotations", good_key}));
  std::vector<kube::Pod> own;
  for (const auto& each : pods)
    if (auto pod = kube::read_pod(each); pod.owner == facts.uid && !pod.deleting) own.push_back(std::move(pod));
  std::int64_t newest = 0;
  for (const auto& each : revisions) {
    const auto fact = kube::read_revision(each);
    if (fact.owner != facts.uid) continue;
    Revision revision;
    revision.number = fact.number;
    revision.name = fact.name;
    revision.images = fact.images;
    revision.created = kube::time_at(each, {"metadata", "creationTimestamp"});
    for (const auto& pod : own) {
      if (pod.revision != fact.name && (fact.hash.empty() || pod.revision != fact.hash)) continue;
      ++revision.wanted;
      if (pod.ready()) ++revision.ready;
    }
    revision.available = revision.ready;
    revision.good = std::ranges::find(good, fact.number) != good.end();
    revision.cause = text_at(each, {"metadata", "annotations", cause_key});
    revision.current = fact.name == facts.update_revision;
    revision.by = writer_of(workload, revision.created, revision.current);
    revision.pod_template = json::parse(fact.template_text, nullptr, false);
    if (revision.pod_template.is_object()) revision.pod_template.erase("$patch");
    revision.data = kube::map_at(each, {"data"});
    newest = std::max(newest, fact.number);
    history.revisions.push_back(std::move(revision));
  }
  std::ranges::sort(history.revisions, {}, &Revision::number);
  // A DaemonSet's status does not say which one it rolls out: the newest.
  if (kind == kube::Kind::daemon_set)
    for (auto& revision : history.revisions) revision.current = revision.number == newest;
  take_returned(history, workload);
  return history;
}

Choice choose(const History& history, const Wanted& wanted) {
  const auto* current = history.current();
  const auto& all = history.revisions;
  const auto known = [&] {
    std::vector<std::string> list;
    for (const auto& revision : all) list.push_back(std::to_string(revision.number));
    return text::join(list, ", ");
  };
  if (wanted.revision) {
    if (const auto* to = history.find(*wanted.revision)) return {to, wanted.why.empty() ? "as asked for" : wanted.why};
    throw Error(failure::not_found, fmt::format("{} has no revision {}", history.workload, *wanted.revision),
                "it has " + known());
  }
  if (wanted.image) {
    for (auto revision = all.rbegin(); revision != all.rend(); ++revision)
      if (!revision->current && has_image(*revision, *wanted.image))
        return {&*revision, "the newest with image " + *wanted.image};
    if (current && has_image(*current, *wanted.image)) return {current, "it has image " + *wanted.image};
    throw Error(failure::not_found, fmt::format("no revision of {} has the image {}", history.workload, *wanted.image),
                "it has " + known());
  }
  const auto candidate = [&](const Revision& revision) {
    const bool left = !wanted.previous && history.returned && revision.number == history.returned->from;
    return !revision.current && !left && !(wanted.not_this && revision.number == *wanted.not_this);
  };
  if (!wanted.previous) {
    const Revision* serving = nullptr;
    for (const auto& revision : all)
      if (candidate(revision) && revision.available > 0 && (!serving || revision.available >= serving->available))
        serving = &revision;
    if (serving) return {serving, fmt::format("the last good one: {} of its pods serve now", serving->available)};
    for (auto revision = all.rbegin(); revision != all.rend(); ++revision)
      if (candidate(*revision) && revision->good) return {&*revision, "the last one that was marked as good"};
  }
  for (auto revision = all.rbegin(); revision != all.rend(); ++revision)
    if (candidate(*revision) && (!current || revision->number < current->number)) return {&*revision, "the one before"};
  if (history.returned)
    throw Error(failure::conflict,
                fmt::format("{} has nothing to go back to: it came back from revision {} already ({} at {})",
                            history.workload, history.returned->from, history.returned->who, history.returned->when),
                fmt::format("--to-revision {} goes there again", history.returned->from));
  throw Error(failure::not_found,
              fmt::format("{} has nothing to go back to: it has only revision {}", history.workload, known()));
}

json undo_patch(const json& deployment, const Revision& to, const UndoNote& note) {
  json patch = json::array();
  patch.push_back({{"op", "test"}, {"path", "/metadata/uid"}, {"value", text_at(deployment, {"metadata", "uid"})}});
  patch.push_back({{"op", "test"},
                   {"path", "/metadata/resourceVersion"},
                   {"value", text_at(deployment, {"metadata", "resourceVersion"})}});
  patch.push_back({{"op", "replace"}, {"path", "/spec/template"}, {"value", to.pod_template}});
  if (note.resume && kube::flag_at(deployment, {"spec", "paused"}))
    patch.push_back({{"op", "remove"}, {"path", "/spec/paused"}});
  if (!field(deployment, {"metadata", "annotations"}))
    patch.push_back({{"op", "add"}, {"path", "/metadata/annotations"}, {"value", json::object()}});
  const auto annotate = [&](const std::string& key, const std::string& value) {
    patch.push_back(
        {{"op", "add"}, {"path", annotation_pointer(key)}, {"value", value}});  // add replaces what is there
  };
  annotate(cause_key, undo_cause(to.number, note));
  const auto from = numbers_in(text_at(deployment, {"metadata", "annotations", "deployment.kubernetes.io/revision"}));
  annotate(undo_key, undo_note(from.empty() ? 0 : from.front(), to, note));
  if (const auto manifest = synced_manifest(deployment, to.pod_template, note); !manifest.empty())
    annotate(applied_key, manifest);
  return patch;
}

json revision_patch(const json& workload, const Revision& to, std::int64_t from, const UndoNote& note) {
  auto patch = to.data;
  patch["metadata"]["uid"] = text_at(workload, {"metadata", "uid"});
  patch["metadata"]["resourceVersion"] = text_at(workload, {"metadata", "resourceVersion"});
  auto& annotations = patch["metadata"]["annotations"];
  annotations[cause_key] = undo_cause(to.number, note);
  annotations[undo_key] = undo_note(from, to, note);
  if (const auto manifest = synced_manifest(workload, to.pod_template, note); !manifest.empty())
    annotations[applied_key] = manifest;
  return patch;
}

std::vector<std::pair<std::string, std::string>> needs_of(const json& pod_template) {
  std::set<std::pair<std::string, std::string>> needs;
  const auto& spec = map_at(pod_template, {"spec"});
  const auto need = [&](const char* plural, const json& from, kube::Path name, kube::Path optional) {
    if (kube::flag_at(from, optional)) return;
    if (auto text = text_at(from, name); !text.empty()) needs.emplace(plural, std::move(text));
  };
  for (const auto& volume : list_at(spec, {"volumes"})) {
    need("configmaps", volume, {"configMap", "name"}, {"configMap", "optional"});
    need("secrets", volume, {"secret", "secretName"}, {"secret", "optional"});
    need("persistentvolumeclaims", volume, {"persistentVolumeClaim", "claimName"}, {"none"});
    for (const auto& source : list_at(volume, {"projected", "sources"})) {
      need("configmaps", source, {"configMap", "name"}, {"configMap", "optional"});
      need("secrets", source, {"secret", "name"}, {"secret", "optional"});
    }
  }
  for (const char* list : {"initContainers", "containers"})
    for (const auto& container : list_at(spec, {list})) {
      for (const auto& source : list_at(container, {"envFrom"})) {
        need("configmaps", source, {"configMapRef", "name"}, {"configMapRef", "optional"});
        need("secrets", source, {"secretRef", "name"}, {"secretRef", "optional"});
      }
      for (const auto& variable : list_at(container, {"env"})) {
        need("configmaps", variable, {"valueFrom", "configMapKeyRef", "name"},
             {"valueFrom", "configMapKeyRef", "optional"});
        need("secrets", variable, {"valueFrom", "secretKeyRef", "name"}, {"valueFrom", "secretKeyRef", "optional"});
      }
    }
  need("serviceaccounts", spec, {"serviceAccountName"}, {"none"});
  return {needs.begin(), needs.end()};
}

std::vector<std::string> owners_of(const json& workload) {
  std::vector<std::string> owners;
  const auto note = [&](kube::Path where) { return text_at(workload, where); };
  if (const auto release = note({"metadata", "annotations", "meta.helm.sh/release-name"}); !release.empty())
    owners.push_back(fmt::format("helm release '{}' owns it: its next upgrade starts from the release's own record "
                                 "(better: deploy-helm rollback)",
                                 release));
  if (!note({"metadata", "annotations", "argocd.argoproj.io/tracking-id"}).empty())
    owners.emplace_back("Argo CD owns it and may put the newer state back (better: argocd app rollback)");
  if (const auto flux = note({"metadata", "labels", "kustomize.toolkit.fluxcd.io/name"}); !flux.empty())
    owners.push_back(
        fmt::format("Flux owns it and will put the newer state back (better: flux suspend kustomization {})", flux));
  if (const auto flux = note({"metadata", "labels", "helm.toolkit.fluxcd.io/name"}); !flux.empty())
    owners.push_back(
        fmt::format("Flux owns it and may put the newer state back (better: flux suspend helmrelease {})", flux));
  return owners;
}

}  // namespace slipway::rollout
