// SPDX-License-Identifier: Apache-2.0
// Child processes without a shell: posix_spawn in a process group of their own, poll(2) over their
// pipes, killed as a group when the run is stopped or its time is up.
#pragma once

#include "core/fs.hpp"
#include "io/events.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::process {

struct Command {
  std::vector<std::string> argv;  ///< argv[0] is looked up on PATH (`env`'s, else ours) unless it holds a slash
  std::vector<std::pair<std::string, std::string>> env;  ///< added to, or replacing in, our own
  std::optional<std::filesystem::path> directory;
  std::string input;  ///< what stdin holds, as a file in memory; /dev/null when empty
  /// The child talks to the person at our terminal: it gets our stdin and stderr (so `err_tail` stays empty), and the
  /// terminal itself until it ends. Only where stdin is a terminal.
  bool at_terminal = false;
  /// Further descriptors handed down: content readable by the child at /dev/fd/N, N as given (>= 3).
  /// Nothing of it is ever on a disk. No other descriptor of ours reaches the child.
  std::vector<std::pair<int, std::string>> fd_inputs;
  /// Descriptors of ours that stay open in the child and in what it starts, whatever their numbers there: a lock that
  /// has to last as long as the last of them.
  std::vector<int> held;
  std::function<void(std::string_view line)> on_out;  ///< called per line as it comes, without newline
  std::function<void(std::string_view line)> on_err;
  std::size_t keep = 64U << 20U;          ///< bytes of stdout kept, more is bad_input; 0 keeps none and sets no limit
  std::size_t tail = 64U << 10U;          ///< last bytes of stderr kept
  std::chrono::milliseconds grace{5000};  ///< between SIGTERM and SIGKILL to the group
};

struct Outcome {
  int status = 0;  ///< exit status, when it was not killed
  int signal = 0;  ///< the signal that killed it, or 0
  std::string out;
  std::string err_tail;
  [[nodiscard]] bool ok() const { return status == 0 && signal == 0; }
  /// "exit status 3" or "killed by SIGKILL": for a sentence about a child that failed.
  [[nodiscard]] std::string how() const;
};

/// Runs to the end. A non-zero status is an answer, not an Error. Nothing outlives the call: when the
/// child has ended, what it left running in its group is killed. The callbacks run in this thread; if
/// one throws, the child is killed and the exception goes on. Children may run at once from several threads.
/// @throws Error bad_setup when the program is not found or not executable; interrupted; timed_out
[[nodiscard]] Outcome run(const Command& command, const io::Run& run);

/// The program's path on `path` (as in $PATH), if there is one.
[[nodiscard]] std::optional<std::filesystem::path> find_program(const std::string& name, std::string_view path);

}  // namespace slipway::process
