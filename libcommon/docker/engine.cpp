// SPDX-License-Identifier: Apache-2.0
// Reaching the engine: addresses, the API's version, and what an answer that is no success means.
#include "docker/engine.hpp"

#include "core/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <cerrno>

namespace slipway::docker {

namespace {

/// The newest version that we know; 20.10 speaks it, newer engines still do.
constexpr std::pair newest{1, 41};

std::pair<int, int> parse_version(std::string_view text) {
  const auto parts = text::split(text, '.');
  const auto number = [](const std::string& s) { return std::atoi(s.c_str()); };
  return {number(parts.at(0)), parts.size() > 1 ? number(parts[1]) : 0};
}

/// "Docker/20.10.24+dfsg1 (linux)" -> "20.10.24+dfsg1".
std::string version_of(std::string_view server) {
  const auto slash = server.find('/');
  if (slash == std::string_view::npos) return std::string(server);
  const auto rest = server.substr(slash + 1);
  return std::string(rest.substr(0, rest.find(' ')));
}

}  // namespace

Engine::Engine(Endpoint where, std::string agent, const io::Run& run)
    : where_(std::move(where)), client_(std::move(agent)) {
  auto ping = request("GET", "/_ping");
  ping.total_timeout = std::chrono::seconds{10};
  const auto response = call(std::move(ping), run);
  if (response.status != 200) throw refused(response, "ask the engine for its version");
  const auto offered = parse_version(response.header("api-version").value_or("1.24"));
  const auto version = std::min(offered, newest);
  api_ = fmt::format("{}.{}", version.first, version.second);
  version_ = version_of(response.header("server").value_or("unknown"));
}

http::Request Engine::request(std::string method, const std::string& path) const {
  http::Request request;
  request.method = std::move(method);
  request.url = where_.base + (api_.empty() ? "" : "/v" + api_) + path;
  request.unix_socket = where_.unix_socket;
  request.proxy = "";
  return request;
}

http::Response Engine::call(http::Request request, const io::Run& run) {
  std::optional<http::Result> result;
  const auto id = client_.start(std::move(request), [&](http::Result r) { result = std::move(r); });
  try {
    while (!result) client_.drive(run, std::chrono::hours{1}, [&] { return result.has_value(); });
  } catch (...) {
    client_.cancel(id);
    throw;
  }
  if (result->transport) throw no_answer(*result->transport);
  return std::move(*result->response);
}

Error Engine::no_answer(const http::Transport& transport) const {
  if (transport.kind == http::Transport::Kind::connect && where_.unix_socket) {
    const auto* path = where_.unix_socket->c_str();
    if (::access(path, F_OK) != 0)
      return {failure::no_engine, fmt::format("no container engine at {}: there is no such socket", where_.shown),
              "start one (sudo systemctl start docker), or set DOCKER_HOST"};
    if (::access(path, R_OK | W_OK) != 0 && errno == EACCES)
      return {failure::denied, fmt::format("you may not use the container engine at {}", where_.shown),
              "sudo usermod -aG docker $USER, then log in again"};
    return {failure::no_engine, fmt::format("no container engine answers at {}: connection refused", where_.shown),
            "start one (sudo systemctl start docker), or set DOCKER_HOST"};
  }
  return {failure::no_engine, fmt::format("no container engine answers at {}: {}", where_.shown, transport.message)};
}

Error Engine::refused(const http::Response& response, const std::string& what) const {
  std::string message;
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  if (body.is_object() && body.contains("message") && body["message"].is_string())
    message = body["message"].get<std::string>();
  else message = response.body.substr(0, 300);
  const auto& kind = response.status == 400                             ? failure::bad_input
                     : response.status == 401 || response.status == 403 ? failure::denied
                     : response.status == 404                           ? failure::not_found
                     : response.status == 409                           ? failure::conflict
                                                                        : failure::engine_failed;
  return Error(kind, fmt::format("cannot {}: {}", what, text::printable(text::trim(message))))
      .add_place(fmt::format("container engine {} (HTTP {})", where_.shown, response.status));
}

}  // namespace slipway::docker
