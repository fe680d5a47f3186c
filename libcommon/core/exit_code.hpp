// SPDX-License-Identifier: Apache-2.0
// The exit statuses of all seven tools: one table that the tools return from, that --help prints
// and that exit-status(7) is checked against. 64-78 follow sysexits(3), 124 follows timeout(1).
#pragma once

#include <array>
#include <string_view>

namespace slipway {

enum class ExitCode : int {
  ok = 0,
  no = 1,
  pending = 3,
  partial = 4,
  undone = 5,
  not_undone = 6,
  usage = 64,
  data = 65,
  no_input = 66,
  unavailable = 69,
  bug = 70,
  cannot_create = 73,
  io = 74,
  try_again = 75,
  protocol = 76,
  permission = 77,
  setup = 78,
  timeout = 124,
};

struct ExitRow {
  ExitCode code;
  std::string_view name;
  std::string_view meaning;
};

/// Every status a tool can end with on its own; a death by signal n is 128+n and not listed.
inline constexpr std::array exit_table{
    ExitRow{ExitCode::ok, "ok", "done; what stdout says is true"},
    ExitRow{ExitCode::no, "no", "the tool worked, the answer is no"},
    ExitRow{ExitCode::pending, "pending", "not finished and not failed"},
    ExitRow{ExitCode::partial, "partial", "some targets done, others not"},
    ExitRow{ExitCode::undone, "undone", "failed, and what was there before is whole again"},
    ExitRow{ExitCode::not_undone, "not undone", "failed, and going back failed too: a person is needed"},
    ExitRow{ExitCode::usage, "usage", "unknown option or missing argument"},
    ExitRow{ExitCode::data, "data", "the input is wrong"},
    ExitRow{ExitCode::no_input, "no input", "what was named does not exist"},
    ExitRow{ExitCode::unavailable, "unavailable", "an engine, registry or cluster cannot be reached"},
    ExitRow{ExitCode::bug, "bug", "a fault of the tool: please report it"},
    ExitRow{ExitCode::cannot_create, "cannot create", "an output cannot be created"},
    ExitRow{ExitCode::io, "I/O", "reading or writing failed"},
    ExitRow{ExitCode::try_again, "try again", "the same command can succeed later"},
    ExitRow{ExitCode::protocol, "protocol", "the other side broke its own standard"},
    ExitRow{ExitCode::permission, "permission", "authentication or authorisation refused"},
    ExitRow{ExitCode::setup, "setup", "the environment lacks a program, context or file"},
    ExitRow{ExitCode::timeout, "timeout", "--timeout ran out"},
};

[[nodiscard]] constexpr int status(ExitCode code) { return static_cast<int>(code); }

[[nodiscard]] constexpr const ExitRow& row(ExitCode code) {
  for (const auto& r : exit_table)
    if (r.code == code) return r;
  return exit_table[10];  // bug: an enumerator without a row
}

}  // namespace slipway
