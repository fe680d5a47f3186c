// SPDX-License-Identifier: Apache-2.0
#include "generate.hpp"

#include "blubber/blubber.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "policy_source.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace slipway::blubber_tool {

namespace {

using nlohmann::ordered_json;

Text read_source(const Options& options, const cli::Context& context) {
  if (options.file == "-") return read_stdin(context.in, "configuration", context.run);
  return {options.file, fs::read_file(options.file, blubber::largest_text)};
}

void check_usage(const Options& options) {
  const auto fail = [](std::string what) { throw Error(failure::bad_usage, std::move(what)); };
  if (options.file.empty()) throw Error(failure::bad_usage, "FILE is missing", "blubber --help");
  if (options.check && options.variants) fail("--check and --variants exclude each other");
  if (options.file == "-" && options.policy == "-") fail("the configuration and the policy cannot both be on stdin");
  if (options.policy_all && !options.policy) fail("--policy-variant-all is about a policy: --policy is missing");
  if (!options.run_entrypoint && !(options.arguments.empty() && options.environment.empty()))
    fail("--arg and --env are for --run-entrypoint, which is missing");
  const bool wants_variant = !options.check && !options.variants;
  if (!wants_variant && !options.variant.empty())
    fail(fmt::format("{} takes no variant: it looks at all of them", options.check ? "--check" : "--variants"));
}

[[noreturn]] void ask_for_variant(const Options& options, const Text& source) {
  const auto names = blubber::variants(source.text, source.name).names;
  throw Error(failure::bad_usage,
              names.empty() ? fmt::format("no variant given, and {} has none", source.name)
                            : fmt::format("no variant given; {} has {}", source.name, text::join(names, ", ")),
              names.empty() ? "" : fmt::format("blubber {} {}", options.file, names.back()));
}

/// NAME=VALUE, the name in the characters that its place allows.
std::pair<std::string, std::string> pair_of(std::string_view option, const std::string& text,
                                            std::string_view further_characters) {
  const auto equals = text.find('=');
  auto name = text.substr(0, equals);
  const bool good = equals != std::string::npos && !name.empty() && std::ranges::all_of(name, [&](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                             further_characters.find(c) != std::string_view::npos;
                    });
  if (!good)
    throw Error(failure::bad_usage, fmt::format("{} wants NAME=VALUE, not '{}'", option, text::printable(text)));
  auto value = text.substr(equals + 1);
  if (value.find_first_of("\r\n") != std::string::npos)
    throw Error(failure::bad_usage, fmt::format("{}: a line break in '{}' cannot be written", option, name));
  return {std::move(name), std::move(value)};
}

blubber::Options library_options(const Options& options, cli::Context& context) {
  blubber::Options out;
  out.strict = options.strict;
  out.platform_args = options.platform_args;
  out.target = options.target == "buildkit" ? blubber::Target::buildkit : blubber::Target::classic;
  for (const auto& label : options.labels) {
    out.labels.push_back(pair_of("--label", label, "-./"));
    const auto& name = out.labels.back().first;
    if (name.starts_with("blubber."))
      throw Error(failure::bad_usage, fmt::format("the label '{}' is set by blubber itself", name));
  }
  if (options.run_entrypoint) {
    out.run_entrypoint.emplace();
    out.run_entrypoint->arguments = options.arguments;
    for (const auto& variable : options.environment)
      out.run_entrypoint->environment.push_back(pair_of("--env", variable, ""));
  }
  if (options.policy) {
    auto [name, text] = read_policy_source(*options.policy, context);
    out.policy = blubber::PolicyFile{std::move(name), std::move(text), options.policy_all};
  }
  return out;
}

void warn(cli::Context& context, std::vector<Diagnostic> warnings) {
  context.warnings.insert(context.warnings.end(), std::make_move_iterator(warnings.begin()),
                          std::make_move_iterator(warnings.end()));
}

void print_names(cli::Context& context, const char* key, const std::vector<std::string>& names) {
  if (context.common.json) {
    context.out.print_line(ordered_json{{"schema", "blubber/v1"}, {key, names}}.dump());
    return;
  }
  for (const auto& name : names) context.out.print_line(name);
}

void print_dockerfile(const Options& options, const Text& source, const blubber::Options& how, cli::Context& context) {
  const auto dockerfile = blubber::dockerfile(source.text, source.name, options.variant, how);
  warn(context, dockerfile.warnings);
  if (options.format == "deps") {
    print_names(context, "stages", dockerfile.stages);
  } else if (context.common.json) {
    context.out.print_line(ordered_json{
        {"schema", "blubber/v1"},
        {"variant", dockerfile.variant},
        {"stages", dockerfile.stages},
        {"images", dockerfile.images},
        {"needs_context", dockerfile.needs_context},
        {"dockerfile",
         dockerfile.text}}.dump());
  } else {
    context.out.print(dockerfile.text);
  }
}

void print_expanded(const Options& options, const Text& source, const blubber::Options& how, cli::Context& context) {
  auto expanded = blubber::expanded_json(source.text, source.name, options.variant, how);
  warn(context, std::move(expanded.warnings));
  if (context.common.json) {
    context.out.print_line(ordered_json{
        {"schema", "blubber/v1"}, {"variant", options.variant}, {"configuration", ordered_json::parse(expanded.json)}}
                               .dump());
  } else {
    context.out.print(expanded.json);
  }
}

}  // namespace

ExitCode generate(const Options& options, cli::Context& context) {
  if (options.schema) {
    context.out.print(blubber::schema());
    return ExitCode::ok;
  }
  check_usage(options);
  const auto source = read_source(options, context);
  if (!options.check && !options.variants && options.variant.empty()) ask_for_variant(options, source);
  const auto how = library_options(options, context);
  if (options.check) {
    auto checked = blubber::check(source.text, source.name, how);
    warn(context, std::move(checked.warnings));
    if (context.common.json) print_names(context, "variants", checked.names);
  } else if (options.variants) {
    auto found = blubber::variants(source.text, source.name, how);
    warn(context, std::move(found.warnings));
    print_names(context, "variants", found.names);
  } else if (options.format == "json") {
    print_expanded(options, source, how, context);
  } else {
    print_dockerfile(options, source, how, context);
  }
  context.run.events.detail(options.variant.empty() ? source.name
                                                    : fmt::format("variant {} of {}", options.variant, source.name));
  return ExitCode::ok;
}

}  // namespace slipway::blubber_tool
