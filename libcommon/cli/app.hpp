// SPDX-License-Identifier: Apache-2.0
// The command line of a tool as data: options, positionals, sub-commands, examples, exit statuses.
// Parsing (by CLI11, seen only in app.cpp), --help and the tests of the manuals all read this model.
#pragma once

#include "core/exit_code.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::cli {

/// The options that all seven tools share.
struct Common {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool dry_run = false;
  bool dry_run_on_server = false;     ///< of those that offer it: what is not done is tried by the server
  std::string color = "auto";         ///< auto, always, never
  std::string error_format = "text";  ///< text, json, sarif, github
  std::optional<std::chrono::milliseconds> timeout;
  std::optional<std::string> events;  ///< file for event-log(5) lines
};

struct Option {
  std::vector<std::string> names;  ///< "--image", "-i"; one bare word for a positional
  std::string value;               ///< name of its value in the help, such as FILE; empty for a flag
  std::string help;
  std::string group;
  bool repeatable = false;
  bool required = false;
  bool is_positional = false;
  /// What is meant when its value is left out. It takes one with "=" only, so that it eats no argument.
  std::optional<std::string> bare = {};
  /// Takes the text into the target; returns what is wrong with it, or nothing.
  std::function<std::optional<std::string>(const std::string&)> take;
};

struct Example {
  std::string what;
  std::string line;
};

class App {
 public:
  App(std::string name, std::string purpose);
  /// The tool's name (not argv[0], which may be a path) and its purpose in one line.
  void about(std::string name, std::string purpose) {
    name_ = std::move(name);
    purpose_ = std::move(purpose);
  }

  /// Names as in "-e,--environment". Each returns the option for further settings such as `required`.
  Option& flag(std::string_view names, bool& target, std::string help);
  Option& option(std::string_view names, std::string& target, std::string value, std::string help);
  Option& option(std::string_view names, std::optional<std::string>& target, std::string value, std::string help);
  Option& option(std::string_view names, std::vector<std::string>& target, std::string value, std::string help);
  Option& option(std::string_view names, int& target, std::string value, std::string help);
  Option& option(std::string_view names, std::optional<int>& target, std::string value, std::string help);
  /// Durations in Go's form; a bare number is refused with the unit named.
  Option& option(std::string_view names, std::chrono::milliseconds& target, std::string value, std::string help);
  Option& option(std::string_view names, std::optional<std::chrono::milliseconds>& target, std::string value,
                 std::string help);
  /// Sizes such as 512m or 2GiB, in bytes.
  Option& size(std::string_view names, std::uint64_t& target, std::string value, std::string help);
  /// One of a few words; anything else is refused with the nearest one named.
  Option& choice(std::string_view names, std::string& target, std::vector<std::string> words, std::string help);

  Option& positional(std::string name, std::string& target, std::string help);
  Option& positional(std::string name, std::vector<std::string>& target, std::string help);
  /// What follows `--`, untouched.
  void rest(std::string name, std::vector<std::string>& target, std::string help);

  /// A sub-command; `chosen` becomes its name when it is the one given. Options that are described
  /// on the parent stay usable after the sub-command's name.
  App& command(std::string name, std::string purpose, std::string& chosen);
  /// --dry-run takes a value, as kubectl's does: none, client or server.
  void offer_server_dry_run() { server_dry_run_ = true; }
  [[nodiscard]] bool offers_server_dry_run() const { return server_dry_run_; }
  /// With sub-commands: one has to be given (default), or none may be.
  void command_optional() { command_required_ = false; }

  void group(std::string title) { group_ = std::move(title); }  ///< heading of the options that follow
  /// The same for options that only few need: the help names them, the manual explains them.
  void brief_group(std::string title) {
    brief_.push_back(title);
    group_ = std::move(title);
  }
  void example(std::string what, std::string line) { examples_.push_back({std::move(what), std::move(line)}); }
  void exits(std::initializer_list<ExitCode> codes) { exits_.assign(codes); }
  /// What one status means in this tool, where the common table says less.
  void exit_meaning(ExitCode code, std::string meaning) { meanings_.emplace_back(code, std::move(meaning)); }

  /// @throws Error bad_usage, with the nearest option or sub-command named
  void parse(std::span<const std::string> arguments);
  /// --help of the sub-command that the last parse() saw, else of the tool; at most 80 columns.
  [[nodiscard]] std::string help() const;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& purpose() const { return purpose_; }
  [[nodiscard]] const std::vector<Option>& options() const { return options_; }
  [[nodiscard]] const std::vector<App>& commands() const { return commands_; }
  [[nodiscard]] const std::vector<Example>& examples() const { return examples_; }
  [[nodiscard]] const std::vector<ExitCode>& exit_codes() const { return exits_; }

 private:
  Option& add(std::string_view names, std::string value, std::string help,
              std::function<std::optional<std::string>(const std::string&)> take);
  friend struct Parser;

  std::string name_;
  std::string purpose_;
  std::string group_;
  std::vector<std::string> brief_;
  std::vector<Option> options_;
  std::vector<App> commands_;
  std::vector<std::function<void()>> on_chosen_;
  std::vector<Example> examples_;
  std::vector<ExitCode> exits_;
  std::vector<std::pair<ExitCode, std::string>> meanings_;
  std::optional<Option> rest_;
  const App* given_ = nullptr;  ///< the sub-command that the last parse saw
  bool command_required_ = true;
  bool server_dry_run_ = false;
};

}  // namespace slipway::cli
