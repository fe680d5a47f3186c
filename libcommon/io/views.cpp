// SPDX-License-Identifier: Apache-2.0
// Two of the writers over the event stream: plain lines and JSON lines; live_view.cpp has the third.
#include "core/fs.hpp"
#include "core/text.hpp"
#include "io/view_parts.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace slipway::io {

namespace {

std::string clock_text(std::chrono::system_clock::time_point at) {
  return fmt::format("{:%H:%M:%S}", fmt::localtime(std::chrono::system_clock::to_time_t(at)));
}

class Plain : public View {
 public:
  Plain(int fd, Level most, bool color) : fd_(fd), most_(most), color_(color) {}

  void show(const Event& event) override {
    if (event.level > most_ || event.told || event.kind == moment) return;
    const auto line = sentence(event);
    if (line.empty()) return;
    const auto color = color_ ? color_of(event) : std::string_view{};
    put(fd_, fmt::format("{} {}{}{}\n", clock_text(event.at), color, line,
                         color.empty() ? std::string_view{} : color_reset));
  }

 private:
  int fd_;
  Level most_;
  bool color_;
};

class JsonLines : public View {
 public:
  JsonLines(const std::string& file, std::string_view tool, std::function<void(const Error&)> failed)
      : name_(file), failed_(std::move(failed)),
        file_(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)), tool_(tool) {
    if (!file_.open())
      throw Error(failure::cannot_create, fmt::format("cannot open the event log {}: {}", file, std::strerror(errno)));
    // One id a process: the tools of a pipe share the file and are told apart by it.
    run_ = fmt::format("{:x}-{:x}", std::chrono::system_clock::now().time_since_epoch().count(), ::getpid());
  }

  void show(const Event& event) override {
    if (event.kind == moment) return;
    nlohmann::ordered_json line{
        {"schema", "event-log/v1"}, {"at", text::rfc3339(event.at)},   {"tool", tool_}, {"run", run_},
        {"kind", event.kind},       {"level", level_name(event.level)}};
    if (!event.subject.empty()) line["subject"] = event.subject;
    if (!event.text.empty()) line["text"] = event.text;
    for (const auto& [name, value] : event.fields) std::visit([&](const auto& v) { line[name] = v; }, value);
    // A single write: lines of several processes must not mix.
    try {
      fs::write_all(file_.get(), line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n",
                    "the event log " + name_);
    } catch (const Error& error) {
      // The work is worth more than its record. Told once: a full disk stays full for every line.
      if (auto tell = std::exchange(failed_, nullptr)) tell(error);
    }
  }

 private:
  static std::string_view level_name(Level level) {
    switch (level) {
    case Level::error: return "error";
    case Level::warning: return "warning";
    case Level::detail: return "detail";
    case Level::note: break;
    }
    return "note";
  }

  std::string name_;
  std::function<void(const Error&)> failed_;
  Fd file_;
  std::string tool_;
  std::string run_;
};

}  // namespace

std::unique_ptr<View> plain_view(int fd, Level most, bool color) { return std::make_unique<Plain>(fd, most, color); }

std::unique_ptr<View> json_lines_view(const std::string& file, std::string_view tool,
                                      std::function<void(const Error&)> failed) {
  return std::make_unique<JsonLines>(file, tool, std::move(failed));
}

}  // namespace slipway::io
