// SPDX-License-Identifier: Apache-2.0
// A registry in memory that behaves as CNCF distribution 2.8 does, and misbehaves where a test says so.
// It notes what a client must not do: a tag before its blobs, a manifest with a wrong Content-Type,
// a session that was left open.
#pragma once

#include "oci/digest.hpp"
#include "support/http_server.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace slipway::test {

class FakeRegistry {
 public:
  /// Answers instead of the registry; nothing leaves it to the registry.
  using Fault = std::function<std::optional<Answer>(const Seen&)>;

  explicit FakeRegistry(Fault fault = {})
      : fault_(std::move(fault)), server_([this](const Seen& s) { return on(s); }) {}

  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  [[nodiscard]] int port() const { return server_.port(); }
  [[nodiscard]] std::vector<Seen> seen() const { return server_.seen(); }
  /// Requests of that method whose path holds `part`.
  [[nodiscard]] std::size_t count(const std::string& method, const std::string& part = "") const {
    std::size_t n = 0;
    for (const auto& s : seen())
      if (s.method == method && s.target.find(part) != std::string::npos && s.target != "/v2/") ++n;
    return n;
  }

  // Only to be looked at while nobody pushes.
  std::map<std::string, std::map<std::string, std::string>> blobs;      ///< repository, digest, bytes
  std::map<std::string, std::map<std::string, std::string>> manifests;  ///< repository, tag or digest, bytes
  std::map<std::string, std::string> types;                             ///< of manifests, by digest
  std::map<std::string, std::string> sessions;                          ///< open ones
  std::set<std::string> wrong;                                          ///< what the client should not have done
  std::string location_prefix;                                          ///< before the path in Location

 private:
  static Answer error(int status, const std::string& code) {
    return {.status = status,
            .headers = {{"Content-Type", "application/json"}},
            .body = R"({"errors":[{"code":")" + code + R"(","message":"said the fake"}]})"};
  }
  static std::string query(const std::string& target, const std::string& name) {
    const auto at = target.find(name + "=");
    if (at == std::string::npos) return {};
    auto value = target.substr(at + name.size() + 1);
    value = value.substr(0, value.find('&'));
    for (auto c = value.find("%3A"); c != std::string::npos; c = value.find("%3A")) value.replace(c, 3, ":");
    for (auto c = value.find("%2F"); c != std::string::npos; c = value.find("%2F")) value.replace(c, 3, "/");
    return value;
  }

  Answer on(const Seen& s) {
    if (s.target == "/v2/") return {};
    if (fault_)
      if (auto answer = fault_(s)) return *answer;
    const auto path = s.target.substr(4, s.target.find('?') - 4);
    for (const std::string part : {"/blobs/uploads/", "/blobs/", "/manifests/", "/tags/list"}) {
      const auto at = path.find(part);
      if (at == std::string::npos) continue;
      const auto repository = path.substr(0, at);
      const auto rest = path.substr(at + part.size());
      if (part == "/blobs/uploads/") return upload(s, repository, rest);
      if (part == "/blobs/") return blob(s, repository, rest);
      if (part == "/manifests/") return manifest(s, repository, rest);
      return tags(repository);
    }
    return error(404, "NAME_UNKNOWN");
  }

  Answer accepted(const std::string& repository, const std::string& id) {
    return {.status = 202,
            .headers = {
                {"Location", fmt::format("{}/v2/{}/blobs/uploads/{}?_state=a%2Bb%3D", location_prefix, repository, id)},
                {"Range", "0-0"}}};
  }

