// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "docker/engine.hpp"
#include "docker/query.hpp"
#include "docker/stream.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <csignal>

namespace slipway::docker {

namespace {

using nlohmann::json;

json to_json(const ContainerSpec& spec) {
  json host = {{"LogConfig", {{"Type", "json-file"}, {"Config", json::object()}}}};
  if (!spec.network.empty()) host["NetworkMode"] = spec.network;
  if (spec.memory != 0) {
    host["Memory"] = spec.memory;
    host["MemorySwap"] = spec.memory;  // equal: no swap on top
  }
  if (spec.cpus > 0) host["NanoCpus"] = static_cast<std::int64_t>(spec.cpus * 1e9);
  if (spec.pids != 0) host["PidsLimit"] = spec.pids;
  if (spec.drop_capabilities) {
    host["CapDrop"] = {"ALL"};
    host["SecurityOpt"] = {"no-new-privileges"};
  }
  if (spec.init) host["Init"] = true;
  if (spec.read_only) host["ReadonlyRootfs"] = true;
  for (const auto& path : spec.tmpfs) host["Tmpfs"][path] = "";

  json body = {
      {"Image", spec.image},   {"Tty", false},          {"OpenStdin", false},          {"AttachStdin", false},
      {"AttachStdout", false}, {"AttachStderr", false}, {"Labels", json(spec.labels)}, {"HostConfig", std::move(host)}};
  if (!spec.arguments.empty()) body["Cmd"] = spec.arguments;
  if (spec.entrypoint) body["Entrypoint"] = *spec.entrypoint;
  json env = json::array();
  for (const auto& [name, value] : spec.env) env.push_back(fmt::format("{}={}", name, value));
  if (!env.empty()) body["Env"] = std::move(env);
  if (!spec.user.empty()) body["User"] = spec.user;
  if (!spec.workdir.empty()) body["WorkingDir"] = spec.workdir;
  if (!spec.hostname.empty()) body["Hostname"] = spec.hostname;
  return body;
}

json parse(const http::Response& response) {
  auto value = json::parse(response.body, nullptr, false);
  if (value.is_discarded()) throw Error(failure::protocol, "the engine's answer is not JSON");
  return value;
}

std::string short_id(const std::string& id) { return id.substr(0, 12); }

}  // namespace

std::string Engine::create(const ContainerSpec& spec, const io::Run& run) {
  Query query;
  if (!spec.name.empty()) query.add("name", spec.name);
  auto request = this->request("POST", "/containers/create" + query.text());
  request.headers = {{"Content-Type", "application/json"}};
  try {
    request.content = to_json(spec).dump();
  } catch (const json::exception&) {
    throw Error(failure::bad_input, "an argument or variable of the container is not UTF-8");
  }
  const auto response = call(std::move(request), run);
  if (response.status != 201) throw refused(response, fmt::format("make a container of {}", spec.image));
  const auto answer = parse(response);
  for (const auto& warning : answer.value("Warnings", json::array()))
    if (warning.is_string()) run.events.detail(fmt::format("engine: {}", text::printable(warning.get<std::string>())));
  return answer.at("Id").get<std::string>();
}

void Engine::start(const std::string& id, const io::Run& run) {
  const auto response = call(request("POST", fmt::format("/containers/{}/start", id)), run);
  if (response.status == 204 || response.status == 304) return;
  auto error = refused(response, fmt::format("start container {}", short_id(id)));
  // The engine answers 400 or 500 alike when the image has no such program, or one it may not execute.
  const auto has = [&](std::string_view part) { return error.message().find(part) != std::string::npos; };
  if (has("executable file not found") || has("permission denied") || has("exec format error") ||
      has("no such file or directory"))
    throw Error(failure::bad_input, error.message());
  throw error;
}

int Engine::follow(const std::string& id, const LogSink& sink, std::chrono::milliseconds grace, const io::Run& run) {
  LogFrames frames(sink);
  auto logs = request("GET", fmt::format("/containers/{}/logs?follow=1&stdout=1&stderr=1", id));
  logs.stall_timeout = {};
  logs.on_data = [&](std::string_view bytes) {
    frames.feed(bytes);
    return true;
  };
  auto wait = request("POST", fmt::format("/containers/{}/wait", id));
  wait.stall_timeout = {};

  std::optional<http::Result> logged;
  std::optional<http::Result> waited;
  const auto has_ended = [&] { return waited.has_value(); };
  const auto has_said_all = [&] { return logged.has_value(); };
  const auto logs_id = client_.start(std::move(logs), [&](http::Result r) { logged = std::move(r); });
  const auto wait_id = client_.start(std::move(wait), [&](http::Result r) { waited = std::move(r); });
  const auto give_up = [&] {
    client_.cancel(logs_id);
    client_.cancel(wait_id);
  };
  try {
    while (!waited) client_.drive(run, std::chrono::hours{1}, has_ended);
    // The log's end trails the container's by little; a log driver that never ends it must not hold us.
    if (!logged) client_.drive(run, std::chrono::seconds{10}, has_said_all);
  } catch (const Error& error) {
    const bool early = error.failure().id == failure::interrupted.id || error.failure().id == failure::timed_out.id;
    if (!early || waited) {
      give_up();
      throw;
    }
    try {
      const io::Run last{run.events, {}, {}};
      kill(id, run.stop.signal() == SIGINT ? "SIGINT" : "SIGTERM", last);
      if (!waited) client_.drive(last, grace, has_ended);
      if (!waited) {
        kill(id, "SIGKILL", last);
        if (!waited) client_.drive(last, std::chrono::seconds{10}, has_ended);
      }
      if (!logged) client_.drive(last, std::chrono::seconds{2}, has_said_all);
    } catch (const Error& worse) {
      run.events.warn(worse.message());
    }
    give_up();
    throw;
  } catch (...) {
    give_up();
    throw;
  }
  client_.cancel(logs_id);
  if (waited->transport) throw no_answer(*waited->transport);
  if (waited->response->status != 200)
    throw refused(*waited->response, fmt::format("wait for container {}", short_id(id)));
  if (logged && logged->response && logged->response->status != 200)
    run.events.warn(refused(*logged->response, "read the container's output").message());
  return parse(*waited->response).at("StatusCode").get<int>();
}

ContainerState Engine::state(const std::string& id, const io::Run& run) {
  const auto response = call(request("GET", fmt::format("/containers/{}/json", id)), run);
  if (response.status != 200) throw refused(response, fmt::format("look at container {}", short_id(id)));
  const auto answer = parse(response);
  const auto state = answer.value("State", json::object());
  return {state.value("Running", false), state.value("OOMKilled", false), state.value("ExitCode", 0),
          state.value("Error", "")};
}

void Engine::kill(const std::string& id, const std::string& signal, const io::Run& run) {
  const auto response = call(request("POST", fmt::format("/containers/{}/kill?signal={}", id, signal)), run);
  if (response.status >= 400 && response.status != 404 && response.status != 409)
    throw refused(response, fmt::format("send {} to container {}", signal, short_id(id)));
}

void Engine::stop(const std::string& id, std::chrono::seconds grace, const io::Run& run) {
  auto request = this->request("POST", fmt::format("/containers/{}/stop?t={}", id, grace.count()));
  request.stall_timeout += grace;
  const auto response = call(std::move(request), run);
  if (response.status >= 400 && response.status != 404)
    throw refused(response, fmt::format("stop container {}", short_id(id)));
}

void Engine::remove(const std::string& id, const io::Run& run) {
  const auto response = call(request("DELETE", fmt::format("/containers/{}?force=1&v=1", id)), run);
  // 409: somebody else is removing it just now.
  if (response.status >= 400 && response.status != 404 && response.status != 409)
    throw refused(response, fmt::format("remove container {}", short_id(id)));
}

bool Engine::copy_out(const std::string& id, const std::string& path, const Sink& sink, const io::Run& run) {
  Query query;
  query.add("path", path);
  auto request = this->request("GET", fmt::format("/containers/{}/archive{}", id, query.text()));
  request.on_data = sink;
  const auto response = call(std::move(request), run);
  if (response.status == 404) return false;
  if (response.status != 200) throw refused(response, fmt::format("copy {} out of container {}", path, short_id(id)));
  return true;
}

std::vector<ContainerRow> Engine::containers(const std::string& label, const io::Run& run) {
  Query query;
  query.add("all", "1");
  query.add("filters", json{{"label", {label}}}.dump());
  const auto response = call(request("GET", "/containers/json" + query.text()), run);
  if (response.status != 200) throw refused(response, "list containers");
  std::vector<ContainerRow> rows;
  for (const auto& item : parse(response)) {
    ContainerRow row;
    row.id = item.value("Id", "");
    row.image = item.value("Image", "");
    row.state = item.value("State", "");
    if (const auto names = item.value("Names", json::array()); !names.empty() && names[0].is_string())
      row.name = names[0].get<std::string>().substr(1);
    if (const auto labels = item.find("Labels"); labels != item.end() && labels->is_object())
      row.labels = labels->get<Labels>();
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace slipway::docker
