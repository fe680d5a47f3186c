// SPDX-License-Identifier: Apache-2.0
#include "journal.hpp"

#include "core/error.hpp"
#include "core/text.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>

namespace slipway::rollout {

using nlohmann::json;

namespace {

constexpr std::string_view suffix = ".jsonl";

std::filesystem::path file_of(const std::filesystem::path& folder, const std::string& id) {
  return folder / (id + std::string(suffix));
}

/// Ids come from the command line and become file names.
void check_id(const std::filesystem::path& folder, const std::string& id) {
  std::error_code ignored;
  const bool plain = id.find_first_of("/.") == std::string::npos && !id.empty();
  if (plain && std::filesystem::exists(file_of(folder, id), ignored)) return;
  throw Error(failure::not_found,
              fmt::format("there is no run '{}'{}", text::printable(id), text::did_you_mean(id, journal_ids(folder))),
              "k8s-rollout plan list");
}

/// Every field that a run of several clusters depends on, once for writing and once for reading.
template <typename O, typename Visit>
void each_field(O& o, Visit&& visit) {
  visit("command", o.command);
  visit("workloads", o.workloads);
  visit("selector", o.selector);
  visit("namespace", o.name_space);
  visit("contexts", o.contexts);
  visit("clusters", o.clusters);
  visit("targets", o.targets);
  visit("targets_file", o.targets_file);
  visit("registry", o.registry);
  visit("service", o.service);
  visit("kubeconfig", o.kubeconfig);
  visit("cluster", o.cluster);
  visit("user", o.user);
  visit("token_file", o.token_file);
  visit("server", o.server);
  visit("certificate_authority", o.certificate_authority);
  visit("client_certificate", o.client_certificate);
  visit("client_key", o.client_key);
  visit("tls_server_name", o.tls_server_name);
  visit("insecure", o.insecure);
  visit("as", o.as);
  visit("as_groups", o.as_groups);
  visit("as_uid", o.as_uid);
  visit("stable", o.stable);
  visit("fail_fast", o.fail_fast);
  visit("patience", o.patience);
  visit("no_progress", o.no_progress);
  visit("fail_unready_after", o.fail_unready_after);
  visit("max_restarts", o.max_restarts);
  visit("wait_terminated", o.wait_terminated);
  visit("require_full", o.require_full);
  visit("ignore_unready_nodes", o.ignore_unready_nodes);
  visit("follow_superseded", o.follow_superseded);
  visit("field_manager", o.field_manager);
  visit("logs", o.logs);
  visit("to_revision", o.to_revision);
  visit("to_image", o.to_image);
  visit("previous", o.previous);
  visit("resume", o.resume);
  visit("force", o.force);
  visit("unstick", o.unstick);
  visit("last_applied", o.last_applied);
  visit("reason", o.reason);
  visit("replicas", o.replicas);
  visit("restore", o.restore);
  visit("batch", o.batch);
  visit("if_older", o.if_older);
  visit("on_failure", o.on_failure);
  visit("bake", o.bake);
  visit("checks", o.checks);
  visit("check_urls", o.check_urls);
  visit("clusters_at_once", o.clusters_at_once);
  visit("confirm_each", o.confirm_each);
}

template <typename Value>
json saved_value(const Value& value) {
  return json(value);
}
json saved_value(const Options::Duration& value) { return value ? json(value->count()) : json(nullptr); }
template <typename Value>
json saved_value(const std::optional<Value>& value) {
  return value ? json(*value) : json(nullptr);
}

template <typename Value>
void restore_value(const json& saved, Value& value) {
  value = saved.get<Value>();
}
void restore_value(const json& saved, Options::Duration& value) {
  if (saved.is_null()) value.reset();
  else value = std::chrono::milliseconds(saved.get<std::int64_t>());
}
template <typename Value>
void restore_value(const json& saved, std::optional<Value>& value) {
  if (saved.is_null()) value.reset();
  else value = saved.get<Value>();
}

}  // namespace

std::filesystem::path journal_folder(const cli::Environment& env) {
  if (const auto state = env("XDG_STATE_HOME"); state && state->starts_with('/'))
    return std::filesystem::path(*state) / "k8s-rollout";
  if (const auto home = env("HOME"); home && !home->empty())
    return std::filesystem::path(*home) / ".local" / "state" / "k8s-rollout";
  throw Error(failure::bad_setup, "a run over several clusters keeps a journal, and HOME is not set",
              "set XDG_STATE_HOME");
}

Journal Journal::create(const std::filesystem::path& folder, json head) {
  std::error_code fault;
  std::filesystem::create_directories(folder, fault);
  if (fault)
    throw Error(failure::cannot_create,
                fmt::format("cannot create the folder {}: {}", folder.string(), fault.message()));
  std::random_device random;
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  for (;;) {
    auto id = fmt::format("{:%Y%m%d-%H%M%S}-{:04x}", fmt::gmtime(now), random() % 0x10000U);
    Fd file(::open(file_of(folder, id).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
    if (!file.open() && errno == EEXIST) continue;
    if (!file.open())
      throw Error(failure::cannot_create,
                  fmt::format("cannot create a journal in {}: {}", folder.string(), std::strerror(errno)));
    static_cast<void>(::flock(file.get(), LOCK_EX | LOCK_NB));  // tells a run that lives from one that died
    Journal journal(std::move(file), id);
    head["plan"] = std::move(id);
    journal.write(head);
    return journal;
  }
}

Journal Journal::open(const std::filesystem::path& folder, const std::string& id) {
  check_id(folder, id);
  Fd file(::open(file_of(folder, id).c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!file.open())
    throw Error(failure::cannot_create,
                fmt::format("cannot write the journal of run {}: {}", id, std::strerror(errno)));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    throw Error(failure::busy, fmt::format("run {} still goes on in another process", id));
  return {std::move(file), id};
}

void Journal::write(const json& line) {
  fs::write_all(file_.get(), line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n", "the journal");
  if (::fsync(file_.get()) != 0)
    throw Error(failure::write_failed,
                fmt::format("the journal cannot be brought to the disk: {}", std::strerror(errno)));
}

std::vector<json> read_journal(const std::filesystem::path& folder, const std::string& id) {
  check_id(folder, id);
  std::vector<json> lines;
  for (const auto& text : text::split(fs::read_file(file_of(folder, id)), '\n')) {
    auto line = json::parse(text, nullptr, false);
    if (line.is_object()) lines.push_back(std::move(line));
  }
  if (lines.empty() || !lines.front().contains("options"))
    throw Error(failure::bad_input, fmt::format("the journal of run {} has no beginning", id));
  return lines;
}

std::vector<std::string> journal_ids(const std::filesystem::path& folder) {
  std::vector<std::string> ids;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.path().extension() == suffix) ids.push_back(entry.path().stem().string());
  std::ranges::sort(ids);
  return ids;
}

json options_to_json(const Options& options) {
  json saved = json::object();
  each_field(options, [&](const char* name, const auto& value) { saved[name] = saved_value(value); });
  return saved;
}

Options options_from_json(const json& saved) {
  Options options;
  each_field(options, [&](const char* name, auto& value) {
    if (const auto found = saved.find(name); found != saved.end()) restore_value(*found, value);
  });
  return options;
}

}  // namespace slipway::rollout
