// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "docker/build_log.hpp"
#include "docker/engine.hpp"
#include "docker/query.hpp"
#include "docker/stream.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace slipway::docker {

namespace {

using nlohmann::json;

std::string build_query(const BuildRequest& request) {
  Query query;
  query.add("dockerfile", request.dockerfile);
  for (const auto& tag : request.tags) query.add("t", tag);
  // An object cannot hold a name twice: as with docker build, the last one counts.
  json args = json::object();
  for (const auto& [name, value] : request.args) args[name] = value;
  query.add("buildargs", args.dump());
  query.add("labels", json(request.labels).dump());
  if (!request.target.empty()) query.add("target", request.target);
  if (!request.network.empty()) query.add("networkmode", request.network);
  if (request.pull) query.add("pull", "1");
  if (request.no_cache) query.add("nocache", "1");
  query.add("rm", "1");
  query.add("forcerm", "1");
  return query.text();
}

bool about_the_dockerfile(std::string_view message) {
  for (const auto* part : {"dockerfile parse error", "Dockerfile parse error", "unknown instruction",
                           "failed to parse Dockerfile", "target stage", "the Dockerfile ("})
    if (message.find(part) != std::string_view::npos) return true;
  return false;
}

json object_of(const http::Response& response, const char* what) {
  auto object = json::parse(response.body, nullptr, false);
  if (!object.is_object())
    throw Error(failure::protocol, fmt::format("the engine's answer about {} is not a JSON object", what));
  return object;
}

std::vector<std::string> strings(const json& object, const char* key) {
  std::vector<std::string> out;
  const auto found = object.find(key);
  if (found != object.end() && found->is_array())
    for (const auto& item : *found)
      if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

std::string string_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

std::string Engine::build(const BuildRequest& build, http::Body context,
                          const std::function<void(std::string_view line)>& on_line, const io::Run& run) {
  auto request = this->request("POST", "/build" + build_query(build));
  request.headers = {{"Content-Type", "application/x-tar"}};
  request.body = std::move(context);
  request.stall_timeout = {};  // a compiler may be silent for as long as it likes
  BuildLog log(on_line);
  Lines lines([&](std::string_view line) { log.feed(line); }, 16U << 20U);
  request.on_data = [&](std::string_view bytes) {
    lines.feed(bytes);
    return true;
  };
  const auto response = call(std::move(request), run);
  if (response.status != 200) {
    auto error = refused(response, "build");
    if (about_the_dockerfile(error.message())) throw Error(failure::bad_input, error.message(), "");
    throw error;
  }
  lines.finish();
  if (log.failed()) {
    auto error = log.error();
    // A stage that is not there, or an instruction that only then turns out wrong, is the input's fault.
    if (about_the_dockerfile(error.message()) && log.step().empty())
      throw Error(failure::bad_input, error.message(), error.hint());
    throw error;
  }
  if (!log.image()) throw Error(failure::protocol, "the engine ended the build without an image");
  return *log.image();
}

std::optional<Image> Engine::image(const std::string& name, const io::Run& run) {
  const auto response = call(request("GET", fmt::format("/images/{}/json", path_segment(name))), run);
  if (response.status == 404) return std::nullopt;
  if (response.status != 200) throw refused(response, fmt::format("look at image {}", name));
  const auto object = object_of(response, "an image");
  Image image;
  image.id = string_of(object, "Id");
  image.tags = strings(object, "RepoTags");
  image.digests = strings(object, "RepoDigests");
  image.architecture = string_of(object, "Architecture");
  image.os = string_of(object, "Os");
  if (const auto size = object.find("Size"); size != object.end() && size->is_number_integer())
    image.size = size->get<std::uint64_t>();
  if (const auto rootfs = object.find("RootFS"); rootfs != object.end() && rootfs->is_object())
    image.diff_ids = strings(*rootfs, "Layers");
  if (const auto config = object.find("Config"); config != object.end() && config->is_object()) {
    image.user = string_of(*config, "User");
    image.workdir = string_of(*config, "WorkingDir");
    if (const auto labels = config->find("Labels"); labels != config->end() && labels->is_object())
      for (const auto& [key, value] : labels->items())
        if (value.is_string()) image.labels[key] = value.get<std::string>();
    if (const auto ports = config->find("ExposedPorts"); ports != config->end() && ports->is_object())
      for (const auto& [port, unused] : ports->items())
        if (port.ends_with("/tcp")) image.exposed_ports.push_back(std::atoi(port.c_str()));
  }
  return image;
}

void Engine::tag(const std::string& image, const std::string& to, const io::Run& run) {
  const auto colon = to.rfind(':');
  const bool tagged = colon != std::string::npos && to.find('/', colon) == std::string::npos;
  Query query;
  query.add("repo", tagged ? to.substr(0, colon) : to);
  query.add("tag", tagged ? to.substr(colon + 1) : "latest");
  const auto response = call(request("POST", fmt::format("/images/{}/tag{}", path_segment(image), query.text())), run);
  if (response.status != 201) throw refused(response, fmt::format("name image {} {}", image, to));
}

void Engine::untag(const std::string& name, const io::Run& run) {
  const auto response = call(request("DELETE", fmt::format("/images/{}?noprune=1", path_segment(name))), run);
  if (response.status != 200 && response.status != 404) throw refused(response, fmt::format("remove image {}", name));
}

void Engine::save(const std::vector<std::string>& names, const Sink& sink, const io::Run& run) {
  Query query;
  for (const auto& name : names) query.add("names", name);
  auto request = this->request("GET", "/images/get" + query.text());
  // The engine lays out the whole archive on its disk before the first byte comes.
  request.stall_timeout = std::chrono::minutes{10};
  bool ended = false;
  request.on_data = [&](std::string_view bytes) {
    ended = !sink(bytes);
    return !ended;
  };
  std::optional<http::Result> result;
  const auto id = client_.start(std::move(request), [&](http::Result r) { result = std::move(r); });
  try {
    while (!result) client_.drive(run, std::chrono::hours{1}, [&] { return result.has_value(); });
  } catch (...) {
    client_.cancel(id);
    throw;
  }
  if (ended) return;
  if (result->transport) {
    if (result->transport->kind == http::Transport::Kind::connect) throw no_answer(*result->transport);
    throw Error(failure::protocol, fmt::format("the engine broke off while saving {}: {}", text::join(names, ", "),
                                               result->transport->message));
  }
  if (result->response->status != 200)
    throw refused(*result->response, fmt::format("save image {}", text::join(names, ", ")));
}

std::vector<std::string> Engine::load(http::Body archive, const io::Run& run) {
  auto request = this->request("POST", "/images/load?quiet=1");
  request.headers = {{"Content-Type", "application/x-tar"}};
  request.body = std::move(archive);
  request.stall_timeout = std::chrono::minutes{10};
  const auto response = call(std::move(request), run);
  if (response.status != 200) throw refused(response, "load an image");
  std::vector<std::string> names;
  Lines lines([&](std::string_view line) {
    const auto event = json::parse(line, nullptr, false);
    if (!event.is_object()) return;
    if (const auto error = string_of(event, "error"); !error.empty())
      throw Error(failure::bad_input, fmt::format("the engine cannot load the image: {}", text::printable(error)));
    const auto said = string_of(event, "stream");
    for (const std::string_view lead : {"Loaded image: ", "Loaded image ID: "})
      if (said.starts_with(lead)) names.emplace_back(text::trim(std::string_view(said).substr(lead.size())));
  });
  lines.feed(response.body);
  lines.finish();
  return names;
}

}  // namespace slipway::docker
