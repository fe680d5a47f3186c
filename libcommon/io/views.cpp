// SPDX-License-Identifier: Apache-2.0
// The three writers over the event stream: plain lines, a live block of lines, JSON lines.
#include "core/fs.hpp"
#include "core/text.hpp"
#include "io/events.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

namespace slipway::io {

namespace {

constexpr std::string_view reset = "\x1b[0m";

std::string_view color_of(const Event& event) {
  if (event.level == Level::error) return "\x1b[31m";
  if (event.level == Level::warning) return "\x1b[33m";
  if (event.kind == "stage.end") return "\x1b[32m";
  if (event.kind == "output") return "\x1b[2m";
  return {};
}

/// Seconds that a stage took, as its end event carries them.
std::string duration_of(const Event& event) {
  for (const auto& [name, value] : event.fields)
    if (const auto* seconds = std::get_if<double>(&value); seconds != nullptr && name == "seconds")
      return text::show_duration(std::chrono::milliseconds{static_cast<std::int64_t>(*seconds * 1000)});
  return {};
}

/// The event as one line for a person, without time and colour; empty when there is nothing to say.
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

/// stderr that cannot be written is nobody's to hear of: losing progress must not end the work.
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

std::string clock_text(std::chrono::system_clock::time_point at) {
  return fmt::format("{:%H:%M:%S}", fmt::localtime(std::chrono::system_clock::to_time_t(at)));
}

class Plain : public View {
 public:
  Plain(int fd, Level most, bool color) : fd_(fd), most_(most), color_(color) {}

  void show(const Event& event) override {
    if (event.level > most_ || event.told) return;
    const auto line = sentence(event);
    if (line.empty()) return;
    const auto color = color_ ? color_of(event) : std::string_view{};
    put(fd_, fmt::format("{} {}{}{}\n", clock_text(event.at), color, line, color.empty() ? std::string_view{} : reset));
  }

 private:
  int fd_;
  Level most_;
  bool color_;
};

/// Bytes of `s` that take at most `columns` columns: UTF-8 continuation bytes take none. Good for
/// what the tools print; wide characters would only make a line wrap.
std::string_view cut(std::string_view s, std::size_t columns) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if ((static_cast<unsigned char>(s[i]) & 0xC0U) == 0x80U) continue;
    if (used++ == columns) return s.substr(0, i);
  }
  return s;
}

class Live : public View {
 public:
  Live(int fd, Level most, bool color) : fd_(fd), most_(most), color_(color) {}
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;
  ~Live() override { finish(); }

  void show(const Event& event) override {
    if (event.level > most_ || event.told) return;
    const auto line = sentence(event);
    if (line.empty()) return;
    if (event.kind == "stage.start" || event.kind == "progress" || event.kind == "pod" || event.kind == "layer") {
      rows_[key_of(event)] = line;
      dirty_ = true;
    } else {
      // Anything final scrolls up above the block and stays.
      if (event.kind == "stage.end") rows_.erase("stage " + event.subject);
      const auto color = color_ ? color_of(event) : std::string_view{};
      above_ += fmt::format("{}{}{}\n", color, line, color.empty() ? std::string_view{} : reset);
      dirty_ = true;
      draw(event.at);
      return;
    }
    if (event.at - drawn_ >= std::chrono::milliseconds{100}) draw(event.at);
  }

  void finish() override {
    if (!dirty_ && rows_.empty()) return;
    draw(drawn_);
    rows_.clear();
    shown_ = 0;
    dirty_ = false;
  }

 private:
  static std::string key_of(const Event& event) {
    return (event.kind == "pod" || event.kind == "layer" ? event.kind + " " : "stage ") + event.subject;
  }

  void draw(std::chrono::system_clock::time_point now) {
    winsize size{};
    const bool known = ::ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 1;
    const std::size_t columns = known ? size.ws_col : 80;
    const std::size_t height = known ? static_cast<std::size_t>(size.ws_row) - 1U : 23U;
    std::string frame;
    if (shown_ > 0) frame += fmt::format("\x1b[{}A\r", shown_);
    frame += "\x1b[J" + above_;
    above_.clear();
    shown_ = 0;
    for (const auto& [key, line] : rows_) {
      if (shown_ == height) break;
      frame += fmt::format("{}\n", cut(line, columns));
      ++shown_;
    }
    put(fd_, frame);
    drawn_ = now;
    dirty_ = false;
  }

  int fd_;
  Level most_;
  bool color_;
  bool dirty_ = false;
  std::map<std::string, std::string> rows_;
  std::string above_;
  std::size_t shown_ = 0;
  std::chrono::system_clock::time_point drawn_;
};

class JsonLines : public View {
 public:
  JsonLines(const std::string& file, std::string_view tool)
      : file_(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)), tool_(tool) {
    if (!file_.open())
      throw Error(failure::cannot_create, fmt::format("cannot open the event log {}: {}", file, std::strerror(errno)));
    // One id a process: the tools of a pipe share the file and are told apart by it.
    run_ = fmt::format("{:x}-{:x}", std::chrono::system_clock::now().time_since_epoch().count(), ::getpid());
  }

  void show(const Event& event) override {
    nlohmann::ordered_json line{
        {"schema", "event-log/v1"}, {"at", text::rfc3339(event.at)},   {"tool", tool_}, {"run", run_},
        {"kind", event.kind},       {"level", level_name(event.level)}};
    if (!event.subject.empty()) line["subject"] = event.subject;
    if (!event.text.empty()) line["text"] = event.text;
    for (const auto& [name, value] : event.fields) std::visit([&](const auto& v) { line[name] = v; }, value);
    // A single write: lines of several processes must not mix.
    put(file_.get(), line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
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

  Fd file_;
  std::string tool_;
  std::string run_;
};

}  // namespace

std::unique_ptr<View> plain_view(int fd, Level most, bool color) { return std::make_unique<Plain>(fd, most, color); }

std::unique_ptr<View> live_view(int fd, Level most, bool color) { return std::make_unique<Live>(fd, most, color); }

std::unique_ptr<View> json_lines_view(const std::string& file, std::string_view tool) {
  return std::make_unique<JsonLines>(file, tool);
}

}  // namespace slipway::io
