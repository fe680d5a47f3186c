// SPDX-License-Identifier: Apache-2.0
#include "generate.hpp"

#include "blubber/blubber.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace slipway::blubber_tool {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t largest_file = 8U << 20U;

struct Source {
  std::string name;
  std::string text;
};

Source read_source(const Options& options, const io::Input& in) {
  if (options.file != "-") return {options.file, fs::read_file(options.file, largest_file)};
  if (in.is_terminal()) throw Error(failure::bad_usage, "stdin is a terminal, and '-' wants a configuration there");
  auto text = in.read_all(largest_file);
  if (text::trim(text).empty()) throw Error(failure::empty_input, "no configuration on stdin: the step before failed");
  return {"<stdin>", std::move(text)};
}

void check_usage(const Options& options, const Source& source) {
  if (options.check && options.variants) throw Error(failure::bad_usage, "--check and --variants exclude each other");
  const bool wants_variant = !options.check && !options.variants;
  if (!wants_variant && !options.variant.empty())
    throw Error(failure::bad_usage,
                fmt::format("{} takes no variant: it looks at all of them", options.check ? "--check" : "--variants"));
  if (!wants_variant || !options.variant.empty()) return;
  const auto names = blubber::variants(source.text, source.name).names;
  throw Error(failure::bad_usage,
              names.empty() ? fmt::format("no variant given, and {} has none", source.name)
                            : fmt::format("no variant given; {} has {}", source.name, text::join(names, ", ")),
              names.empty() ? "" : fmt::format("blubber {} {}", options.file, names.back()));
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

void print_dockerfile(const Options& options, const Source& source, const blubber::Options& how,
                      cli::Context& context) {
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

}  // namespace

ExitCode generate(const Options& options, cli::Context& context) {
  const auto source = read_source(options, context.in);
  check_usage(options, source);
  const blubber::Options how{.strict = options.strict, .platform_args = options.platform_args, .version = {}};
  if (options.check) {
    const auto checked = blubber::check(source.text, source.name, how);
    warn(context, checked.warnings);
    if (context.common.json) print_names(context, "variants", checked.names);
  } else if (options.variants) {
    const auto found = blubber::variants(source.text, source.name, how);
    warn(context, found.warnings);
    print_names(context, "variants", found.names);
  } else if (options.format == "json") {
    context.out.print(blubber::expanded_json(source.text, source.name, options.variant, how));
  } else {
    print_dockerfile(options, source, how, context);
  }
  return ExitCode::ok;
}

}  // namespace slipway::blubber_tool
