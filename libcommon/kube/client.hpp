// SPDX-License-Identifier: Apache-2.0
// One cluster's REST API as one user: plain requests here, lists kept current in kube/watch.hpp.
// Status objects become an Error with the server's own sentence; credentials are refreshed once and
// the request repeated after a 401; 429 and 503 with Retry-After are obeyed. What objects mean is
// left to the callers.
// @source Kubernetes API concepts; API conventions, "Response Status Kind"
#pragma once

#include "http/client.hpp"
#include "io/events.hpp"
#include "kube/access.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::kube {

/// A kind of object as the API addresses it.
struct Resource {
  std::string group;  ///< empty for the core group
  std::string version;
  std::string kind;
  std::string plural;
  bool namespaced = true;
  friend bool operator==(const Resource&, const Resource&) = default;
  [[nodiscard]] std::string api_version() const { return group.empty() ? version : group + '/' + version; }
};

/// The kinds that need no discovery: workloads, pods, services, config maps, secrets, jobs, ... by
/// kind, singular, plural or short name, with or without ".group" ("deploy", "deployments.apps").
[[nodiscard]] const Resource* known_resource(std::string_view name);
/// The same by what a manifest says.
[[nodiscard]] const Resource* known_resource(std::string_view api_version, std::string_view kind);

/// /apis/apps/v1/namespaces/NS/deployments[/NAME[/SUB]]; each part percent-encoded.
/// An empty `name_space` lists over all of them.
[[nodiscard]] std::string path_of(const Resource& resource, std::string_view name_space, std::string_view name = {},
                                  std::string_view subresource = {});

using Query = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::string with_query(std::string path, const Query& query);

enum class Patch { json, merge, strategic, apply };

struct ClientOptions {
  std::chrono::milliseconds request_timeout{30'000};
  /// Reads that meet an unreachable server are tried again for so long; zero: the first failure counts.
  std::chrono::milliseconds grace{0};
  std::string field_manager = {};  ///< of what is patched; empty: the agent's name
  bool dry_run = false;            ///< the server tries every write, and keeps none. @source kube-apiserver, dryRun=All
};

class Client {
 public:
  /// @param agent User-Agent, "k8s-rollout/1.0.0"
  Client(Access access, std::string agent, ClientOptions options = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  [[nodiscard]] const Access& access() const;
  void set_grace(std::chrono::milliseconds grace);

  // `path` begins with /api or /apis and may hold a query. Every call may throw: not_found (404),
  // denied (401, 403), conflict (409, or a failed `test` of a JSON patch), bad_input (400, 422:
  // the API refused the object), busy (429 for too long), unreachable, protocol, interrupted, timed_out.

  [[nodiscard]] nlohmann::json get(const std::string& path, const io::Run& run);
  /// Nothing instead of not_found.
  [[nodiscard]] std::optional<nlohmann::json> find(const std::string& path, const io::Run& run);
  /// All items, page by page; each gets the list's apiVersion and kind.
  [[nodiscard]] std::vector<nlohmann::json> list(const std::string& path, const io::Run& run);
  /// POST to a collection (or to a subresource such as pods/eviction).
  nlohmann::json create(const std::string& path, const nlohmann::json& object, const io::Run& run);
  nlohmann::json replace(const std::string& path, const nlohmann::json& object, const io::Run& run);
  /// @param dry_run this one is only tried, as all are with ClientOptions::dry_run
  nlohmann::json patch(const std::string& path, Patch type, const nlohmann::json& change, const io::Run& run,
                       bool dry_run = false);
  /// @param options DeleteOptions, or null
  nlohmann::json remove(const std::string& path, const nlohmann::json& options, const io::Run& run);
  /// An answer that is no JSON: a log.
  [[nodiscard]] std::string text(const std::string& path, const io::Run& run);
  /// The kind that a manifest names, from the table above or by discovery of its group and version.
  /// @throws Error not_found when the server does not know it
  [[nodiscard]] Resource resource(const std::string& api_version, const std::string& kind, const io::Run& run);
  /// A kind by what a person writes: kind, plural, singular, short name, or plural.group; any case. Asks only the
  /// groups that may hold it; one that does not answer is left out with a note.
  /// @throws Error not_found when no group of the server knows it
  [[nodiscard]] Resource resource_called(const std::string& word, const io::Run& run);
  /// Asks for the server's version beside what else is under way, once, and warns when it is older than what the rules
  /// were written for. What the server does not answer is not said.
  /// @throws bad_setup: a credential plugin, as every request may
  void check_version(const io::Run& run);
  /// "v1.34.3"
  [[nodiscard]] std::string server_version(const io::Run& run);
  /// May we? (SelfSubjectAccessReview; "" for any name.)
  [[nodiscard]] bool allowed(std::string_view verb, const Resource& resource, std::string_view name_space,
                             const io::Run& run, std::string_view subresource = {});

  /// The server's clock, from the Date header of its answers; ours until it has answered.
  [[nodiscard]] std::chrono::system_clock::time_point now() const;

  // For kube/watch: a request with address, TLS and credentials filled in, on the same connections.
  [[nodiscard]] http::Request request(std::string method, const std::string& path, const io::Run& run);
  [[nodiscard]] http::Client& transport();
  /// Lets what is under way go on, for `duration` or until `until()` is true; sleeps when nothing is.
  /// @throws Error interrupted, timed_out
  void wait(std::chrono::milliseconds duration, const io::Run& run, const std::function<bool()>& until = {});
  void saw(const http::Response& response, const io::Run& run);  ///< reads Date and Warning
  /// At most four plain requests at once to one server; watches do not count. False: later.
  [[nodiscard]] bool take_slot();
  void give_slot();
  /// Forgets what can be fetched anew (exec plugin, token file); false when nothing can.
  bool renew_credentials();
  [[nodiscard]] Error error_of(const http::Request& request, const http::Response& response) const;
  [[nodiscard]] Error error_of(const http::Request& request, const http::Transport& transport) const;

 private:
  struct Impl;
  std::map<std::string, Resource>& discovered();  ///< by what was asked for
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::kube
