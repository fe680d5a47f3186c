// SPDX-License-Identifier: Apache-2.0
#include "docker/build_log.hpp"

#include "core/text.hpp"
#include "docker/stream.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace slipway::docker {

namespace {

/// "Step 3/7 : RUN make" -> {"3/7", "RUN make"}.
std::optional<std::pair<std::string, std::string>> step_of(std::string_view line) {
  if (!line.starts_with("Step ")) return std::nullopt;
  const auto colon = line.find(" : ");
  if (colon == std::string_view::npos) return std::nullopt;
  return std::pair{std::string(line.substr(5, colon - 5)), std::string(line.substr(colon + 3))};
}

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// The engine's words for a host that does not answer it.
bool is_out_of_reach(std::string_view message) {
  return holds(message, "dial tcp") || holds(message, "no such host") || holds(message, "request canceled");
}

}  // namespace

void BuildLog::feed(std::string_view json) {
  json = text::trim(json);
  if (json.empty()) return;
  const auto event = nlohmann::json::parse(json, nullptr, false);
  if (!event.is_object()) throw Error(failure::protocol, "the engine's build progress is not JSON");
  const auto get = [&](const char* key) {
    const auto found = event.find(key);
    return found != event.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  if (const auto stream = get("stream"); !stream.empty()) text(stream);
  if (const auto aux = event.find("aux"); aux != event.end() && aux->is_object() && aux->contains("ID"))
    image_ = (*aux)["ID"].get<std::string>();
  // A pull redraws a bar per layer; a log wants only the states that last.
  if (const auto status = get("status"); !status.empty() && !event.contains("progressDetail")) {
    const auto id = get("id");
    line(id.empty() ? status : fmt::format("{}: {}", id, status));
  }
  if (const auto error = get("error"); !error.empty()) {
    if (!partial_.empty()) line(std::exchange(partial_, {}));
    error_ = std::string(text::trim(error));
    const auto detail = event.find("errorDetail");
    if (detail != event.end() && detail->is_object()) code_ = detail->value("code", 0);
  }
}

void BuildLog::text(std::string_view piece) {
  partial_ += piece;
  std::size_t end = 0;
  while ((end = partial_.find('\n')) != std::string::npos) {
    // "\r" redraws a line on a terminal; in a log only its last state counts.
    auto one = std::string_view(partial_).substr(0, end);
    while (one.ends_with('\r')) one.remove_suffix(1);
    if (const auto back = one.rfind('\r'); back != std::string_view::npos) one.remove_prefix(back + 1);
    line(without_escapes(one));
    partial_.erase(0, end + 1);
  }
}

void BuildLog::line(std::string_view line) {
  if (line.empty()) return;
  if (const auto step = step_of(line)) {
    std::tie(number_, step_) = *step;
    last_.clear();
  } else {
    last_.emplace_back(line);
    if (last_.size() > kept_lines) last_.pop_front();
  }
  show_(line);
}

Error BuildLog::error() const {
  std::string output;
  for (const auto& one : last_) output += one + '\n';
  const auto message = error_.value_or("the engine gave no reason");
  auto what = number_.empty() ? fmt::format("the build failed: {}", text::printable(message))
              : code_ != 0    ? fmt::format("build step {} failed with exit status {}", number_, code_)
                              : fmt::format("build step {} failed: {}", number_, text::printable(message));
  // The base image's registry, which the engine asks before a step begins; what a step itself asks ends with a status.
  const auto& kind = code_ == 0 && is_out_of_reach(message) ? failure::unreachable : failure::build_failed;
  Error error(kind, std::move(what), build_hint(message, output));
  if (!step_.empty()) error.add_place(text::printable(step_));
  return error;
}

std::string build_hint(std::string_view message, std::string_view output) {
  const auto either = [&](std::string_view part) { return holds(message, part) || holds(output, part); };
  if (holds(message, "pull access denied") || holds(message, "manifest unknown") ||
      (holds(message, "manifest for") && holds(message, "not found")))
    return "check the name of the base image; a private one wants docker login first";
  if (holds(message, "excluded by .dockerignore") || holds(message, "COPY failed") || holds(message, "ADD failed"))
    return "check that the path is in the context and not named in .dockerignore";
  if (either("no space left on device"))
    return "docker system df shows what takes the space, docker system prune frees it";
  if (either("Temporary failure resolving") || either("Temporary failure in name resolution") ||
      either("Could not resolve host") || either("EAI_AGAIN"))
    return "names do not resolve inside the build: try --network host";
  if (is_out_of_reach(message))
    return "the base image's registry cannot be reached, and the engine has no such image that would do";
  if (either("exec format error")) return "the image is of another architecture than the engine's machine";
  return {};
}

}  // namespace slipway::docker
