// SPDX-License-Identifier: Apache-2.0
#include "io/view_parts.hpp"

#include "core/text.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace slipway::io {

namespace {

/// Seconds that a stage took, as its end event carries them.
std::string duration_of(const Event& event) {
  for (const auto& [name, value] : event.fields)
    if (const auto* seconds = std::get_if<double>(&value); seconds != nullptr && name == "seconds")
      return text::show_duration(std::chrono::milliseconds{static_cast<std::int64_t>(*seconds * 1000)});
  return {};
}

}  // namespace

std::string_view color_of(const Event& event) {
  if (event.level == Level::error) return "\x1b[31m";
  if (event.level == Level::warning) return "\x1b[33m";
  if (event.kind == "stage.end") return "\x1b[32m";
  if (event.kind == "output") return "\x1b[2m";
  return {};
}

std::string sentence(const Event& event) {
  if (event.text.empty()) return {};
  if (event.kind == "output") return fmt::format("{:<8}| {}", event.subject, event.text);
  const std::string_view prefix = event.kind == "warning" ? "warning: " : "";
  if (event.kind.starts_with("stage.") || event.kind == "progress") {
    const std::string_view mark =
        event.kind == "stage.end" ? (event.level == Level::note ? "ok   " : "FAIL ") : "     ";
    const auto took = event.kind == "stage.end" ? duration_of(event) : std::string{};
    return fmt::format("{}{:<8} {}{}", mark, event.subject, event.text, took.empty() ? "" : fmt::format(" ({})", took));
  }
  return fmt::format("{}{}", prefix, event.text);
}

void put(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace slipway::io
