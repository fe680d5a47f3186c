// SPDX-License-Identifier: Apache-2.0
// The custom builder: what it runs, and the caches and mounts that are there while it runs. No Dockerfile
// instruction that all builders share can mount, so the classic form makes, fills and removes folders; the form
// for BuildKit says RUN --mount.
#include "blubber/expansion.hpp"
#include "blubber/grammar.hpp"
#include "blubber/resolve.hpp"
#include "blubber/shell.hpp"
#include "blubber/stage_plan.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::blubber {

namespace {

/// Well below what one argument may have.
constexpr std::size_t script_piece = 30'000;

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
/// file that is gone when the RUN ends: every interpreter works, and nothing stays in the image. A heredoc would be
/// shorter, but a builder that has none takes the script's lines for instructions.
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

/// Commands that empty the folders, for the end of the RUN that filled them: a layer keeps what is
/// there when it ends. (busybox' find has no -delete.)
std::vector<std::string> emptying(const std::vector<std::string>& folders) {
  std::vector<std::string> out;
  for (const auto& folder : folders)
    out.push_back(fmt::format("rm -rf -- {0}/..?* {0}/.[!.]* {0}/*", shell::quote_path(folder)));
  return out;
}

bool has_script(const Custom& custom) { return custom.script && !custom.script->value.empty(); }

Job job_of(const Custom& custom, const std::vector<std::string>& emptied) {
  const auto cleanup = emptying(emptied);
  if (has_script(custom)) {
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

void as_root(StagePlan& plan, std::string text, const data::Mark& mark) {
  plan.add(User{"0"});
  plan.run(std::move(text), mark);
  plan.add(User{"$LIVES_UID"});
}

// --- what BuildKit mounts

/// A path that can stand in --mount as it is: the flag has a syntax of its own, with commas and quotes.
bool is_plain(std::string_view path) {
  return !path.empty() && std::ranges::all_of(path, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./+:@%~").find(c) != std::string_view::npos;
  });
}

/// The text with the variables that the configuration itself sets, and that nothing can change in a build. BuildKit
/// does not replace them in --mount before 0.9.
/// @return nothing when there are others
std::string with_known_variables(const StagePlan& plan, std::string_view text) {
  const auto& environment = plan.variant.common.runs.environment;
  std::string out;
  for (const auto& piece : pieces_of(text, Variables::plain)) {
    if (!piece.is_variable) {
      out += piece.text;
      continue;
    }
    auto name = piece.text.substr(1);
    if (name.starts_with('{')) name = name.substr(1, name.size() - 2);
    const auto known = std::ranges::find(environment, name, [](const auto& e) -> std::string_view { return e.first; });
    if (known == environment.end() || known->second.value.find('$') != std::string::npos) return {};
    out += known->second.value;
  }
  return out;
}

std::string absolute(const std::string& path, const std::string& directory) {
  return grammar::clean_path(path.starts_with('/') ? path : directory + "/" + path);
}

std::int64_t number(const Field<std::int64_t>& id) { return id ? id->value : 65533; }

std::optional<RunMount> buildkit_cache(const StagePlan& plan, const Cache& cache) {
  const auto target = with_known_variables(plan, cache.destination);
  const auto id = cache.id == cache.destination ? target : cache.id;
  if (!is_plain(target) || !is_plain(id)) return std::nullopt;
  const auto& lives = plan.variant.common.lives;
  // Numbers, as BuildKit before 0.9 takes no variables here either.
  return RunMount{fmt::format("type=cache,target={},id={},sharing={},uid={},gid={},mode=0755",
                              absolute(target, lives_in(plan.variant)), id, cache.access, number(lives.uid),
                              number(lives.gid)),
                  {},
                  true};
}

std::optional<RunMount> buildkit_bind(const StagePlan& plan, const Mount& mount) {
  const auto target = with_known_variables(plan, mount.destination.empty() ? "." : mount.destination);
  const auto source = with_known_variables(plan, mount.source.empty() ? "." : mount.source);
  if (!is_plain(target) || !is_plain(source)) return std::nullopt;
  const bool is_local = mount.from == "local";
  auto path = grammar::clean_path(source);
  if (!is_local && !path.starts_with('/')) path = absolute(path, "/");
  // The working directory by its name: buildah refuses a relative target.
  return RunMount{fmt::format("type=bind,source={},target={},rw", path, absolute(target, lives_in(plan.variant))),
                  is_local ? std::string() : mount.from, false};
}

// --- the classic form of mounts

bool begins_with_variable(std::string_view path) {
  const auto pieces = pieces_of(path, Variables::plain);
  return !pieces.empty() && pieces.front().is_variable;
}

/// A relative path by its whole name. One that begins with a variable is known to the shell alone.
std::string below(const std::string& directory, std::string path) {
  return path.starts_with('/') || begins_with_variable(path) ? path : absolute(path, directory);
}

/// The folders of caches: those of relative ones are below where the builder works.
std::vector<std::string> folders_of(StagePlan& plan, const std::vector<Cache>& caches, const std::string& directory) {
  std::vector<std::string> out;
  for (const auto& cache : caches) {
    out.push_back(below(directory, cache.destination));
    if (out.back() == "/")
      plan.report.error(cache.mark,
                        fmt::format("the cache '{}' is the root of the image", text::printable(cache.destination)),
                        plan.path("builder.caches"));
  }
  return out;
}

/// Mounted files are copied before and removed after the RUN.
struct Mounted {
  std::vector<Copy> copies;
  std::vector<std::string> folders;  ///< to remove
  bool moved = false;                ///< the builder works in a directory of its own
  std::string directory;             ///< that, or lives.in
};

Mounted placed(StagePlan& plan, const std::vector<Mount>& mounts) {
  Mounted mounted{{}, {}, false, lives_in(plan.variant)};
  auto& directory = mounted.directory;
  for (const auto& mount : mounts) {
    const bool is_local = mount.from == "local";
    auto destination = mount.destination.empty() ? std::string(".") : grammar::clean_path(mount.destination);
    if (destination == "." || destination == directory) {
      // What is mounted over the working directory hides it; copying would mix the two.
      directory = fmt::format("/tmp/blubber-mount-{}", ++plan.helpers);
      destination = directory;
      mounted.moved = true;
      plan.report.warning(mount.mark,
                          fmt::format("'{}' is mounted over the working directory: the builder runs in {} "
                                      "instead, so absolute paths differ",
                                      mount.from, directory),
                          plan.path("builder.mounts"));
    } else {
      destination = below(directory, std::move(destination));
    }
    const auto source = mount.source.empty() ? std::string(is_local ? "." : "/") : mount.source;
    plan.report.warning(
        mount.mark,
        fmt::format("what is mounted from '{}' is not seen in the image, but stays in a layer below", mount.from),
        plan.path("builder.mounts"));
    mounted.copies.push_back({true, is_local ? std::string() : mount.from, {source}, destination, true, {}});
    mounted.folders.push_back(std::move(destination));
  }
  return mounted;
}

std::string in_words(const std::vector<std::string>& paths) {
  std::string out;
  for (const auto& path : paths) out += (out.empty() ? "" : " ") + shell::quote_path(path);
  return out;
}

/// What the image has where a cache or a mount is to be is not for the builder to see, and has to be there again
/// afterwards: it is moved aside, as root, since the folder above may be root's.
void set_aside(StagePlan& plan, const std::vector<std::string>& caches, const std::vector<std::string>& mounts,
               const Custom& custom) {
  auto all = caches;
  all.insert(all.end(), mounts.begin(), mounts.end());
  if (all.empty()) return;
  // A variable that is not set may make a path the root, which is later removed.
  auto text = fmt::format(
      "for p in {}; do p=\"${{p%/}}\"; ! [ \"$p/\" -ef / ] || exit 1; if [ -e \"$p\" ] || [ -L \"$p\" ]; then "
      "mv -- \"$p\" \"$p.blubber-aside\" || exit 1; fi; done",
      in_words(all));
  if (!caches.empty())
    text += fmt::format(" && mkdir -p -- {0} && chown -- \"$LIVES_UID\":\"$LIVES_GID\" {0}", in_words(caches));
  as_root(plan, std::move(text), custom.mark);
}

void put_back(StagePlan& plan, const std::vector<std::string>& caches, const std::vector<std::string>& mounts,
              const Custom& custom) {
  // In the other order: one may have been inside another.
  std::vector<std::string> all(mounts.rbegin(), mounts.rend());
  all.insert(all.end(), caches.rbegin(), caches.rend());
  if (all.empty()) return;
  as_root(plan,
          fmt::format("for p in {}; do p=\"${{p%/}}\"; rm -rf -- \"$p\" || exit 1; if [ -e \"$p.blubber-aside\" ] || "
                      "[ -L \"$p.blubber-aside\" ]; then mv -- \"$p.blubber-aside\" \"$p\" || exit 1; fi; done",
                      in_words(all)),
          custom.mark);
}

void warn_of_old_paths(StagePlan& plan, const Custom& custom) {
  const auto speaks_of_it = [](const std::string& text) { return text.find("/opt/lib/python") != std::string::npos; };
  const bool speaks = (custom.script && speaks_of_it(custom.script->value)) ||
                      (custom.command && std::ranges::any_of(custom.command->value.words, speaks_of_it));
  if (speaks)
    plan.report.warning(custom.mark, "nothing is in /opt/lib/python any more: packages are in the virtual environment",
                        plan.path("builder"));
}

}  // namespace

void plan_custom(StagePlan& plan, const Custom& custom) {
  copy_requirements(plan, custom.requirements);
  if (!has_script(custom) && (!custom.command || command_text(custom.command->value).empty())) return;
  warn_of_old_paths(plan, custom);

  // What BuildKit cannot mount, because of its path, takes the classic form there, too.
  std::vector<RunMount> native;
  std::vector<Cache> caches;
  std::vector<Mount> mounts;
  if (custom.caches) {
    for (const auto& cache : custom.caches->value) {
      auto mount = plan.is_for_buildkit() ? buildkit_cache(plan, cache) : std::nullopt;
      if (mount) native.push_back(std::move(*mount));
      else caches.push_back(cache);
      if (!mount && plan.is_for_buildkit())
        plan.report.warning(cache.mark,
                            fmt::format("the cache '{}' is emptied after the build: its path cannot stand in a "
                                        "RUN --mount",
                                        text::printable(cache.destination)),
                            plan.path("builder.caches"));
    }
  }
  if (custom.mounts) {
    for (const auto& mount : custom.mounts->value) {
      auto bind = plan.is_for_buildkit() ? buildkit_bind(plan, mount) : std::nullopt;
      if (bind) native.push_back(std::move(*bind));
      else mounts.push_back(mount);
    }
  }
  auto mounted = placed(plan, mounts);
  const auto made = folders_of(plan, caches, mounted.directory);
  auto job = job_of(custom, made);
  set_aside(plan, made, mounted.folders, custom);
  for (auto& copy : mounted.copies) plan.add(std::move(copy));
  if (mounted.moved) plan.add(Workdir{mounted.directory});
  plan.add(Run{std::move(job.text), std::move(job.arguments), custom.mark, std::move(native)});
  if (mounted.moved) plan.add(Workdir{lives_in(plan.variant)});
  put_back(plan, made, mounted.folders, custom);
}

}  // namespace slipway::blubber
