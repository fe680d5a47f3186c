// SPDX-License-Identifier: Apache-2.0
// Everything that is shown while a tool works goes through here as an event; what a person sees on
// stderr (a live view on a terminal, plain lines in a log) and what --events FILE records (JSON
// lines, event-log(5)) are views of the same stream. Nothing else writes to stderr.
#pragma once

#include "core/error.hpp"
#include "core/stop.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace slipway::io {

using FieldValue = std::variant<std::string, std::int64_t, double, bool>;
using Fields = std::vector<std::pair<std::string, FieldValue>>;

/// How much of the stream a person is shown. JSON lines always hold everything.
enum class Level { error, warning, note, detail };

struct Event {
  std::chrono::system_clock::time_point at;
  std::string kind;  ///< one of those that event-log(5) lists
  Level level = Level::note;
  std::string subject;  ///< what it is about: a stage, a layer's digest, a pod; the live view keeps one line each
  std::string text;     ///< the sentence for a person; empty when there is nothing to say
  bool told = false;    ///< people are told in another way: only the record has it
  Fields fields;        ///< the same as data
};

/// One way to show the stream. Called from one thread at a time.
class View {
 public:
  View() = default;
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  virtual ~View() = default;
  virtual void show(const Event& event) = 0;
  virtual void finish() {}  ///< leaves the terminal in order; called once
};

/// The stream. Safe to emit from several threads.
class Events {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;

  explicit Events(Clock clock = std::chrono::system_clock::now);
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  void add(std::unique_ptr<View> view);
  void emit(Event event);  ///< `at` is set here
  void finish();

  void note(std::string text, Fields fields = {});
  void detail(std::string text, Fields fields = {});  ///< only shown with --verbose
  void warn(std::string text, Fields fields = {});
  /// One line that a program below us printed; `source` says which ("helm", "build", "test").
  void output(std::string_view source, std::string_view line);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A step with a beginning and an end. Ended as failed when it is destroyed before end().
class Stage {
 public:
  /// @param name as in event-log(5): build, run, deploy, push, plan, ...
  /// @param text what is about to be done, for a person
  Stage(Events& events, std::string name, std::string text, Fields fields = {});
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage();

  void progress(std::string text, Fields fields = {});
  void end(std::string text, Fields fields = {});  ///< done and well; adds "seconds"
  void fail(std::string text, Fields fields = {});
  [[nodiscard]] std::chrono::milliseconds elapsed() const;

 private:
  void close(std::string text, bool ok, Fields fields);

  Events* events_;
  std::string name_;
  std::chrono::steady_clock::time_point begun_;
  bool open_ = true;
};

/// What every long call gets: where to tell, when to stop, how long it may take.
struct Run {
  Events& events;
  Stop stop;
  Deadline deadline;

  /// @throws Error interrupted or timed_out
  void check() const {
    stop.check();
    deadline.check();
  }
};

/// How errors and findings are printed: for a person, as one JSON object, as a SARIF 2.1.0 log, or as workflow
/// commands that GitHub shows beside the line.
enum class ErrorFormat { text, json, sarif, github };

/// An Error as it is printed on stderr, several lines, with newline at the end.
/// @param before warnings that were found before it
[[nodiscard]] std::string render_error(std::string_view tool, const Error& error, ErrorFormat format,
                                       const std::vector<Diagnostic>& before = {});
/// Warnings of a run that went well. Empty without any, but for SARIF, where no finding is an answer, too.
[[nodiscard]] std::string render_findings(std::string_view tool, const std::vector<Diagnostic>& findings,
                                          ErrorFormat format);
/// One finding: FILE:LINE:COL: error: MESSAGE, the line, a caret. Of a long line the part around the caret.
[[nodiscard]] std::string render_diagnostic(const Diagnostic& finding);

/// `HH:MM:SS text` lines, no cursor codes: for logs.
[[nodiscard]] std::unique_ptr<View> plain_view(int fd, Level most, bool color);
/// One line per subject, redrawn in place at most ten times a second: for terminals.
[[nodiscard]] std::unique_ptr<View> live_view(int fd, Level most, bool color);
/// JSON lines, event-log(5). Opened with O_APPEND so that the tools of a pipe can share the file.
/// @param failed is told once, when a line cannot be written
/// @throws Error cannot_create
[[nodiscard]] std::unique_ptr<View> json_lines_view(const std::string& file, std::string_view tool,
                                                    std::function<void(const Error&)> failed = {});

}  // namespace slipway::io
