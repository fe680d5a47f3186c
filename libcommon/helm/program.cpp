// SPDX-License-Identifier: Apache-2.0
#include "helm/program.hpp"

#include "core/text.hpp"
#include "process/spawn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace slipway::helm {

namespace {

/// Unset (empty means that to helm): variables that would lead it to another cluster or user than the kubeconfig that
/// we named, and that our own client reads. Set: that its garbage collector waits for more; a helm lives for a quarter
/// of a second, a fifth of which it collected (175 ms of CPU became 145, 79 MB of memory 93).
std::vector<std::pair<std::string, std::string>> environment() {
  std::vector<std::pair<std::string, std::string>> env{
      {"HELM_KUBEAPISERVER", ""}, {"HELM_KUBETOKEN", ""},           {"HELM_KUBECAFILE", ""},  {"HELM_KUBEASUSER", ""},
      {"HELM_KUBEASGROUPS", ""},  {"HELM_KUBETLS_SERVER_NAME", ""}, {"HELM_KUBECONTEXT", ""}, {"HELM_NAMESPACE", ""}};
  if (std::getenv("GOGC") == nullptr) env.emplace_back("GOGC", "400");
  return env;
}

/// Warnings are for people; the Error that is thrown says what helm said last, so that is not told twice.
class Warnings {
 public:
  explicit Warnings(io::Events& events) : events_(&events) {}
  void operator()(std::string_view line) {
    if (line.starts_with("Error:")) failed_ = true;
    if (failed_ || text::trim(line).empty() || line.starts_with("WARNING: Kubernetes configuration file is")) return;
    events_->output("helm", text::printable(line));
  }

 private:
  io::Events* events_;
  bool failed_ = false;
};

/// posix_spawn cannot ask for PR_SET_PDEATHSIG; util-linux can. Nothing where it is missing.
std::vector<std::string> find_launcher(const io::Run& run) {
  std::vector<std::string> launcher{"setpriv", "--pdeathsig", "KILL", "--"};
  process::Command probe{.argv = launcher};
  probe.argv.emplace_back("true");
  try {
    if (process::run(probe, run).ok()) return launcher;
  } catch (const Error& error) {
    if (error.failure().id != failure::bad_setup.id) throw;
  }
  return {};
}

bool is(const Error& error, const Failure& failure) { return error.failure().id == failure.id; }

}  // namespace

Program Program::open(const std::string& name, const io::Run& run) {
  process::Outcome outcome;
  try {
    outcome = process::run({.argv = {name, "version", "--template", "{{.Version}}"}, .env = environment()}, run);
  } catch (const Error& error) {
    if (!is(error, failure::bad_setup)) throw;
    throw Error(failure::no_helm, error.message(),
                "install helm 3.15 or newer, or name it with --helm FILE or HELM_BIN");
  }
  if (!outcome.ok())
    throw Error(failure::no_helm, fmt::format("'{} version' ended with {}", name, outcome.how()),
                "is it helm? name another one with --helm FILE or HELM_BIN");
  auto version = parse_version(outcome.out);
  return {name, std::move(version), find_launcher(run)};
}

std::string Program::call(std::string_view doing, std::vector<std::string> arguments, std::string input,
                          const io::Run& run) const {
  process::Command command{.argv = launcher_, .env = environment(), .input = std::move(input)};
  command.argv.push_back(path_);
  std::ranges::move(arguments, std::back_inserter(command.argv));
  command.on_err = Warnings(run.events);
  auto outcome = process::run(command, run);
  if (!outcome.ok()) throw error_of(doing, outcome.err_tail, outcome.how());
  return std::move(outcome.out);
}

std::string Program::render(const std::string& name_space, const Upgrade& upgrade, const io::Run& run) const {
  return call(fmt::format("rendering {}", upgrade.chart.filename().string()),
              {"template", upgrade.release, upgrade.chart.string(), "--values", "-", "--namespace", name_space},
              upgrade.values, run);
}

Release Program::preview(const Place& place, const Upgrade& upgrade, const io::Run& run) const {
  return parse_release(call(fmt::format("dry run of release {}", upgrade.release),
                            upgrade_arguments(place, upgrade, true), upgrade.values, run));
}

Release Program::upgrade(const Place& place, const Upgrade& upgrade, const io::Run& run) const {
  return parse_release(call(fmt::format("upgrade of release {}", upgrade.release),
                            upgrade_arguments(place, upgrade, false), upgrade.values, run));
}

void Program::rollback(const Place& place, const std::string& release, int to, const std::string& description,
                       std::chrono::milliseconds timeout, const io::Run& run) const {
  static_cast<void>(call(fmt::format("rollback of release {} to revision {}", release, to),
                         rollback_arguments(version_, place, release, to, description, timeout), {}, run));
}

void Program::uninstall(const Place& place, const std::string& release, bool wait, std::chrono::milliseconds timeout,
                        const io::Run& run) const {
  static_cast<void>(call(fmt::format("removal of release {}", release),
                         uninstall_arguments(version_, place, release, wait, timeout), {}, run));
}

TestResult Program::test(const Place& place, const std::string& release, std::chrono::milliseconds timeout,
                         const io::Run& run) const {
  TestResult result;
  process::Command command{.argv = launcher_, .env = environment(), .keep = 0};
  command.argv.push_back(path_);
  std::ranges::move(test_arguments(place, release, timeout), std::back_inserter(command.argv));
  const auto told = [&](std::string_view line) {
    auto safe = text::printable(line);
    run.events.output("helm test", safe);
    result.lines.push_back(std::move(safe));
  };
  command.on_out = told;
  command.on_err = told;
  const auto outcome = process::run(command, run);
  result.passed = outcome.ok();
  if (!result.passed) {
    // Only what the tests themselves did is an answer; that nobody could be asked is not.
    const auto error = error_of(fmt::format("test of release {}", release), outcome.err_tail, outcome.how());
    if (is(error, failure::not_found) || is(error, failure::unreachable) || is(error, failure::denied)) throw error;
  }
  return result;
}

}  // namespace slipway::helm
