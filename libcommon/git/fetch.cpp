// SPDX-License-Identifier: Apache-2.0
#include "git/fetch.hpp"

#include "core/fs.hpp"
#include "core/text.hpp"
#include "git/handle.hpp"
#include "git/mirror_files.hpp"
#include "process/spawn.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace slipway::git {

namespace {

namespace files = std::filesystem;
using Clock = std::chrono::system_clock;

constexpr std::string_view detached_head = "refs/slipway/head";
constexpr std::size_t most_packs = 50;

/// One mirror, while its lock is held.
class Fetcher {
 public:
  Fetcher(files::path mirror, RemoteUrl url, const Mirrors::Environment& env, const io::Run& run, int lock)
      : mirror_(std::move(mirror)), url_(std::move(url)), env_(env), run_(run), lock_(lock) {}

  void bring(const Wanted& wanted, bool history) {
    sweep(mirror_);
    ensure();
    auto state = MirrorState::of(mirror_);
    const auto now = Clock::now();
    if (wanted.is_id) {
      fetch_id(wanted, history);
    } else {
      const auto advertised = ask(patterns_for(wanted));
      if (advertised.refs.empty() && wanted.base.empty())
        throw Error(failure::not_found, fmt::format("{} has no commit yet", url_.text));
      if (const auto ref = advertised.ref_for(wanted.base)) {
        fetch_ref(*ref, advertised.refs.at(*ref), history);
        if (wanted.base.empty()) point_head(*ref);
      } else {
        fetch_unknown(wanted, history);
      }
    }
    state.set_url(url_.text);
    state.set_fetched(wanted.base, now);
    state.write(mirror_);
    if (packs_of(mirror_) > most_packs) static_cast<void>(git({"repack", "-a", "-d", "-q"}));
  }

 private:
  void ensure() {
    std::error_code fault;
    if (files::exists(mirror_ / "objects", fault)) return;
    const files::path half = mirror_.string() + fmt::format(".tmp{}", ::getpid());
    process::Command command{.argv = {"git", "init", "--quiet", "--bare",
                                      "--template=", "--initial-branch=slipway-none", "--", half.string()},
                             .env = environment()};
    command.held.push_back(lock_);
    const auto outcome = process::run(command, run_);
    if (!outcome.ok()) {
      files::remove_all(half, fault);
      throw explain(outcome.err_tail);
    }
    if (::rename(half.c_str(), mirror_.c_str()) != 0) fail_write(mirror_.parent_path(), errno);
  }

  [[nodiscard]] Advertised ask(std::vector<std::string> patterns) const {
    std::vector<std::string> words{"ls-remote", "--symref", "--", url_.text};
    words.insert(words.end(), patterns.begin(), patterns.end());
    return parse_advertised(git(std::move(words)));
  }

  void fetch_ref(const std::string& ref, const std::string& id, bool history) const {
    const auto here = local_name(ref);
    if (id_here(here) == id && !(history && is_shallow(mirror_))) return;
    fetch({fmt::format("+{}:{}", ref, here)}, history);
  }

  void fetch_id(const Wanted& wanted, bool history) const {
    fetch({fmt::format("+{0}:refs/slipway/at/{0}", wanted.base)}, history);
  }

  /// A short id needs all that there is; a name that is not there is told with the nearest that is.
  void fetch_unknown(const Wanted& wanted, bool history) const {
    const auto all = ask({"refs/heads/*", "refs/tags/*"});
    if (!wanted.may_be_id) {
      const auto names = all.short_names();
      throw Error(failure::not_found, fmt::format("there is no branch or tag '{}' in {}{}", wanted.base, url_.text,
                                                  text::did_you_mean(wanted.base, names)));
    }
    static_cast<void>(history);
    fetch({"+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"}, true);
  }

  void fetch(const std::vector<std::string>& refspecs, bool history) const {
    std::vector<std::string> words{"fetch",
                                   "--quiet",
                                   "--no-tags",
                                   "--no-write-fetch-head",
                                   "--update-head-ok",
                                   "--no-auto-maintenance",
                                   "--force",
                                   "--no-recurse-submodules"};
    const bool shallow = is_shallow(mirror_);
    // A mirror that has history keeps it: a depth would cut it off.
    if (history && shallow) words.emplace_back("--unshallow");
    else if (!history && (shallow || packs_of(mirror_) == 0)) words.emplace_back("--depth=1");
    words.emplace_back("--");
    words.push_back(url_.text);
    words.insert(words.end(), refspecs.begin(), refspecs.end());
    const auto begun = std::chrono::steady_clock::now();
    static_cast<void>(git(std::move(words)));
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
    run_.events.detail(fmt::format("fetched {} in {}", url_.text, text::show_duration(took)));
  }

  static std::string local_name(const std::string& ref) { return ref == "HEAD" ? std::string(detached_head) : ref; }

  [[nodiscard]] std::string id_here(const std::string& ref) const {
    git_repository* handle = nullptr;
    if (lib().repository_open_bare(&handle, mirror_.c_str()) != 0) return {};
    const RepositoryHandle owner(handle);
    git_oid oid{};
    if (lib().reference_name_to_id(&oid, handle, ref.c_str()) != 0) return {};
    git_object* object = nullptr;
    if (lib().object_lookup(&object, handle, &oid, GIT_OBJECT_ANY) != 0) return {};
    const ObjectHandle found(object);
    return id_of(oid).hex();
  }

  void point_head(const std::string& ref) const {
    const auto wanted = fmt::format("ref: {}\n", local_name(ref));
    if (fs::read_file(mirror_ / "HEAD") != wanted) write_whole(mirror_ / "HEAD", wanted);
  }

