// SPDX-License-Identifier: Apache-2.0
#include "blubber/grammar.hpp"
#include "blubber/plan.hpp"
#include "blubber/resolve.hpp"
#include "blubber/shell.hpp"
#include "blubber/stage_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::blubber {

namespace {

constexpr std::string_view poetry_folder = "/opt/lib/poetry";
/// Well below what one argument may have.
constexpr std::size_t script_piece = 30'000;

bool is_set(const Field<bool>& field) { return field && field->value; }
bool is_filled(const Field<Artifacts>& field) { return field && !field->value.empty(); }
std::string text_of(const Field<std::string>& field) { return field ? field->value : std::string(); }

/// The program as it is, its arguments in quotes: how upstream writes a command.
std::string command_line(std::string program, const std::vector<std::string>& arguments) {
  for (const auto& argument : arguments) program += " " + shell::quote(argument);
  return program;
}

// --- node

void plan_builder(StagePlan& plan, const Node& node) {
  if (!is_filled(node.requirements)) return;
  copy_requirements(plan, node.requirements);
  const std::string install = is_set(node.use_npm_ci) ? "npm ci" : "npm install";
  if (text_of(node.env) != "production") {
    plan.run(install, node.mark);
    return;
  }
  plan.run(command_line(install, {"--only=production"}), node.mark);
  plan.run(is_set(node.allow_dedupe_failure) ? "npm dedupe || echo \"WARNING: npm dedupe failed; going on without it\""
                                             : "npm dedupe",
           node.mark);
}

// --- php

void plan_builder(StagePlan& plan, const Php& php) {
  if (!is_filled(php.requirements)) return;
  copy_requirements(plan, php.requirements);
  std::vector<std::string> arguments{"--no-scripts"};
  if (is_set(php.production)) arguments.emplace_back("--no-dev");
  plan.run(command_line("composer install", arguments), php.mark);
}

// --- python

/// What pip understands behind a package's name: "==1.2" for a bare version.
std::string specifier(const Field<std::string>& field, std::string_view otherwise = "") {
  const auto text = text_of(field);
  if (text.empty()) return std::string(otherwise);
  return grammar::is_python_version(text) ? "==" + text : text;
}

bool uses_poetry(const Python& python) { return !text_of(python.poetry.version).empty(); }

void plan_poetry(StagePlan& plan, const Python& python, const std::string& binary) {
  const auto& poetry = python.poetry;
  plan.add(Env{{{"POETRY_VIRTUALENVS_PATH", std::string(poetry_folder)}}});
  plan.run(command_line(binary, {"-m", "pip", "install", "-U", "poetry" + specifier(poetry.version)}), python.mark);
  plan.run(fmt::format("mkdir -p {}", shell::quote(poetry_folder)), python.mark);
  std::vector<std::string> arguments{"install", "--no-root"};
  if (poetry.only) {
    arguments.insert(arguments.end(), {"--only", poetry.only->value});
  } else if (poetry.without) {
    arguments.insert(arguments.end(), {"--without", poetry.without->value});
  } else if (!is_set(poetry.devel)) {
    arguments.emplace_back("--no-dev");
  }
  plan.run(command_line("poetry", arguments), python.mark);
}

void plan_builder(StagePlan& plan, const Python& python) {
  if (text_of(python.version).empty() || !python.requirements) return;
  const auto binary = shell::word(python.version->value);
  const auto venv = python.venv ? python.venv->value : "/opt/lib/venv";
  copy_requirements(plan, python.requirements);

  std::vector<std::string> create{"-m", "venv", venv};
  if (is_set(python.use_system_site_packages)) create.emplace_back("--system-site-packages");
  plan.run(command_line(binary, create), python.mark);
  plan.add(Env{{{"PATH", venv + "/bin:$PATH"}, {"VIRTUAL_ENV", venv}}});

  // Python 2 ends with pip 20; setuptools 60.9.0 was broken.
  const std::string_view last_pip = python.version->value.starts_with("python2") ? "<21" : "";
  plan.run(command_line(binary, {"-m", "pip", "install", "-U",
                                 "setuptools" + specifier(python.setuptools_version, "!=60.9.0")}) +
               " && " +
               command_line(binary,
                            {"-m", "pip", "install", "-U", "wheel" + specifier(python.wheel_version),
                             "tox" + specifier(python.tox_version), "pip" + specifier(python.pip_version, last_pip)}),
           python.mark);
  if (uses_poetry(python)) {
    plan_poetry(plan, python, binary);
    return;
  }
  if (python.requirements->value.empty()) return;
  std::vector<std::string> install{"-m", "pip", "install"};
  if (is_set(python.no_deps)) install.emplace_back("--no-deps");
  for (const auto& requirement : python.requirements->value)
    install.insert(install.end(), {"-r", path_of_requirement(requirement)});
  plan.run(command_line(binary, install), python.mark);
}

// --- custom

/// What a custom builder runs: a text for the shell with its arguments.
struct Job {
  std::string text;
  std::vector<std::string> arguments;
};

std::string command_text(const Command& command) {
  if (command.words.empty()) return {};
  auto out = command.words.front();
  for (std::size_t i = 1; i < command.words.size(); ++i) out += " " + shell::quote_expanding(command.words[i]);
  return out;
}

/// The text of a script goes in as arguments, in pieces that the kernel takes, and is written to a
/// file that is gone when the RUN ends: every interpreter works, and nothing stays in the image.
Job script_job(std::string script, const std::string& after) {
  if (!script.starts_with("#!")) script.insert(0, "#!/bin/sh\n");
  Job job{"f=$(mktemp) && printf %s \"$@\" >\"$f\" && chmod 500 \"$f\" && \"$f\"; r=$?; rm -f \"$f\"; " + after +
              "exit $r",
          {"script"}};
  for (std::size_t at = 0; at < script.size();) {
    auto end = std::min(at + script_piece, script.size());
    // Not inside a character: JSON has no half ones.
    while (end < script.size() && (static_cast<unsigned char>(script[end]) & 0xc0U) == 0x80) --end;
    job.arguments.push_back(script.substr(at, end - at));
    at = end;
  }
  return job;
}

/// Commands that empty the caches, for the end of the RUN that filled them: a layer keeps what is
/// there when it ends. (busybox' find has no -delete.)
std::vector<std::string> emptying(const std::vector<Cache>& caches) {
  std::vector<std::string> out;
  for (const auto& cache : caches) {
    const auto path = shell::quote_expanding(cache.destination);
    out.push_back(fmt::format("rm -rf {0}/..?* {0}/.[!.]* {0}/*", path));
  }
  return out;
}

Job job_of(const Custom& custom) {
  const auto cleanup = custom.caches ? emptying(custom.caches->value) : std::vector<std::string>{};
  if (custom.script && !custom.script->value.empty()) {
    std::string after;
    for (const auto& step : cleanup) after += step + "; ";
    return script_job(custom.script->value, after);
  }
  Job job{custom.command ? command_text(custom.command->value) : std::string(), {}};
  if (job.text.empty() || cleanup.empty()) return job;
  // As an argument the command stays what it is, however it ends.
  std::string text = "/bin/sh -c \"$1\"";
  for (const auto& step : cleanup) text += " && " + step;
  return {std::move(text), {"builder", std::move(job.text)}};
}

void prepare_caches(StagePlan& plan, const Custom& custom) {
  if (!custom.caches || custom.caches->value.empty()) return;
  std::string text;
  for (const auto& cache : custom.caches->value) {
    const auto path = shell::quote_expanding(cache.destination);
    if (!text.empty()) text += " && ";
    text += fmt::format("mkdir -p {0} && chown \"$LIVES_UID\":\"$LIVES_GID\" {0}", path);
  }
  plan.add(User{"0"});
  plan.run(std::move(text), custom.mark);
  plan.add(User{"$LIVES_UID"});
}

/// Mounted files are copied before and removed after the RUN.
struct Mounted {
  std::vector<std::string> folders;  ///< to remove
  bool moved = false;                ///< the builder works in a directory of its own
};

Mounted copy_mounts(StagePlan& plan, const Custom& custom) {
  Mounted mounted;
  if (!custom.mounts) return mounted;
  auto directory = lives_in(plan.variant);
  for (const auto& mount : custom.mounts->value) {
    const bool is_local = mount.from == "local";
    auto destination = mount.destination.empty() ? std::string(".") : grammar::clean_path(mount.destination);
    if (destination == "." || destination == directory) {
      // What is mounted over the working directory hides it; copying would mix the two.
      directory = fmt::format("/tmp/blubber-mount-{}", ++plan.helpers);
      destination = directory;
      mounted.moved = true;
      plan.report.warning(mount.mark, fmt::format("'{}' is mounted over the working directory: the builder runs in {} "
                                                  "instead, so absolute paths differ",
                                                  mount.from, directory));
    } else if (!destination.starts_with('/')) {
      destination = grammar::clean_path(fmt::format("{}/{}", directory, destination));
    }
    const auto source = mount.source.empty() ? std::string(is_local ? "." : "/") : mount.source;
    plan.report.warning(mount.mark, fmt::format("what is mounted from '{}' is not seen in the image, but stays in a "
                                                "layer below",
                                                mount.from));
    plan.add(Copy{true, is_local ? std::string() : mount.from, {source}, destination});
    mounted.folders.push_back(std::move(destination));
  }
  if (mounted.moved) plan.add(Workdir{directory});
  return mounted;
}

void remove_mounts(StagePlan& plan, const Custom& custom, const Mounted& mounted) {
  if (mounted.folders.empty()) return;
  if (mounted.moved) plan.add(Workdir{lives_in(plan.variant)});
  // As root: the folder above may belong to it.
  plan.add(User{"0"});
  plan.run(command_line("rm -rf", mounted.folders), custom.mark);
  plan.add(User{"$LIVES_UID"});
}

void plan_builder(StagePlan& plan, const Custom& custom) {
  copy_requirements(plan, custom.requirements);
  auto job = job_of(custom);
  if (job.text.empty()) return;
  if (job.text.find("/opt/lib/python") != std::string::npos)
    plan.report.warning(custom.mark, "nothing is in /opt/lib/python any more: packages are in the virtual environment");
  prepare_caches(plan, custom);
  const auto mounted = copy_mounts(plan, custom);
  plan.run(std::move(job.text), custom.mark, std::move(job.arguments));
  remove_mounts(plan, custom, mounted);
}

// --- after install

void plan_after(StagePlan& plan, const Node& node) {
  if (text_of(node.env).empty() && !is_filled(node.requirements)) return;
  plan.add(Env{{{"NODE_ENV", text_of(node.env)}}});
}

void plan_after(StagePlan& plan, const Python& python) {
  if (text_of(python.version).empty() || !python.requirements || !is_set(python.no_deps) || uses_poetry(python)) return;
  plan.run(command_line(shell::word(python.version->value), {"-m", "pip", "check"}), python.mark);
}

void plan_after(StagePlan& /*plan*/, const Php& /*php*/) {}
void plan_after(StagePlan& /*plan*/, const Custom& /*custom*/) {}

}  // namespace

std::vector<Builder> builders_of(const Common& common) {
  if (common.builders) return common.builders->value;
  std::vector<Builder> out;
  if (common.node) out.emplace_back(*common.node);
  if (common.php) out.emplace_back(*common.php);
  if (common.python) out.emplace_back(*common.python);
  if (common.builder) out.emplace_back(*common.builder);
  return out;
}

void plan_builders(StagePlan& plan) {
  for (const auto& builder : builders_of(plan.variant.common))
    std::visit([&](const auto& b) { plan_builder(plan, b); }, builder);
}

void plan_after_install(StagePlan& plan) {
  for (const auto& builder : builders_of(plan.variant.common))
    std::visit([&](const auto& b) { plan_after(plan, b); }, builder);
}

}  // namespace slipway::blubber
