// SPDX-License-Identifier: Apache-2.0
// The model turned into a CLI11 parser; CLI11's words and exit codes are replaced by ours.
#include "cli/app.hpp"

#include "core/error.hpp"
#include "core/text.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace slipway::cli {

namespace {

std::vector<std::string> split_names(std::string_view names) {
  auto list = text::split(names, ',');
  for (auto& name : list) name = text::trim(name);
  return list;
}

std::optional<std::string> take_number(const std::string& s, int& into) {
  int number = 0;
  const auto [end, fault] = std::from_chars(s.data(), s.data() + s.size(), number);
  if (fault != std::errc{} || end != s.data() + s.size()) return fmt::format("'{}' is not a number", s);
  into = number;
  return std::nullopt;
}

std::optional<std::string> take_duration(const std::string& s, std::chrono::milliseconds& into) {
  const auto parsed = text::parse_duration(s);
  if (!parsed) {
    const bool bare = !s.empty() && std::ranges::all_of(s, [](char c) { return c >= '0' && c <= '9'; });
    return bare ? fmt::format("'{}' has no unit; did you mean {}s?", s, s)
                : fmt::format("'{}' is not a duration such as 90s, 5m or 1h30m", s);
  }
  into = *parsed;
  return std::nullopt;
}

/// "--image" or "-i" as CLI11 wants it: comma-separated.
std::string cli11_name(const Option& option) { return text::join(option.names, ","); }

std::string shown(const Option& option) {
  const auto longest = std::ranges::max_element(option.names, {}, &std::string::size);
  return *longest;
}

}  // namespace

/// Builds CLI11's tree from ours, and collects what is wrong with values.
struct Parser {
  std::span<const std::string> arguments;
  CLI::App root{};
  std::vector<std::string> complaints{};

  void build(CLI::App& into, App& from, App& top) {
    into.set_help_flag();
    into.allow_extras(false);
    into.fallthrough();
    into.require_subcommand(0, 1);
    // What is not named cannot be chosen, and CLI11's options are dear to make.
    for (auto& option : from.options_)
      if (may_mean(option)) add(into, option);
    for (auto& command : from.commands_) {
      if (std::ranges::find(arguments, command.name_) == arguments.end()) continue;
      auto* sub = into.add_subcommand(command.name_, command.purpose_);
      build(*sub, command, top);
      sub->preparse_callback([&from, &command, &top](std::size_t) {
        from.given_ = &command;
        top.given_ = &command;
        for (const auto& tell : command.on_chosen_) tell();
      });
    }
  }

  /// --name, --name=VALUE; -n, -nVALUE or -xn. Nothing is lost where one was another's value.
  [[nodiscard]] bool may_mean(const Option& option) const {
    if (option.is_positional || option.required) return true;
    return std::ranges::any_of(option.names, [&](const std::string& name) {
      return std::ranges::any_of(arguments, [&](std::string_view argument) {
        if (!name.starts_with("--"))
          return argument.starts_with('-') && !argument.starts_with("--") &&
                 argument.find(name.back()) != std::string_view::npos;
        return argument.starts_with(name) && (argument.size() == name.size() || argument[name.size()] == '=');
      });
    });
  }

  /// CLI11 knows no option whose value may be left out: "--watch" and "-w" become "--watch=true", "-w=false"
  /// "--watch=false".
  void complete_bare(std::vector<std::string>& words, const App& app) const {
    for (const auto& option : app.options_) {
      if (!option.bare) continue;
      for (auto& word : words) {
        const auto equals = word.find('=');
        if (std::ranges::find(option.names, word.substr(0, equals)) == option.names.end()) continue;
        word =
            fmt::format("{}={}", shown(option), equals == std::string::npos ? *option.bare : word.substr(equals + 1));
      }
    }
    for (const auto& command : app.commands_)
      if (std::ranges::find(arguments, command.name_) != arguments.end()) complete_bare(words, command);
  }