  Answer upload(const Seen& s, const std::string& repository, const std::string& id) {
    if (s.method == "POST") {
      const auto mount = query(s.target, "mount");
      const auto from = query(s.target, "from");
      if (!mount.empty() && blobs[from].contains(mount)) {
        blobs[repository][mount] = blobs[from][mount];
        return {.status = 201, .headers = {{"Docker-Content-Digest", mount}}};
      }
      const auto fresh = std::to_string(++last_session_);
      sessions[fresh];
      return accepted(repository, fresh);
    }
    if (s.target.find("_state=a%2Bb%3D") == std::string::npos) wrong.insert("the upload's state came back changed");
    if (!sessions.contains(id)) return error(404, "BLOB_UPLOAD_UNKNOWN");
    if (s.method == "DELETE") {
      sessions.erase(id);
      return {.status = 204};
    }
    sessions[id] += s.body;
    if (s.method == "PATCH") return accepted(repository, id);
    const auto content = sessions[id];
    sessions.erase(id);
    const auto digest = query(s.target, "digest");
    if (oci::Digest::of(content).text() != digest) return error(400, "DIGEST_INVALID");
    blobs[repository][digest] = content;
    return {.status = 201, .headers = {{"Docker-Content-Digest", digest}}};
  }

  Answer blob(const Seen& s, const std::string& repository, const std::string& digest) {
    const auto found = blobs[repository].find(digest);
    if (found == blobs[repository].end()) return error(404, "BLOB_UNKNOWN");
    if (s.method == "HEAD")
      return {.status = 200, .headers = {{"Content-Length", std::to_string(found->second.size())}}};
    return {.status = 200, .body = found->second};
  }

  Answer manifest(const Seen& s, const std::string& repository, const std::string& version) {
    auto& here = manifests[repository];
    if (s.method == "PUT") {
      const auto document = nlohmann::json::parse(s.body, nullptr, false);
      const auto type = s.headers.contains("content-type") ? s.headers.at("content-type") : "";
      if (!document.is_object() || document.value("mediaType", "") != type) {
        wrong.insert("a manifest whose Content-Type is not its mediaType");
        return error(400, "MANIFEST_INVALID");
      }
      for (const auto& child : document.value("manifests", nlohmann::json::array()))
        if (!here.contains(child["digest"].get<std::string>())) {
          wrong.insert("an index before its manifests");
          return error(400, "MANIFEST_BLOB_UNKNOWN");
        }
      auto needed = document.value("layers", nlohmann::json::array());
      if (document.contains("config")) needed.push_back(document["config"]);
      for (const auto& descriptor : needed) {
        const auto& blob = blobs[repository].find(descriptor["digest"].get<std::string>());
        if (blob == blobs[repository].end() || blob->second.size() != descriptor["size"].get<std::size_t>()) {
          wrong.insert("a manifest before its blobs");
          return error(400, "MANIFEST_BLOB_UNKNOWN");
        }
      }
      const auto digest = oci::Digest::of(s.body).text();
      if (version.find(':') != std::string::npos && version != digest) wrong.insert("a manifest under another digest");
      here[version] = here[digest] = s.body;
      types[digest] = type;
      return {.status = 201, .headers = {{"Docker-Content-Digest", digest}}};
    }
    const auto found = here.find(version);
    if (found == here.end()) return error(404, "MANIFEST_UNKNOWN");
    const auto body = found->second;
    const auto digest = oci::Digest::of(body).text();
    if (s.method == "DELETE") {
      std::erase_if(here, [&](const auto& entry) { return entry.second == body; });
      return {.status = 202};
    }
    Answer answer{.status = 200, .headers = {{"Docker-Content-Digest", digest}, {"Content-Type", types[digest]}}};
    if (s.method == "HEAD") answer.headers.emplace_back("Content-Length", std::to_string(body.size()));
    else answer.body = body;
    return answer;
  }

  Answer tags(const std::string& repository) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [version, bytes] : manifests[repository])
      if (version.find(':') == std::string::npos) list.push_back(version);
    if (list.empty()) return error(404, "NAME_UNKNOWN");
    return {.status = 200, .body = nlohmann::json{{"name", repository}, {"tags", list}}.dump()};
  }

  Fault fault_;
  int last_session_ = 0;
  HttpServer server_;
};

}  // namespace slipway::test
