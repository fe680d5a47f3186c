// SPDX-License-Identifier: Apache-2.0
// A mirror is a bare repository under a name made of its URL, with a file beside git's own that says which refs were
// fetched when. What a fetch that was killed leaves behind is never taken for more than it is: git moves finished packs
// into place by renaming them, only refs that a finished fetch wrote are believed, and locks of the dead are removed by
// whoever holds the mirror's own lock next, which the kernel gives back when the last process of a fetch is gone.
#include "git/mirror.hpp"

#include "core/fs.hpp"
#include "core/text.hpp"
#include "git/handle.hpp"
#include "git/remote.hpp"
#include "process/spawn.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

namespace slipway::git {

namespace {

namespace files = std::filesystem;
using Clock = std::chrono::system_clock;
using nlohmann::json;

constexpr std::string_view state_name = "slipway.json";
constexpr std::string_view detached_head = "refs/slipway/head";
constexpr std::size_t most_packs = 50;
constexpr std::chrono::milliseconds poll_interval{50};

std::string hash_of(std::string_view url) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(url.data(), url.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw Error(failure::internal, "OpenSSL has no SHA-256");
  std::string out;
  for (unsigned i = 0; i < length; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

[[noreturn]] void fail_write(const files::path& path, int code) {
  const auto what = fmt::format("cannot write the cache {}: {}", path.string(), std::generic_category().message(code));
  if (code == ENOSPC || code == EDQUOT)
    throw Error(failure::write_failed, what, "config-get cache prune, or set XDG_CACHE_HOME to where there is room");
  throw Error(failure::cannot_create, what, "--offline reads what is there; XDG_CACHE_HOME names another place");
}

/// Whole or not at all, and not synced: what a crash of the machine takes is fetched again.
void write_whole(const files::path& path, std::string_view content) {
  const auto temporary = files::path(path.string() + ".new");
  {
    const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.open()) fail_write(path.parent_path(), errno);
    std::size_t done = 0;
    while (done < content.size()) {
      const auto wrote = ::write(file.get(), content.data() + done, content.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) fail_write(path.parent_path(), errno);
      done += static_cast<std::size_t>(wrote);
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) fail_write(path.parent_path(), errno);
}

/// What is known of a mirror: when each base was fetched, and as which ref.
class State {
 public:
  static State of(const files::path& mirror) {
    State state;
    std::error_code fault;
    if (!files::exists(mirror / state_name, fault)) return state;
    state.document_ = json::parse(fs::read_file(mirror / state_name), nullptr, false);
    if (!state.document_.is_object()) state.document_ = json::object();
    return state;
  }

  [[nodiscard]] bool empty() const { return !document_.contains("url"); }
  [[nodiscard]] std::string url() const { return document_.value("url", ""); }
  void set_url(const std::string& url) { document_["url"] = url; }

  [[nodiscard]] std::optional<Clock::time_point> fetched(const std::string& base) const {
    const auto refs = document_.find("refs");
    if (refs == document_.end() || !refs->is_object()) return std::nullopt;
    const auto one = refs->find(key_of(base));
    if (one == refs->end() || !one->is_number_integer()) return std::nullopt;
    return Clock::time_point(std::chrono::milliseconds(one->get<std::int64_t>()));
  }
  void set_fetched(const std::string& base, Clock::time_point when) {
    document_["refs"][key_of(base)] =
        std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
  }
  [[nodiscard]] std::vector<std::string> bases() const {
    std::vector<std::string> out;
    if (const auto refs = document_.find("refs"); refs != document_.end())
      for (const auto& [name, when] : refs->items()) out.push_back(name);
    return out;
  }

  void write(const files::path& mirror) const { write_whole(mirror / state_name, document_.dump()); }

 private:
  static std::string key_of(const std::string& base) { return base.empty() ? "HEAD" : base; }
  json document_ = json::object();
};

/// One fetcher for each mirror. The lock is on a file beside it, so that the mirror itself can come and go.
class MirrorLock {
 public:
  /// @param wait none: only if it is free
  static std::optional<MirrorLock> take(const files::path& file, std::chrono::milliseconds wait, const io::Run& run) {
    Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.open()) fail_write(file.parent_path(), errno);
    struct flock all {};
    all.l_type = F_WRLCK;
    all.l_whence = SEEK_SET;
    const auto until = std::chrono::steady_clock::now() + wait;
    bool told = false;
    // Of the open file, not of the process: git and ssh below us hold it as long as they live.
    while (::fcntl(fd.get(), F_OFD_SETLK, &all) != 0) {
      if (errno != EAGAIN && errno != EACCES && errno != EINTR) fail_write(file, errno);
      if (std::chrono::steady_clock::now() >= until) return std::nullopt;
      if (!told) run.events.detail("another run fetches; waiting for it");
      told = true;
      run.check();
      std::this_thread::sleep_for(poll_interval);
    }
    return MirrorLock(std::move(fd));
  }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit MirrorLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

bool is_lock_of_git(const files::path& path) { return path.extension() == ".lock"; }

/// Locks, half packs and half mirrors of runs that are gone. Only for who holds the mirror's lock.
void sweep(const files::path& mirror) {
  std::error_code fault;
  for (const auto& entry : files::directory_iterator(mirror.parent_path(), fault))
    if (entry.path().filename().string().starts_with(mirror.filename().string() + ".tmp"))
      files::remove_all(entry.path(), fault);
  if (!files::exists(mirror, fault)) return;
  std::vector<files::path> dead;
  for (const auto& entry : files::directory_iterator(mirror, fault))
    if (is_lock_of_git(entry.path())) dead.push_back(entry.path());
  for (const auto& entry : files::recursive_directory_iterator(mirror / "refs", fault))
    if (is_lock_of_git(entry.path())) dead.push_back(entry.path());
  for (const auto& entry : files::recursive_directory_iterator(mirror / "objects", fault)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("tmp_") || name.starts_with("incoming-") || is_lock_of_git(entry.path()))
      dead.push_back(entry.path());
  }
  for (const auto& path : dead) files::remove_all(path, fault);
}

std::size_t packs_of(const files::path& mirror) {
  std::error_code fault;
  std::size_t count = 0;
  for (const auto& entry : files::directory_iterator(mirror / "objects" / "pack", fault))
    if (entry.path().extension() == ".pack") ++count;
  return count;
}

bool is_shallow(const files::path& mirror) {
  std::error_code fault;
  return files::exists(mirror / "shallow", fault) && files::file_size(mirror / "shallow", fault) > 0;
}

/// The mirror, if what `wanted` means is whole in it.
std::optional<Repository> usable(const files::path& mirror, const std::string& url, std::string_view revision,
                                 bool history) {
  std::error_code fault;
  if (!files::exists(mirror / "objects", fault)) return std::nullopt;
  auto repository = Repository::open_mirror(mirror, url);
  if (history && is_shallow(mirror)) return std::nullopt;
  try {
    static_cast<void>(repository.resolve(revision));
  } catch (const Error& error) {
    if (error.failure().id != failure::not_found.id && error.failure().id != failure::unreachable.id) throw;
    return std::nullopt;
  }
  ::utimensat(AT_FDCWD, (mirror / state_name).c_str(), nullptr, 0);  // for prune; a read-only cache may refuse
  return repository;
}

/// One mirror, while its lock is held.
class Fetcher {
 public:
  Fetcher(files::path mirror, RemoteUrl url, const Mirrors::Environment& env, const io::Run& run, int lock)
      : mirror_(std::move(mirror)), url_(std::move(url)), env_(env), run_(run), lock_(lock) {}

  void bring(const Wanted& wanted, bool history) {
    sweep(mirror_);
    ensure();
    auto state = State::of(mirror_);
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
    process::Command command{.argv = {"git", "init", "--quiet", "--bare", "--template=", "--initial-branch=slipway-none",
                                      "--", half.string()},
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
    std::vector<std::string> words{"fetch",           "--quiet",
                                   "--no-tags",       "--no-write-fetch-head",
                                   "--update-head-ok", "--no-auto-maintenance",
                                   "--force",         "--no-recurse-submodules"};
    const bool shallow = is_shallow(mirror_);
    // A mirror that has history keeps it: a depth would cut it off.
    if (history && shallow) words.emplace_back("--unshallow");
    else if (!history && (shallow || packs_of(mirror_) == 0)) words.emplace_back("--depth=1");
    words.emplace_back("--");
    words.push_back(url_.text);
    words.insert(words.end(), refspecs.begin(), refspecs.end());
    const auto begun = std::chrono::steady_clock::now();
    static_cast<void>(git(std::move(words)));
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
    run_.events.detail(fmt::format("fetched {} in {}", url_.text, text::show_duration(took)));
  }

  static std::string local_name(const std::string& ref) {
    return ref == "HEAD" ? std::string(detached_head) : ref;
  }

  [[nodiscard]] std::string id_here(const std::string& ref) const {
    git_repository* handle = nullptr;
    if (git_repository_open_bare(&handle, mirror_.c_str()) != 0) return {};
    const RepositoryHandle owner(handle);
    git_oid oid{};
    if (git_reference_name_to_id(&oid, handle, ref.c_str()) != 0) return {};
    git_object* object = nullptr;
    if (git_object_lookup(&object, handle, &oid, GIT_OBJECT_ANY) != 0) return {};
    const ObjectHandle found(object);
    return id_of(oid).hex();
  }

  void point_head(const std::string& ref) const {
    const auto wanted = fmt::format("ref: {}\n", local_name(ref));
    if (fs::read_file(mirror_ / "HEAD") != wanted) write_whole(mirror_ / "HEAD", wanted);
  }

  /// Nothing in it asks anybody anything, tries a credential a second time, or says it in another language.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const {
    std::vector<std::pair<std::string, std::string>> out{
        {"LC_ALL", "C"},           {"GIT_TERMINAL_PROMPT", "0"},
        {"GIT_ASKPASS", "false"},  {"SSH_ASKPASS_REQUIRE", "never"},
        {"GCM_INTERACTIVE", "0"},  {"GIT_ALLOW_PROTOCOL", "https:http:ssh:git"},
        {"GIT_OPTIONAL_LOCKS", "0"}};
    std::vector<std::pair<std::string, std::string>> settings{
        {"http.lowSpeedLimit", "100"}, {"http.lowSpeedTime", "30"}, {"transfer.fsckObjects", "false"},
        {"gc.auto", "0"},              {"credential.interactive", "false"}};
    if (!url_.username.empty() || !url_.password.empty()) {
      // The first empty value forgets the helpers that the user has: the URL's own credentials are the only ones.
      settings.emplace_back("credential.helper", "");
      settings.emplace_back("credential.helper", "!f() { test \"$1\" = get && cat /dev/fd/3; }; f");
    }
    std::size_t count = 0;
    if (const auto known = env_("GIT_CONFIG_COUNT"); known && !known->empty() && known->size() < 4 &&
                                                    known->find_first_not_of("0123456789") == std::string::npos)
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
    std::vector<std::string> argv{"env", "-u", "GIT_DIR", "-u", "GIT_WORK_TREE", "-u", "GIT_INDEX_FILE",
                                  "-u", "GIT_OBJECT_DIRECTORY", "-u", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                  "-u", "GIT_QUARANTINE_PATH", "-u", "GIT_NAMESPACE", "git",
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

void make_cache(const files::path& cache) {
  std::error_code fault;
  files::create_directories(cache, fault);
  if (fault) fail_write(cache, fault.value());
}

Mirror described(const files::path& path) {
  Mirror out;
  out.path = path;
  const auto state = State::of(path);
  out.url = state.url();
  out.refs = state.bases();
  struct stat info {};
  if (::stat((path / state_name).c_str(), &info) == 0) out.used = Clock::from_time_t(info.st_mtime);
  std::error_code fault;
  for (const auto& entry : files::recursive_directory_iterator(path, fault))
    if (entry.is_regular_file(fault)) out.bytes += entry.file_size(fault);
  return out;
}

}  // namespace

Mirrors::Mirrors(MirrorPolicy policy, Environment env, const io::Run& run)
    : policy_(policy), env_(std::move(env)), run_(run) {}

files::path Mirrors::cache() const {
  if (const auto set = env_("XDG_CACHE_HOME"); set && set->starts_with('/')) return files::path(*set) / "config-get";
  if (const auto home = env_("HOME"); home && !home->empty()) return files::path(*home) / ".cache" / "config-get";
  throw Error(failure::bad_setup, "neither XDG_CACHE_HOME nor HOME says where registries of other hosts are kept");
}

Repository Mirrors::open(const std::string& location, std::string_view revision, bool history) const {
  const auto url = parse_remote(location);
  const auto wanted = parse_revision(revision);
  const bool with_history = history || wanted.history;
  const auto name = hash_of(url.text);
  const auto cache = this->cache();
  const auto mirror = cache / (name + ".git");
  const auto begun = Clock::now();
  const auto fresh = [&](const State& state) {
    const auto fetched = state.fetched(wanted.base);
    return fetched && (*fetched >= begun || (policy_.max_age && begun - *fetched <= *policy_.max_age));
  };
  std::error_code fault;
  const bool there = files::exists(mirror, fault);
  // A commit is what it is for ever; anything else may have moved.
  if (there && (wanted.is_id || policy_.offline || fresh(State::of(mirror))))
    if (auto repository = usable(mirror, url.text, revision, with_history)) return std::move(*repository);
  if (policy_.offline)
    throw Error(failure::unreachable,
                there ? fmt::format("'{}' of {} was not fetched{} before, and this is --offline",
                                    revision.empty() ? "HEAD" : revision, url.text,
                                    with_history ? " with its history" : "")
                      : fmt::format("{} was never fetched, and this is --offline", url.text),
                "config-get fetch, while there is a connection");
  make_cache(cache);
  const auto lock = MirrorLock::take(cache / (name + ".lock"), policy_.lock_timeout, run_);
  if (!lock)
    throw Error(failure::busy, fmt::format("another run is still fetching {}", url.text),
                "--lock-timeout DURATION waits longer; --offline reads what is there");
  if (fresh(State::of(mirror)))  // whoever held the lock has done it
    if (auto repository = usable(mirror, url.text, revision, with_history)) return std::move(*repository);
  Fetcher(mirror, url, env_, run_, lock->fd()).bring(wanted, with_history);
  return Repository::open_mirror(mirror, url.text);
}

std::vector<Mirror> Mirrors::list() const {
  std::vector<Mirror> out;
  std::error_code fault;
  for (const auto& entry : files::directory_iterator(cache(), fault))
    if (entry.path().extension() == ".git") out.push_back(described(entry.path()));
  std::ranges::sort(out, {}, [](const Mirror& one) { return std::pair(one.url, one.path); });
  return out;
}

std::vector<Mirror> Mirrors::prune(std::chrono::milliseconds unused, bool dry) const {
  std::vector<Mirror> out;
  const auto cache = this->cache();
  const auto before = Clock::now() - unused;
  for (auto& one : list()) {
    const auto stem = one.path.stem().string();
    const bool unwanted = one.url.empty() || one.used <= before;
    if (dry) {
      if (unwanted) out.push_back(std::move(one));
      continue;
    }
    const auto lock = MirrorLock::take(cache / (stem + ".lock"), {}, run_);
    if (!lock) continue;
    sweep(one.path);
    if (!unwanted) continue;
    // Out of the way first: a reader that comes now finds no mirror, not half of one.
    const files::path away = one.path.string() + ".tmp-gone";
    if (::rename(one.path.c_str(), away.c_str()) != 0) fail_write(cache, errno);
    std::error_code fault;
    files::remove_all(away, fault);
    if (fault) fail_write(cache, fault.value());
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<std::pair<Mirror, std::string>> Mirrors::verify() const {
  std::vector<std::pair<Mirror, std::string>> out;
  for (auto& one : list()) {
    const auto outcome = process::run({.argv = {"git", "--git-dir=" + one.path.string(), "fsck", "--connectivity-only",
                                                "--no-dangling", "--no-progress"},
                                       .env = {{"LC_ALL", "C"}}},
                                      run_);
    if (!outcome.ok()) out.emplace_back(std::move(one), text::printable(text::trim(outcome.err_tail + outcome.out)));
    else if (one.url.empty()) out.emplace_back(std::move(one), "a fetch into it was never finished");
  }
  return out;
}

}  // namespace slipway::git
