// SPDX-License-Identifier: Apache-2.0
// --help from the model: fits 80 columns, and 40 lines for the tools that we have.
#include "cli/app.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::cli {

namespace {

constexpr std::size_t columns = 80;
constexpr std::string_view common_group = "Common";

/// Words of `text` filled into lines that start at `indent`; the first line continues at `used`.
std::string fill(std::string_view text, std::size_t indent, std::size_t used) {
  std::string out;
  std::size_t at = used;
  bool first = true;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!first && at + 1 + word.size() > columns) {
      out += '\n' + std::string(indent, ' ');
      at = indent;
      first = true;
    }
    if (!first) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
    first = false;
  }
  return out + '\n';
}

std::string left_of(const Option& option, bool with_value = true) {
  auto names = option.names;
  std::ranges::stable_sort(names, {}, &std::string::size);  // -e before --environment
  auto left = fmt::format("{}", fmt::join(names, ", "));
  if (with_value && !option.value.empty()) left += option.bare ? "[=" + option.value + ']' : ' ' + option.value;
  return left;
}

std::string entry(std::string_view left, std::string_view right, std::size_t width) {
  std::string out = fmt::format("  {}", left);
  const auto indent = width + 4;
  if (out.size() + 2 > indent) out += '\n' + std::string(indent, ' ');
  else out.resize(indent, ' ');
  return out + fill(right, indent, indent);
}

std::string positionals(const std::vector<Option>& options) {
  std::string out;
  for (const auto& option : options) {
    if (!option.is_positional) continue;
    const auto word = option.names.front() + (option.repeatable ? "..." : "");
    out += option.required ? fmt::format(" {}", word) : fmt::format(" [{}]", word);
  }
  return out;
}

/// The groups of `options` in the order they were opened, without the common one.
std::string groups(const std::vector<Option>& options, const std::vector<std::string>& brief) {
  std::vector<std::string> titles;
  std::size_t width = 0;
  for (const auto& option : options) {
    if (option.group == common_group || option.is_positional) continue;
    if (std::ranges::find(brief, option.group) != brief.end()) continue;
    if (std::ranges::find(titles, option.group) == titles.end()) titles.push_back(option.group);
    width = std::max(width, std::min<std::size_t>(left_of(option).size(), 24));
  }
  std::string out;
  for (const auto& title : titles) {
    out += fmt::format("{}:\n", title.empty() ? "Options" : title);
    for (const auto& option : options)
      if (option.group == title && !option.is_positional) out += entry(left_of(option), option.help, width);
  }
  return out;
}

/// Options by name and value only, several on a line; a line breaks only between two of them.
template <typename Keep>
std::string compact(std::string_view title, const std::vector<Option>& options, Keep&& keep, bool values = true) {
  std::string out;
  std::size_t at = columns;
  for (const auto& option : options) {
    if (option.is_positional || !keep(option)) continue;
    const auto item = left_of(option, values);
    if (at + 2 + item.size() > columns) {
      out += out.empty() ? "  " : "\n  ";
      at = 2;
    } else {
      out += "  ";
      at += 2;
    }
    out += item;
    at += item.size();
  }
  return out.empty() ? out : fmt::format("{}:\n{}\n", title, out);
}

bool is_common(const Option& option) { return option.group == common_group; }

}  // namespace

std::string App::help() const {
  const App& shown = given_ != nullptr ? *given_ : *this;
  const auto title = given_ != nullptr ? name_ + " " + given_->name_ : name_;
  std::string out = fill(fmt::format("{}: {}", title, shown.purpose_), 2, 0);
  out += fmt::format("Usage: {}{}{} [options]{}\n", title,
                     shown.commands_.empty()   ? ""
                     : shown.command_required_ ? " COMMAND"
                                               : " [COMMAND]",
                     positionals(shown.options_), shown.rest_ ? fmt::format(" [-- {}...]", shown.rest_->value) : "");
  std::size_t width = 0;
  for (const auto& option : shown.options_)
    if (option.is_positional) width = std::max(width, option.names.front().size());
  for (const auto& command : shown.commands_) width = std::max(width, command.name_.size());
  for (const auto& option : shown.options_)
    if (option.is_positional) out += entry(option.names.front(), option.help, width);
  if (!shown.commands_.empty()) {
    out += "Commands:\n";
    for (const auto& command : shown.commands_) out += entry(command.name_, command.purpose_, width);
  }
  out += groups(shown.options_, shown.brief_);
  for (const auto& title_of : shown.brief_)
    out += compact(title_of, shown.options_, [&](const Option& o) { return o.group == title_of; }, false);
  // What is the same for all sub-commands is explained in the tool's own help, and only named here.
  if (given_ != nullptr)
    out += compact(fmt::format("Of every command ({} --help)", name_), options_, [&](const Option& o) {
      return !is_common(o) && std::ranges::find(brief_, o.group) == brief_.end();
    });
  out += compact("Common", options_, is_common);
  const auto& examples = shown.examples_.empty() ? examples_ : shown.examples_;
  if (!examples.empty()) out += "Examples:\n";
  for (const auto& example : examples) {
    const auto line = "  " + example.line;
    // The comment goes beside a short line, to keep the whole on one screen.
    if (line.size() + 4 + example.what.size() <= columns) out += fmt::format("{}  # {}\n", line, example.what);
    else out += fmt::format("  # {}\n{}\n", example.what, line);
  }
  std::string statuses;
  const auto& told = shown.exits_.empty() ? *this : shown;
  for (const auto code : told.exits_) {
    const auto own = std::ranges::find(told.meanings_, code, &std::pair<ExitCode, std::string>::first);
    statuses += fmt::format("{}{} {}", statuses.empty() ? "" : ", ", status(code),
                            own != told.meanings_.end() ? own->second : std::string(row(code).name));
  }
  if (!statuses.empty()) out += "Exit status:\n  " + fill(statuses, 2, 2);
  return out + fmt::format("Full manual: man {}\n", name_);
}

}  // namespace slipway::cli
