// SPDX-License-Identifier: Apache-2.0
// The Authorization header of requests to one registry: found out from its challenges, kept, renewed
// before it expires. CNCF distribution, "Token Authentication Specification" and "OAuth2 Token
// Authentication"; RFC 7617.
#pragma once

#include "oci/access.hpp"
#include "oci/challenge.hpp"
#include "oci/courier.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace slipway::oci {

class Authorizer {
 public:
  enum class Need { pull, push, remove };

  Authorizer(Courier& courier, std::string registry, std::string repository, const Access& access, const io::Run& run);

  /// What a request is for.
  struct Scope {
    std::string repository;
    Need need = Need::pull;
    std::string from;  ///< a second repository, to be read by a mount; its tokens are kept apart from all others
  };

  /// The header's value for a request, empty as long as the registry has not asked for one.
  [[nodiscard]] std::string header(const Scope& scope);
  /// After a 401 to a request that was sent with `used`: whether another try makes sense.
  /// @throws Error denied when it does not, or the token service refuses
  [[nodiscard]] bool learn(const http::Response& answer, const std::string& used);
  /// Why the registry may have said no, in a sentence, for an error.
  [[nodiscard]] Error denied(const std::string& repository, int status);

 private:
  struct Kept {
    std::string text;
    std::chrono::steady_clock::time_point got;
    std::chrono::steady_clock::time_point renew_at;
    std::chrono::steady_clock::time_point ends;
    bool second = false;  ///< got because the one before was refused
  };

  [[nodiscard]] const std::optional<Login>& login();
  [[nodiscard]] std::string fetch(const std::vector<std::string>& scopes);
  [[nodiscard]] http::Request token_request(const std::vector<std::string>& scopes, const std::string& identity) const;
  [[nodiscard]] Error token_refused(const http::Request& request, const http::Response& response) const;
  void check_realm(const std::string& realm) const;

  Courier& courier_;
  std::string registry_;
  std::string repository_;
  const Access& access_;
  io::Run run_;
  std::mutex mutex_;
  bool looked_ = false;
  std::optional<Login> login_;
  std::optional<Challenge> challenge_;
  std::map<std::vector<std::string>, Kept> tokens_;  ///< by scopes
  std::set<std::vector<std::string>> refused_;       ///< scopes whose last token was refused
};

}  // namespace slipway::oci