  /// Nothing in it asks anybody anything, tries a credential a second time, or says it in another language.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const {
    std::vector<std::pair<std::string, std::string>> out{{"LC_ALL", "C"},
                                                         {"GIT_TERMINAL_PROMPT", "0"},
                                                         {"GIT_ASKPASS", "false"},
                                                         {"SSH_ASKPASS_REQUIRE", "never"},
                                                         {"GCM_INTERACTIVE", "0"},
                                                         {"GIT_ALLOW_PROTOCOL", "https:http:ssh:git"},
                                                         {"GIT_OPTIONAL_LOCKS", "0"}};
    std::vector<std::pair<std::string, std::string>> settings{{"http.lowSpeedLimit", "100"},
                                                              {"http.lowSpeedTime", "30"},
                                                              {"transfer.fsckObjects", "false"},
                                                              {"gc.auto", "0"},
                                                              {"credential.interactive", "false"}};
    if (!url_.username.empty() || !url_.password.empty()) {
      // The first empty value forgets the helpers that the user has: the URL's own credentials are the only ones.
      settings.emplace_back("credential.helper", "");
      settings.emplace_back("credential.helper", "!f() { test \"$1\" = get && cat /dev/fd/3; }; f");
    }
    std::size_t count = 0;
    if (const auto known = env_("GIT_CONFIG_COUNT");
        known && !known->empty() && known->size() < 4 && known->find_first_not_of("0123456789") == std::string::npos)
      count = std::stoul(*known);
    for (const auto& [key, value] : settings) {
      out.emplace_back(fmt::format("GIT_CONFIG_KEY_{}", count), key);
      out.emplace_back(fmt::format("GIT_CONFIG_VALUE_{}", count), value);
      ++count;
    }
    out.emplace_back("GIT_CONFIG_COUNT", std::to_string(count));
    if (url_.is_ssh) {
      auto command = env_("GIT_SSH_COMMAND").value_or("");
      if (command.empty()) command = env_("GIT_SSH").value_or("ssh");
      out.emplace_back("GIT_SSH_COMMAND", command + " -o BatchMode=yes -o StrictHostKeyChecking=yes"
                                                    " -o ConnectTimeout=20 -o ServerAliveInterval=15");
      out.emplace_back("GIT_SSH_VARIANT", "ssh");
    }
    return out;
  }

  std::string git(std::vector<std::string> words) const {
    // A hook's own repository is not the one that is meant.
    std::vector<std::string> argv{"env",
                                  "-u",
                                  "GIT_DIR",
                                  "-u",
                                  "GIT_WORK_TREE",
                                  "-u",
                                  "GIT_INDEX_FILE",
                                  "-u",
                                  "GIT_OBJECT_DIRECTORY",
                                  "-u",
                                  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                  "-u",
                                  "GIT_QUARANTINE_PATH",
                                  "-u",
                                  "GIT_NAMESPACE",
                                  "git",
                                  "--git-dir=" + mirror_.string()};
    argv.insert(argv.end(), words.begin(), words.end());
    process::Command command{.argv = std::move(argv), .env = environment()};
    if (!url_.username.empty() || !url_.password.empty())
      command.fd_inputs.emplace_back(3, fmt::format("username={}\npassword={}\n", url_.username, url_.password));
    command.held.push_back(lock_);
    const auto outcome = process::run(command, run_);
    if (outcome.signal != 0)
      throw Error(failure::unreachable, fmt::format("git was {} while it talked to {}", outcome.how(), url_.text));
    if (outcome.status == 127 && outcome.err_tail.find("No such file") != std::string::npos)
      throw Error(failure::bad_setup, "there is no git program, which fetches from other hosts", "apt-get install git");
    if (!outcome.ok()) throw explain(outcome.err_tail);
    return outcome.out;
  }

  [[nodiscard]] Error explain(const std::string& complaints) const {
    run_.events.detail("git: " + text::printable(text::trim(complaints)));
    if (is_unknown_host(complaints)) {
      auto error = explain_failure(url_, complaints);
      for (const auto& line : fingerprints()) error.add_place("it shows " + line);
      return error;
    }
    return explain_failure(url_, complaints);
  }

  /// What an unknown host shows as its keys, for a person to compare.
  [[nodiscard]] std::vector<std::string> fingerprints() const {
    std::vector<std::string> argv{"ssh-keyscan", "-T", "5"};
    if (!url_.port.empty()) argv.insert(argv.end(), {"-p", url_.port});
    argv.push_back(url_.host);
    try {
      const auto keys = process::run({.argv = std::move(argv)}, run_);
      if (keys.out.empty()) return {};
      const auto shown = process::run({.argv = {"ssh-keygen", "-l", "-f", "-"}, .input = keys.out}, run_);
      std::vector<std::string> out;
      for (const auto& line : text::split(shown.out, '\n'))
        if (!text::trim(line).empty()) out.push_back(text::printable(text::trim(line)));
      return out;
    } catch (const Error&) {
      run_.check();
      return {};  // what is known already is said all the same
    }
  }

  files::path mirror_;
  RemoteUrl url_;
  const Mirrors::Environment& env_;
  const io::Run& run_;
  int lock_;
};

}  // namespace

void bring(const files::path& mirror, const RemoteUrl& url, const Wanted& wanted, bool history,
           const Mirrors::Environment& env, const io::Run& run, int lock) {
  Fetcher(mirror, url, env, run, lock).bring(wanted, history);
}

}  // namespace slipway::git
