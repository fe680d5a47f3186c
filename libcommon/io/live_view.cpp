// SPDX-License-Identifier: Apache-2.0
// The writer for terminals: what goes on stands in a block at the bottom, one row a subject, redrawn in place; what is
// final scrolls up above it and stays.
#include "io/live_view.hpp"

#include "io/columns.hpp"
#include "io/view_parts.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace slipway::io {

namespace {

using Time = std::chrono::system_clock::time_point;
using Steady = std::chrono::steady_clock;

constexpr std::size_t bar_width = 10;

std::optional<std::int64_t> number_of(const Event& event, std::string_view name) {
  for (const auto& [key, value] : event.fields)
    if (const auto* number = std::get_if<std::int64_t>(&value); number != nullptr && key == name) return *number;
  return std::nullopt;
}

/// "[####==----] 4/6/10": available, updated, wanted. Nothing for an event that counts nothing.
std::string bar_of(const Event& event) {
  const auto wanted = number_of(event, "wanted");
  const auto updated = number_of(event, "updated");
  const auto available = number_of(event, "available");
  if (!wanted || !updated || !available || *wanted < 1) return {};
  const auto part = [&](std::int64_t count) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(count, 0, *wanted)) * bar_width /
           static_cast<std::size_t>(*wanted);
  };
  const auto full = std::min(part(*available), part(*updated));
  const auto begun = std::max(part(*updated), full);
  return fmt::format("[{}{}{}] {}/{}/{}", std::string(full, '#'), std::string(begun - full, '='),
                     std::string(bar_width - begun, '-'), *available, *updated, *wanted);
}

std::string age_text(Time::duration age) {
  const auto seconds = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(age).count());
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

class Live : public View {
 public:
  Live(int fd, Level most, bool color, LiveOptions options)
      : fd_(fd), most_(most), color_(color), options_(std::move(options)) {}
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;
  ~Live() override { finish(); }

  void show(const Event& event) override {
    if (event.told) return;
    const std::scoped_lock lock(mutex_);
    told_ = event.at;
    told_steady_ = Steady::now();
    if (event.kind == "verdict") end_row(event);
    if (event.level > most_) return;
    const auto line = sentence(event);
    if (event.kind == moment && line.empty()) dirty_ = rows_.erase(key_of(event)) > 0 || dirty_;
    if (line.empty()) return;
    if (event.kind == "stage.start" || event.kind == moment || event.kind == "progress" || event.kind == "pod" ||
        event.kind == "layer") {
      auto& row = rows_.try_emplace(key_of(event), Row{event.at, {}, {}, {}, {}}).first->second;
      row.bar = bar_of(event);
      row.subject = row.bar.empty() ? std::string() : event.subject;
      row.text = row.bar.empty() ? line : event.text;
      dirty_ = true;
      if (!row.bar.empty() && options_.redraw.count() > 0 && !ticker_.joinable()) start_ticker();
    } else {
      // Anything final scrolls up above the block and stays.
      if (event.kind == "stage.end") rows_.erase("stage " + event.subject);
      const auto color = color_ ? color_of(event) : std::string_view{};
      above_ += fmt::format("{}{}{}\n", color, line, color.empty() ? std::string_view{} : color_reset);
      dirty_ = true;
      draw(event.at);
      return;
    }
    if (event.at - drawn_ >= std::chrono::milliseconds{100}) draw(event.at);
  }

  void finish() override {
    if (ticker_.joinable()) {
      ticker_.request_stop();
      ticker_.join();
    }
    const std::scoped_lock lock(mutex_);
    if (std::erase_if(rows_, [](const auto& row) { return row.first.starts_with(moment); }) > 0) dirty_ = true;
    if (!dirty_ && rows_.empty()) return;
    draw(drawn_);
    rows_.clear();
    shown_.clear();
    dirty_ = false;
  }

 private:
  struct Row {
    Time begun;
    std::string subject;  ///< of a row with a bar; else the text has it
    std::string bar;
    std::string text;
    std::optional<Time> ended;
  };

