// SPDX-License-Identifier: Apache-2.0
#include "asking.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "openapi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace slipway::pipeline_test {

namespace {

constexpr int examples_at_once = 8;
constexpr std::size_t largest_specification = 8U << 20U;
constexpr std::chrono::seconds specification_patience{10};

void tell(const CheckResult& result, const io::Run& run) {
  auto text = fmt::format("{} {} ({} ms{})", result.passed ? "ok  " : "FAIL", result.name, result.took.count(),
                          result.tries > 1 ? fmt::format(", try {}", result.tries) : "");
  run.events.emit({.kind = "check",
                   .level = result.passed ? io::Level::note : io::Level::warning,
                   .subject = result.name,
                   .text = std::move(text),
                   .fields = {{"ok", result.passed}, {"ms", std::int64_t{result.took.count()}}}});
}

SpecChecks read_specification(http::Client& client, const std::string& base, const std::string& path,
                              const io::Run& run) {
  http::Request request;
  request.url = base + path;
  request.tls.verify = !base.starts_with("https:");
  request.total_timeout = specification_patience;
  const auto response = client.send(request, run);
  if (response.status != 200)
    throw Error(failure::bad_input, fmt::format("there is no specification at {}: HTTP {}", path, response.status));
  return parse_spec(response.body, path, /*strict=*/false);
}

/// The examples of a specification, or the failed check that stands for one that was named and is not there.
struct Examples {
  SpecChecks found;
  std::vector<CheckResult> missing;
};

Examples examples_of(http::Client& client, const Questions& questions, const io::Run& run) {
  if (questions.spec == "none") return {};
  const bool automatic = questions.spec == "auto";
  const auto path = automatic ? "/?spec" : questions.spec;
  if (!path.starts_with('/'))
    return {.found = parse_spec(fs::read_file(path, largest_specification), path, /*strict=*/false), .missing = {}};
  try {
    return {.found = read_specification(client, questions.base, path, run), .missing = {}};
  } catch (const Error& error) {
    run.check();
    if (automatic) {
      run.events.note(fmt::format("no examples: {}", error.message()));
      return {};
    }
    CheckResult missing;
    missing.name = "specification at " + path;
    missing.origin = "--spec " + path;
    missing.mismatches.push_back({"specification", "an OpenAPI document", error.message()});
    missing.curl = "curl -i '" + questions.base + path + "'";
    return {.found = {}, .missing = {std::move(missing)}};
  }
}

std::vector<Check> checks_of(const std::vector<std::string>& pages) {
  std::vector<Check> checks;
  for (const auto& path : pages) {
    Check check;
    check.name = "GET " + path;
    check.origin = "--url " + path;
    check.question.path = path;
    check.expect.statuses = {200};
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace

std::vector<CheckResult> ask(http::Client& client, const Questions& questions, const io::Run& run) {
  std::vector<CheckResult> results;
  const auto add = [&](std::vector<CheckResult> more) { std::ranges::move(more, std::back_inserter(results)); };
  CheckOptions how;
  how.base = questions.base;
  how.tls.verify = !questions.tls_unverified;
  how.on_result = [&run](const CheckResult& result) { tell(result, run); };
  Vars none;
  how.jobs = examples_at_once;
  auto examples = examples_of(client, questions, run);
  for (const auto& skipped : examples.found.skipped) run.events.note(fmt::format("skipped {}", skipped));
  add(std::move(examples.missing));
  add(run_checks(client, examples.found.checks, none, how, run));
  add(run_checks(client, checks_of(questions.pages), none, how, run));
  how.jobs = 1;
  for (const auto& file : questions.files) {
    auto vars = file.vars;
    vars["url"] = questions.base;
    add(run_checks(client, file.checks, vars, how, run));
  }
  return results;
}

}  // namespace slipway::pipeline_test
