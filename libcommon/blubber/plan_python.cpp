// SPDX-License-Identifier: Apache-2.0
#include "blubber/grammar.hpp"
#include "blubber/shell.hpp"
#include "blubber/stage_plan.hpp"

#include <algorithm>

namespace slipway::blubber {

namespace {

constexpr std::string_view poetry_folder = "/opt/lib/poetry";

bool is_set(const Field<bool>& field) { return field && field->value; }
std::string text_of(const Field<std::string>& field) { return field ? field->value : std::string(); }

/// What pip understands behind a package's name: "==1.2" for a bare version.
std::string specifier(const Field<std::string>& field, std::string_view otherwise = "") {
  const auto text = text_of(field);
  if (text.empty()) return std::string(otherwise);
  return grammar::is_python_version(text) ? "==" + text : text;
}

bool is_on(const Python& python) { return !text_of(python.version).empty() && python.requirements; }
bool uses_poetry(const Python& python) { return !text_of(python.poetry.version).empty(); }
bool uses_uv(const Python& python) { return !text_of(python.uv.version).empty(); }

/// What to install: a group, all but a group, or, with neither, what is no development package unless `devel`.
void add_groups(std::vector<std::string>& arguments, const Field<std::string>& only, std::string_view only_option,
                const Field<std::string>& without, std::string_view without_option, const Field<bool>& devel) {
  if (!text_of(only).empty()) arguments.insert(arguments.end(), {std::string(only_option), only->value});
  else if (!text_of(without).empty()) arguments.insert(arguments.end(), {std::string(without_option), without->value});
  else if (!is_set(devel)) arguments.emplace_back("--no-dev");
}

void plan_poetry(StagePlan& plan, const Python& python, const std::string& binary) {
  const auto& poetry = python.poetry;
  plan.add(Env{{{"POETRY_VIRTUALENVS_PATH", std::string(poetry_folder)}}});
  plan.run(shell::command(binary, {"-m", "pip", "install", "-U", "poetry" + specifier(poetry.version)}), python.mark);
  plan.run(shell::command("mkdir -p", {std::string(poetry_folder)}), python.mark);
  std::vector<std::string> arguments{"install", "--no-root"};
  add_groups(arguments, poetry.only, "--only", poetry.without, "--without", poetry.devel);
  plan.run(shell::command("poetry", arguments), python.mark);
}

/// Into the virtual environment that is there, beside pip and what came with it (--inexact), without the project
/// itself, as with poetry. With a lock file among the requirements the build stops when it does not fit.
void plan_uv(StagePlan& plan, const Python& python, const std::string& binary, const std::string& venv) {
  const auto& uv = python.uv;
  plan.add(Env{{{"UV_PROJECT_ENVIRONMENT", venv, false}, {"UV_PYTHON_DOWNLOADS", "never"}}});
  plan.run(shell::command(binary, {"-m", "pip", "install", "-U", "uv" + specifier(uv.version)}), python.mark);
  std::vector<std::string> arguments{"sync", "--inexact", "--no-install-project", "--no-cache"};
  const bool is_locked = std::ranges::any_of(python.requirements->value, [](const Artifact& requirement) {
    return path_of_requirement(requirement) == "uv.lock";
  });
  if (is_locked) arguments.emplace_back("--locked");
  add_groups(arguments, uv.only, "--only-group", uv.without, "--no-group", uv.devel);
  plan.run(shell::command("uv", arguments), python.mark);
}

void plan_pip(StagePlan& plan, const Python& python, const std::string& binary) {
  if (python.requirements->value.empty()) return;
  std::vector<std::string> install{"-m", "pip", "install"};
  if (is_set(python.no_deps)) install.emplace_back("--no-deps");
  for (const auto& requirement : python.requirements->value)
    install.insert(install.end(), {"-r", path_of_requirement(requirement)});
  plan.run(shell::command(binary, install), python.mark);
}

std::string venv_of(const StagePlan& plan, const Python& python) {
  const auto venv = text_of(python.venv);
  if (venv.empty()) return "/opt/lib/venv";
  return venv.starts_with('/') ? venv : grammar::clean_path(lives_in(plan.variant) + "/" + venv);
}

}  // namespace

void plan_python(StagePlan& plan, const Python& python) {
  if (!is_on(python)) return;
  const auto binary = shell::word(python.version->value);
  const auto venv = venv_of(plan, python);
  copy_requirements(plan, python.requirements);

  std::vector<std::string> create{"-m", "venv", venv};
  if (is_set(python.use_system_site_packages)) create.emplace_back("--system-site-packages");
  plan.run(shell::command(binary, create), python.mark);
  plan.add(Env{{{"PATH", "/bin:$PATH", true, venv}, {"VIRTUAL_ENV", venv, false}}});

  // Python 2 ends with pip 20; setuptools 60.9.0 was broken.
  const std::string_view last_pip = python.version->value.starts_with("python2") ? "<21" : "";
  const auto upgrade = [&](std::vector<std::string> packages) {
    packages.insert(packages.begin(), {"-m", "pip", "install", "-U"});
    return shell::command(binary, packages);
  };
  plan.run(upgrade({"setuptools" + specifier(python.setuptools_version, "!=60.9.0")}) + " && " +
               upgrade({"wheel" + specifier(python.wheel_version), "tox" + specifier(python.tox_version),
                        "pip" + specifier(python.pip_version, last_pip)}),
           python.mark);
  if (uses_poetry(python)) plan_poetry(plan, python, binary);
  else if (uses_uv(python)) plan_uv(plan, python, binary, venv);
  else plan_pip(plan, python, binary);
}

void plan_after_python(StagePlan& plan, const Python& python) {
  if (!is_on(python) || !is_set(python.no_deps) || uses_poetry(python) || uses_uv(python)) return;
  plan.run(shell::command(shell::word(python.version->value), {"-m", "pip", "check"}), python.mark);
}

}  // namespace slipway::blubber