  void add(CLI::App& into, const Option& option) {
    auto take = [this, &option](const std::vector<std::string>& values) {
      for (const auto& value : values)
        if (const auto wrong = option.take(value))
          complaints.push_back(
              fmt::format("{}: {}", option.is_positional ? option.names.front() : shown(option), *wrong));
      return true;
    };
    if (option.value.empty() && !option.is_positional) {
      into.add_flag_callback(cli11_name(option), [&option] { option.take({}); });
      return;
    }
    auto* made = into.add_option(cli11_name(option), CLI::callback_t(take), option.help);
    if (option.repeatable) {
      // One value an occurrence: "-e A service" must not eat the service.
      made->expected(option.is_positional ? CLI::detail::expected_max_vector_size : 1);
      made->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      if (!option.is_positional) made->allow_extra_args(false);
    } else {
      made->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
    if (option.required) made->required();
  }
};

App::App(std::string name, std::string purpose) : name_(std::move(name)), purpose_(std::move(purpose)) {}

Option& App::add(std::string_view names, std::string value, std::string help,
                 std::function<std::optional<std::string>(const std::string&)> take) {
  Option option;
  option.names = split_names(names);
  option.value = std::move(value);
  option.help = std::move(help);
  option.group = group_;
  option.take = std::move(take);
  options_.push_back(std::move(option));
  return options_.back();
}

Option& App::flag(std::string_view names, bool& target, std::string help) {
  return add(names, "", std::move(help), [&target](const std::string&) {
    target = true;
    return std::optional<std::string>{};
  });
}

Option& App::option(std::string_view names, std::string& target, std::string value, std::string help) {
  return add(names, std::move(value), std::move(help), [&target](const std::string& s) {
    target = s;
    return std::optional<std::string>{};
  });
}

Option& App::option(std::string_view names, std::optional<std::string>& target, std::string value, std::string help) {
  return add(names, std::move(value), std::move(help), [&target](const std::string& s) {
    target = s;
    return std::optional<std::string>{};
  });
}

Option& App::option(std::string_view names, std::vector<std::string>& target, std::string value, std::string help) {
  auto& made = add(names, std::move(value), std::move(help), [&target](const std::string& s) {
    target.push_back(s);
    return std::optional<std::string>{};
  });
  made.repeatable = true;
  return made;
}

Option& App::option(std::string_view names, int& target, std::string value, std::string help) {
  return add(names, std::move(value), std::move(help),
             [&target](const std::string& s) { return take_number(s, target); });
}

Option& App::option(std::string_view names, std::optional<int>& target, std::string value, std::string help) {
  return add(names, std::move(value), std::move(help), [&target](const std::string& s) {
    int number = 0;
    auto wrong = take_number(s, number);
    if (!wrong) target = number;
    return wrong;
  });
}

Option& App::option(std::string_view names, std::chrono::milliseconds& target, std::string value, std::string help) {
  return add(names, std::move(value), std::move(help),
             [&target](const std::string& s) { return take_duration(s, target); });
}

Option& App::option(std::string_view names, std::optional<std::chrono::milliseconds>& target, std::string value,
                    std::string help) {
  return add(names, std::move(value), std::move(help), [&target](const std::string& s) {
    std::chrono::milliseconds duration{};
    auto wrong = take_duration(s, duration);
    if (!wrong) target = duration;
    return wrong;
  });
}

Option& App::size(std::string_view names, std::uint64_t& target, std::string value, std::string help) {
  return add(names, std::move(value), std::move(help), [&target](const std::string& s) -> std::optional<std::string> {
    const auto parsed = text::parse_size(s);
    if (!parsed) return fmt::format("'{}' is not a size such as 512m or 2GiB", s);
    target = *parsed;
    return std::nullopt;
  });
}

Option& App::choice(std::string_view names, std::string& target, std::vector<std::string> words, std::string help) {
  auto value = text::join(words, "|");
  return add(names, std::move(value), std::move(help),
             [&target, words = std::move(words)](const std::string& s) -> std::optional<std::string> {
               if (std::ranges::find(words, s) == words.end())
                 return fmt::format("'{}' is none of {}{}", s, text::join(words, ", "), text::did_you_mean(s, words));
               target = s;
               return std::nullopt;
             });
}

Option& App::positional(std::string name, std::string& target, std::string help) {
  auto& made = option(name, target, name, std::move(help));
  made.is_positional = true;
  return made;
}

Option& App::positional(std::string name, std::vector<std::string>& target, std::string help) {
  auto& made = option(name, target, name, std::move(help));
  made.is_positional = true;
  return made;
}

void App::rest(std::string name, std::vector<std::string>& target, std::string help) {
  rest_ = Option{.names = {name},
                 .value = name,
                 .help = std::move(help),
                 .group = "",
                 .repeatable = true,
                 .required = false,
                 .is_positional = true,
                 .take = [&target](const std::string& s) {
                   target.push_back(s);
                   return std::optional<std::string>{};
                 }};
}

App& App::command(std::string name, std::string purpose, std::string& chosen) {
  // The model hands out references to options and commands, so neither may move later.
  if (commands_.capacity() == 0) commands_.reserve(64);
  commands_.emplace_back(std::move(name), std::move(purpose));
  auto& made = commands_.back();
  made.on_chosen_.push_back([&chosen, word = made.name_] { chosen = word; });
  return made;
}

void App::parse(std::span<const std::string> arguments) {
  const std::string try_help = fmt::format("{} --help", name_);
  Parser parser{.arguments = arguments};
  given_ = nullptr;
  parser.build(parser.root, *this, *this);

  // What follows "--" goes to the rest as it is; CLI11 would look for options' values in it.
  std::vector<std::string> own(arguments.begin(), arguments.end());
  std::vector<std::string> after;
  if (const auto dashes = std::ranges::find(own, "--"); dashes != own.end()) {
    after.assign(dashes + 1, own.end());
    own.erase(dashes, own.end());
  }
  parser.complete_bare(own, *this);
  std::ranges::reverse(own);  // CLI11 takes them from the back
  const auto refuse_unknown = [&](const std::string& word) {
    if (!word.starts_with('-') || word == "-") return;
    const auto typed = word.substr(0, word.find('='));
    std::vector<std::string> known{"--help", "--version"};
    const auto collect = [&known](const App& app) {
      for (const auto& option : app.options_)
        if (!option.is_positional) known.insert(known.end(), option.names.begin(), option.names.end());
    };
    collect(*this);
    if (given_ != nullptr) collect(*given_);
    if (given_ != nullptr && std::ranges::find(known, typed) != known.end())
      throw Error(failure::bad_usage, fmt::format("option '{}' has to stand after '{}'", typed, given_->name_),
                  try_help);
    throw Error(failure::bad_usage, fmt::format("unknown option '{}'{}", typed, text::did_you_mean(typed, known)),
                try_help);
  };
  try {
    parser.root.parse(own);
  } catch (const CLI::ExtrasError&) {
    const auto extras = parser.root.remaining(true);
    const auto& word = extras.front();
    refuse_unknown(word);
    std::vector<std::string> known;
    for (const auto& command : commands_) known.push_back(command.name_);
    if (!known.empty() && given_ == nullptr) {
      // Where a command may be left out, a misspelt one was taken for the positional, and what is left came after it.
      const auto plain = std::ranges::find_if(arguments, [](const std::string& a) { return !a.starts_with('-'); });
      const auto& meant = command_required_ || plain == arguments.end() ? word : *plain;
      if (command_required_ || text::nearest(meant, known))
        throw Error(failure::bad_usage, fmt::format("unknown command '{}'{}", meant, text::did_you_mean(meant, known)),
                    try_help);
    }
    throw Error(failure::bad_usage, fmt::format("unexpected argument '{}'", word), try_help);
  } catch (const CLI::RequiredError& error) {
    // What is missing may be what a misspelt option was to say.
    for (const auto& word : parser.root.remaining(true)) refuse_unknown(word);
    const std::string what = error.what();
    throw Error(failure::bad_usage, fmt::format("missing {}", what.substr(0, what.find(' '))), try_help);
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();
    throw Error(failure::bad_usage, fmt::format("{} needs a value", what.substr(0, what.find_first_of(": "))),
                try_help);
  } catch (const CLI::ParseError& error) {
    throw Error(failure::bad_usage, error.what(), try_help);
  }
  if (!parser.complaints.empty()) throw Error(failure::bad_usage, text::join(parser.complaints, "; "), try_help);
  if (!commands_.empty() && command_required_ && given_ == nullptr) {
    std::vector<std::string> known;
    for (const auto& command : commands_) known.push_back(command.name_);
    throw Error(failure::bad_usage, fmt::format("missing command: one of {}", text::join(known, ", ")), try_help);
  }
  if (!after.empty()) {
    const auto& rest = given_ != nullptr && given_->rest_ ? given_->rest_ : rest_;
    if (!rest) throw Error(failure::bad_usage, fmt::format("unexpected argument '{}'", after.front()), try_help);
    for (const auto& word : after) rest->take(word);
  }
}

}  // namespace slipway::cli
