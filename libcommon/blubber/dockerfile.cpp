// SPDX-License-Identifier: Apache-2.0
#include "blubber/dockerfile.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::blubber {

namespace {

constexpr std::string_view owner = "--chown=$LIVES_UID:$LIVES_GID ";

std::string with_backslashes(std::string_view s, std::string_view escaped) {
  std::string out;
  for (const char c : s) {
    // A line break would end the instruction, and no builder knows an escape for one.
    if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else {
      if (escaped.find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string in_quotes(std::string_view s, bool expands) {
  return '"' + with_backslashes(s, expands ? "\\\"" : "\\\"$") + '"';
}

/// Builders run their own word reader over the paths of COPY, after JSON is decoded.
std::string copy_path(std::string_view path, bool expands) {
  return json_string(with_backslashes(path, expands ? "\\\"'" : "\\\"'$"));
}

std::string json_list(std::span<const std::string> items) {
  std::string out = "[";
  for (const auto& item : items) out += (out.size() > 1 ? ", " : "") + json_string(item);
  return out + "]";
}

struct Writer {
  std::string operator()(const User& user) const { return "USER " + user.who; }

  std::string operator()(const Env& env) const {
    std::string out = "ENV";
    for (const auto& entry : env.entries)
      out += fmt::format(" {}={}", entry.name, in_quotes(entry.value, entry.expands));
    return out;
  }

  std::string operator()(const Arg& arg) const {
    if (!arg.value) return "ARG " + arg.name;
    return fmt::format("ARG {}={}", arg.name, arg.is_number ? *arg.value : in_quotes(*arg.value, false));
  }

  std::string operator()(const Workdir& workdir) const { return "WORKDIR " + in_quotes(workdir.path, false); }

  std::string operator()(const Copy& copy) const {
    std::string out = "COPY ";
    if (copy.owned) out += owner;
    if (!copy.from.empty()) out += fmt::format("--from={} ", copy.from);
    for (const auto& pattern : copy.exclude) out += fmt::format("--exclude={} ", pattern);
    out += '[';
    for (const auto& source : copy.sources) out += copy_path(source, copy.expands) + ", ";
    return out + copy_path(copy.destination, copy.expands) + "]";
  }

  std::string operator()(const Run& run) const {
    std::string out = "RUN ";
    for (const auto& mount : run.mounts) {
      out += "--mount=" + mount.options;
      if (!mount.from.empty()) out += ",from=" + mount.from;
      out += ' ';
    }
    if (run.arguments.empty() && !needs_exec_form(run.text)) return out + run.text;
    std::vector<std::string> words{"/bin/sh", "-c", run.text};
    words.insert(words.end(), run.arguments.begin(), run.arguments.end());
    return out + json_list(words);
  }

  std::string operator()(const Exec& exec) const { return "RUN " + json_list(exec.words); }

  std::string operator()(const Entrypoint& entrypoint) const { return "ENTRYPOINT " + json_list(entrypoint.words); }

  std::string operator()(const Label& label) const {
    std::string out = "LABEL";
    for (const auto& [name, value] : label.entries) out += fmt::format(" {}={}", name, in_quotes(value, false));
    return out;
  }
};

/// The kernel's limit, told before a build hangs on it.
void check_arguments(const Stage& stage, const Run& run, Report& report) {
  const auto check = [&](std::string_view argument) {
    if (argument.size() <= longest_argument) return;
    report.error(run.mark,
                 fmt::format("a command of variant '{}' is {} bytes long and no system runs more than {}", stage.name,
                             argument.size(), longest_argument),
                 "variants." + stage.name);
  };
  check(run.text);
  for (const auto& argument : run.arguments) check(argument);
}

}  // namespace

std::string json_string(std::string_view s) {
  std::string out = "\"";
  for (const char c : s) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\t': out += "\\t"; break;
    case '\r': out += "\\r"; break;
    default:
      if (byte < 0x20) out += fmt::format("\\u{:04x}", byte);
      else out += c;
    }
  }
  return out + '"';
}

bool needs_exec_form(std::string_view text) {
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; })) return true;
  const auto trimmed = text::trim(text);
  if (trimmed.ends_with('\\') || trimmed.starts_with("--")) return true;
  if (trimmed.starts_with('[')) {
    const auto inside = text::trim(trimmed.substr(1));
    if (inside.starts_with('"') || inside.starts_with(']')) return true;
  }
  // `<<` opens a heredoc in BuildKit and kaniko; `<<<` is bash's, and stays.
  for (auto at = text.find("<<"); at != std::string_view::npos;) {
    const auto end = std::min(text.find_first_not_of('<', at), text.size());
    if (end - at == 2) return true;
    at = text.find("<<", end);
  }
  return false;
}

std::optional<std::string> fold(std::string_view line, std::size_t limit) {
  std::string out;
  const auto can_break = [&](std::size_t at) {
    const char after = line[at];
    const bool inside_character = (static_cast<unsigned char>(after) & 0xc0U) == 0x80;
    return line[at - 1] != '\\' && after != ' ' && after != '\t' && after != '#' && !inside_character;
  };
  while (line.size() > limit) {
    auto at = limit - 1;  // room for the backslash
    while (at > 0 && !can_break(at)) --at;
    if (at == 0) return std::nullopt;
    out += line.substr(0, at);
    out += "\\\n";
    line.remove_prefix(at);
  }
  return out += line;
}

std::string print(const Instruction& instruction) { return std::visit(Writer{}, instruction); }

std::string print(std::span<const Stage> stages, Report& report) {
  std::string out;
  for (const auto& stage : stages) {
    if (!out.empty()) out += '\n';
    out += fmt::format("FROM {} AS {}\n", stage.image, stage.name);
    for (const auto& instruction : stage.instructions) {
      if (const auto* run = std::get_if<Run>(&instruction)) check_arguments(stage, *run, report);
      const auto line = print(instruction);
      if (const auto folded = fold(line)) out += *folded + "\n";
      else
        report.error(
            {}, fmt::format("variant '{}' needs a line of {} bytes that cannot be broken", stage.name, line.size()),
            "variants." + stage.name);
    }
  }
  return out;
}

}  // namespace slipway::blubber