  /// The row stays, with what came of it, until all is over.
  void end_row(const Event& event) {
    auto subject = event.subject;
    for (const auto& [name, value] : event.fields)
      if (const auto* place = std::get_if<std::string>(&value);
          place != nullptr && name == "cluster" && !place->empty())
        subject = *place + ' ' + subject;
    const auto row = rows_.find("stage " + subject);
    if (row == rows_.end()) return;
    if (auto bar = bar_of(event); !bar.empty()) row->second.bar = std::move(bar);
    row->second.text = event.text;
    row->second.ended = event.at;
    dirty_ = true;
  }

  static std::string key_of(const Event& event) {
    return (event.kind == "pod" || event.kind == "layer" || event.kind == moment ? event.kind + " " : "stage ") +
           event.subject;
  }

  /// Rows with a bar stand in columns: subject, bar, age, text.
  [[nodiscard]] std::vector<std::string> lines_of(Time now, std::size_t columns) const {
    std::size_t subject = 0;
    std::size_t bar = 0;
    for (const auto& [key, row] : rows_) {
      subject = std::max(subject, columns_of(row.subject));
      bar = std::max(bar, columns_of(row.bar));
    }
    subject = std::min(subject, columns / 3);
    std::vector<std::string> lines;
    for (const auto& [key, row] : rows_) {
      if (row.bar.empty()) {
        lines.emplace_back(cut_to(row.text, columns));
        continue;
      }
      const auto head = fmt::format("{}  {}  {:>5}  ", pad_to(shorten_to(row.subject, subject), subject),
                                    pad_to(row.bar, bar), age_text(row.ended.value_or(now) - row.begun));
      for (auto& line : fold(head + row.text, columns, std::min(columns_of(head), columns / 2)))
        lines.push_back(std::move(line));
    }
    return lines;
  }

  /// Without signals: they are for the thread that waits for them.
  void start_ticker() {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    ticker_ = std::jthread([this](const std::stop_token& stop) { keep_ages(stop); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  /// Ages grow although nothing happens.
  void keep_ages(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    std::condition_variable_any never;
    while (!stop.stop_requested()) {
      never.wait_for(lock, stop, options_.redraw, [] { return false; });
      if (stop.stop_requested()) return;
      if (std::ranges::any_of(rows_, [](const auto& row) { return !row.second.bar.empty() && !row.second.ended; }))
        draw(told_ + std::chrono::duration_cast<Time::duration>(Steady::now() - told_steady_));
    }
  }

  /// How many lines of the terminal the last frame takes at this width: a window that became narrower has folded them.
  [[nodiscard]] std::size_t taken(std::size_t columns) const {
    std::size_t lines = 0;
    for (const auto width : shown_) lines += width == 0 ? 1 : (width + columns - 1) / columns;
    return lines;
  }

  void draw(Time now) {
    const auto size = options_.size(fd_);
    const auto columns = std::max<std::size_t>(size.columns, 1);
    const auto height = std::max<std::size_t>(size.rows, 2) - 1U;  // the cursor's own line
    std::string frame;
    if (const auto up = std::min(taken(columns), height); up > 0) frame += fmt::format("\x1b[{}A\r", up);
    frame += "\x1b[J" + above_;
    above_.clear();
    shown_.clear();
    auto lines = lines_of(now, columns);
    if (lines.size() > height) {
      const auto more = lines.size() - height + 1;
      lines.resize(height - 1);
      lines.push_back(std::string(cut_to(fmt::format("... and {} more lines", more), columns)));
    }
    for (const auto& line : lines) {
      frame += line + '\n';
      shown_.push_back(columns_of(line));
    }
    put(fd_, frame);
    drawn_ = now;
    dirty_ = false;
  }

  int fd_;
  Level most_;
  bool color_;
  bool dirty_ = false;
  LiveOptions options_;
  std::mutex mutex_;
  std::jthread ticker_;
  std::map<std::string, Row> rows_;
  std::string above_;
  std::vector<std::size_t> shown_;  ///< widths of the lines of the last frame
  Time drawn_;
  Time told_;  ///< when the last event was, by the clock of events and by ours
  Steady::time_point told_steady_;
};

}  // namespace

WindowSize window_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row < 2) return {};
  return {size.ws_col, size.ws_row};
}

std::unique_ptr<View> live_view(int fd, Level most, bool color) { return live_view(fd, most, color, LiveOptions{}); }

std::unique_ptr<View> live_view(int fd, Level most, bool color, LiveOptions options) {
  return std::make_unique<Live>(fd, most, color, std::move(options));
}

}  // namespace slipway::io
