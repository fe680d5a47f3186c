// SPDX-License-Identifier: Apache-2.0
#include "blubber/dockerfile.hpp"

#include "blubber/expansion.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::blubber {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
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

/// The same, but for variables, which stay alive.
std::string with_variables(std::string_view s, Variables which, std::string_view escaped) {
  std::string out;
  for (const auto& piece : pieces_of(s, which)) {
    const auto end = static_cast<std::size_t>(piece.text.data() - s.data()) + piece.text.size();
    out += piece.is_variable ? written(piece.text, s.substr(end)) : with_backslashes(piece.text, escaped);
  }
  return out;
}

std::string in_quotes(std::string_view s) { return '"' + with_backslashes(s, "\\\"$") + '"'; }

/// Builders run their own word reader over the paths of COPY, after JSON is decoded. It drops a byte order mark at the
/// beginning; and BuildKit takes a path such as <<EOF for a heredoc, before that.
std::string copy_path(std::string_view path, bool expands) {
  constexpr std::string_view escaped = "\\\"'$<";
  auto out = expands ? with_variables(path, Variables::plain, escaped) : with_backslashes(path, escaped);
  if (out.starts_with(byte_order_mark)) out.insert(0, 1, '\\');
  return json_string(out);
}

/// Bytes of the character at the front that builders, which are written in Go, take for white space: they cut it off
/// at the ends of an instruction and look behind it for a comment.
/// @source Go, unicode.IsSpace
std::size_t space_length(std::string_view s) {
  if (s.empty()) return 0;
  if (s.front() == ' ' || (s.front() >= '\t' && s.front() <= '\r')) return 1;
  if (s.starts_with("\xc2\x85") || s.starts_with("\xc2\xa0")) return 2;
  if (s.starts_with("\xe1\x9a\x80") || s.starts_with("\xe2\x81\x9f") || s.starts_with("\xe3\x80\x80")) return 3;
  if (!s.starts_with("\xe2\x80") || s.size() < 3) return 0;
  const auto last = static_cast<unsigned char>(s[2]);
  return last <= 0x8a || last == 0xa8 || last == 0xa9 || last == 0xaf ? 3 : 0;
}

bool ends_in_space(std::string_view s) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(3, s.size()); ++length) {
    if (space_length(s.substr(s.size() - length)) == length) return true;
  }
  return false;
}

/// Whether builders might take text for a list in JSON: some look at the first value only, and refuse a list of
/// anything but strings.
bool is_like_a_list(std::string_view text) {
  if (!text.starts_with('[')) return false;
  // Of lists in lists the first thing in the innermost one.
  while (text.starts_with('[')) text = text::trim(text.substr(1));
  if (text.empty() || text.starts_with("true") || text.starts_with("false") || text.starts_with("null")) return true;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.front() == '"' || text.front() == ']' || text.front() == '{' || is_digit(text.front()) ||
         (text.size() > 1 && text[0] == '-' && is_digit(text[1]));
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
    for (const auto& entry : env.entries) {
      constexpr std::string_view escaped = "\\\"$";
      out += fmt::format(" {}=\"{}{}\"", entry.name, with_backslashes(entry.literal, escaped),
                         entry.expands ? with_variables(entry.value, Variables::with_defaults, escaped)
                                       : with_backslashes(entry.value, escaped));
    }
    return out;
  }

  std::string operator()(const Arg& arg) const {
    if (!arg.value) return "ARG " + arg.name;
    return fmt::format("ARG {}={}", arg.name, arg.is_number ? *arg.value : in_quotes(*arg.value));
  }

  std::string operator()(const Workdir& workdir) const { return "WORKDIR " + in_quotes(workdir.path); }

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
    for (const auto& [name, value] : label.entries) out += fmt::format(" {}={}", name, in_quotes(value));
    return out;
  }
};

const data::Mark& place_of(const data::Mark& mark, const Stage& stage) { return mark.line > 0 ? mark : stage.mark; }

/// The kernel's limit, told before a build hangs on it.
void check_arguments(const Stage& stage, const Run& run, Report& report) {
  const auto check = [&](std::string_view argument) {
    if (argument.size() <= longest_argument) return;
    report.error(place_of(run.mark, stage),
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
  if (trimmed.empty() || trimmed.ends_with('\\') || trimmed.starts_with("--") || is_like_a_list(trimmed)) return true;
  // To a shell these are letters.
  if (space_length(trimmed) > 0 || ends_in_space(trimmed)) return true;
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
    return line[at - 1] != '\\' && after != '#' && !inside_character && space_length(line.substr(at)) == 0;
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
    const auto add = [&](const std::string& line, const data::Mark& mark) {
      if (const auto folded = fold(line)) out += *folded + "\n";
      else
        report.error(
            place_of(mark, stage),
            fmt::format("variant '{}' needs a line of {} bytes that cannot be broken", stage.name, line.size()),
            "variants." + stage.name);
    };
    add(fmt::format("FROM {} AS {}", stage.image, stage.name), {});
    for (const auto& instruction : stage.instructions) {
      const auto* run = std::get_if<Run>(&instruction);
      if (run != nullptr) check_arguments(stage, *run, report);
      add(print(instruction), run != nullptr ? run->mark : data::Mark());
    }
  }
  return out;
}

}  // namespace slipway::blubber
