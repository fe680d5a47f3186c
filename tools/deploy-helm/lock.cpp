// SPDX-License-Identifier: Apache-2.0
#include "lock.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <pwd.h>
#include <stop_token>
#include <thread>

namespace slipway::deploy_helm {

namespace {

using nlohmann::json;
using std::chrono::system_clock;

constexpr std::chrono::seconds duration{30};
constexpr std::chrono::seconds renewal{10};

const kube::Resource lease{.group = "coordination.k8s.io", .version = "v1", .kind = "Lease", .plural = "leases"};

bool is(const Error& error, const Failure& failure) { return error.failure().id == failure.id; }

/// MicroTime wants six digits.
std::string micro_time(system_clock::time_point at) {
  auto text = text::rfc3339(at);
  return text.insert(text.size() - 1, "000");
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

/// CI systems and containers often set neither variable; the password file knows most of them.
std::string user_name(const Environment& env) {
  for (const char* variable : {"USER", "LOGNAME"})
    if (const auto name = env(variable); name && !name->empty()) return *name;
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return fmt::format("uid{}", ::getuid());
}

LeaseFacts facts_of(const json& object) {
  const auto& spec = object.value("spec", json::object());
  return {.holder = spec.value("holderIdentity", ""),
          .renewed = text::parse_rfc3339(spec.value("renewTime", "")),
          .duration = std::chrono::seconds{spec.value("leaseDurationSeconds", 0)}};
}

/// A killed process that nobody has reaped yet (in a container often nobody does) is as dead as one that is gone.
bool process_exists(int pid) {
  try {
    const auto stat = fs::read_file(fmt::format("/proc/{}/stat", pid));
    const auto name_end = stat.rfind(')');
    return name_end == std::string::npos || stat.substr(name_end + 1, 2) != " Z";
  } catch (const Error&) {
    return ::kill(pid, 0) == 0 || errno != ESRCH;
  }
}

}  // namespace

bool may_live(const LeaseFacts& lease_facts, system_clock::time_point now, const std::string& our_host,
              bool (*exists)(int pid)) {
  if (lease_facts.holder.empty() || !lease_facts.renewed) return false;
  if (*lease_facts.renewed + lease_facts.duration < now) return false;
  const auto& holder = lease_facts.holder;
  const auto at = holder.find('@');
  const auto slash = holder.rfind('/');
  if (at == std::string::npos || slash == std::string::npos || slash < at) return true;
  if (holder.substr(at + 1, slash - at - 1) != our_host) return true;
  int pid = 0;
  const auto [end, problem] = std::from_chars(holder.data() + slash + 1, holder.data() + holder.size(), pid);
  return problem != std::errc() || pid <= 0 || exists(pid);
}

std::string our_identity(const Environment& env) {
  return fmt::format("{}@{}/{}", user_name(env), host_name(), ::getpid());
}

struct Lock::Impl {
  Impl(const Cluster& cluster, const std::string& release, std::string holder_, const io::Run& run_)
      : client(cluster.client.access(), "deploy-helm"), holder(std::move(holder_)), run{run_.events, {}, {}},
        collection(kube::path_of(lease, cluster.place.name_space)),
        path(kube::path_of(lease, cluster.place.name_space, "deploy-helm." + release)), target(cluster.target.name),
        name("deploy-helm." + release) {}

  kube::Client client;
  std::string holder;
  io::Run run;  ///< without an end: a stopped run still has to let go
  std::string collection;
  std::string path;
  std::string target;
  std::string name;
  bool died = false;
  bool held = false;
  std::string resource_version;
  std::mutex mutex;
  std::condition_variable_any wake;
  std::jthread renewer;

  [[nodiscard]] json spec(system_clock::time_point now) const {
    return {{"holderIdentity", holder},
            {"leaseDurationSeconds", duration.count()},
            {"acquireTime", micro_time(now)},
            {"renewTime", micro_time(now)}};
  }

  void acquire() {
    const json fresh{{"apiVersion", "coordination.k8s.io/v1"},
                     {"kind", "Lease"},
                     {"metadata", {{"name", name}}},
                     {"spec", spec(client.now())}};
    for (int attempt = 0; attempt < 3; ++attempt) {
      auto there = client.find(path, run);
      try {
        if (!there) {
          client.create(collection, fresh, run);
          held = true;
          return;
        }
        const auto facts = facts_of(*there);
        if (may_live(facts, client.now(), host_name(), process_exists)) throw busy(*there, facts);
        died = true;
        (*there)["spec"] = spec(client.now());
        client.replace(path, *there, run);
        held = true;
        return;
      } catch (const Error& error) {
        if (is(error, failure::not_found)) return;  // no namespace yet: nothing to be locked
        if (!is(error, failure::conflict)) throw;
      }
    }
    throw Error(failure::busy, fmt::format("{} is being locked by others at this moment", name))
        .add_place("target " + target);
  }

  [[nodiscard]] Error busy(const json& object, const LeaseFacts& facts) const {
    return Error(failure::busy,
                 fmt::format("{} is at work here since {}", facts.holder,
                             object.value("/spec/acquireTime"_json_pointer, "an unknown time")),
                 fmt::format("wait for it; a run that was killed lets go after {} s", duration.count()))
        .add_place("target " + target);
  }

  void keep() {
    renewer = std::jthread([this](const std::stop_token& stop) {
      std::unique_lock guard(mutex);
      while (!wake.wait_for(guard, stop, renewal, [] { return false; }) && !stop.stop_requested()) {
        try {
          client.patch(path, kube::Patch::merge, {{"spec", {{"renewTime", micro_time(client.now())}}}}, run);
        } catch (const Error& error) {
          // The work goes on: the Lease outlives two missed renewals, and a lost one harms only who comes next.
          run.events.detail(fmt::format("{}: lock not renewed: {}", target, error.message()));
        }
      }
    });
  }

  void let_go() {
    renewer = {};
    if (!held) return;
    try {
      client.remove(path, json(), run);
    } catch (const Error& error) {
      run.events.detail(fmt::format("{}: lock not removed: {}", target, error.message()));
    }
  }
};

Lock::Lock(const Cluster& cluster, const std::string& release, const std::string& holder, const io::Run& run)
    : impl_(std::make_unique<Impl>(cluster, release, holder, run)) {
  try {
    impl_->acquire();
  } catch (const Error& error) {
    if (!is(error, failure::denied)) throw;
    run.events.warn(
        fmt::format("{}: may not write Leases: two deploys at once would not notice each other", impl_->target));
  }
  if (impl_->held) impl_->keep();
}

Lock::~Lock() { impl_->let_go(); }

bool Lock::predecessor_died() const { return impl_->died; }

}  // namespace slipway::deploy_helm
