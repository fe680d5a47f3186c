// SPDX-License-Identifier: Apache-2.0
#include "process/spawn.hpp"

#include "core/error.hpp"
#include "core/text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace slipway::process {

namespace {

using Clock = Deadline::Clock;

constexpr std::size_t longest_line = 64U << 10U;  // a line without end must not become our memory's end

[[noreturn]] void fail(const char* what, int error) {
  throw Error(failure::internal, fmt::format("cannot {}: {}", what, std::strerror(error)));
}

/// `content` as a file in memory, positioned at its start. `above` keeps the descriptor clear of the
/// numbers that the child is to see.
Fd memory_file(std::string_view content, int above) {
  const Fd file(::memfd_create("input", MFD_CLOEXEC));
  if (!file.open()) fail("make a file in memory", errno);
  fs::write_all(file.get(), content, "a file in memory");
  ::lseek(file.get(), 0, SEEK_SET);
  Fd moved(::fcntl(file.get(), F_DUPFD_CLOEXEC, above));
  if (!moved.open()) fail("duplicate a descriptor", errno);
  return moved;
}

struct Pipe {
  Fd read;
  Fd write;
};

Pipe make_pipe(int above) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("make a pipe", errno);
  Pipe made{Fd(ends[0]), Fd(ends[1])};
  made.write = Fd(::fcntl(made.write.get(), F_DUPFD_CLOEXEC, above));
  if (!made.write.open()) fail("duplicate a descriptor", errno);
  // Only our end: the child would see O_NONBLOCK on its own.
  ::fcntl(made.read.get(), F_SETFL, O_NONBLOCK);
  return made;
}

/// posix_spawn's two argument objects, freed on every way out.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t set;
    ::sigemptyset(&set);
    ::posix_spawnattr_setsigmask(&attributes_, &set);
    // We ignore SIGPIPE; a child that inherits this would write into a closed pipe for ever.
    ::sigaddset(&set, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes_, &set);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  void give(int ours, int theirs) { checked(::posix_spawn_file_actions_adddup2(&actions_, ours, theirs)); }
  void open_null(int theirs) {
    checked(::posix_spawn_file_actions_addopen(&actions_, theirs, "/dev/null", O_RDONLY, 0));
  }
  /// @source posix_spawn_file_actions_addtcsetpgrp_np, glibc 2.35
  void take_terminal(int terminal) { checked(::posix_spawn_file_actions_addtcsetpgrp_np(&actions_, terminal)); }
  void close(int theirs) { checked(::posix_spawn_file_actions_addclose(&actions_, theirs)); }
  void close_from(int theirs) { checked(::posix_spawn_file_actions_addclosefrom_np(&actions_, theirs)); }
  void change_directory(const std::string& to) {
    checked(::posix_spawn_file_actions_addchdir_np(&actions_, to.c_str()));
  }

  [[nodiscard]] int start(pid_t& pid, const std::string& program, std::vector<std::string> argv,
                          std::vector<std::string> env) const {
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> list;
      list.reserve(texts.size() + 1);
      for (auto& one : texts) list.push_back(one.data());
      list.push_back(nullptr);
      return list;
    };
    auto arguments = pointers(argv);
    auto environment = pointers(env);
    return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, arguments.data(), environment.data());
  }

 private:
  static void checked(int error) {
    if (error != 0) fail("prepare a child process", error);
  }
  ::posix_spawn_file_actions_t actions_{};
  ::posix_spawnattr_t attributes_{};
};

/// Puts our own process group in front of the terminal again, on every way out.
class Terminal {
 public:
  Terminal() : ours_(::tcgetpgrp(STDIN_FILENO)) {}
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (ours_ < 0) return;
    // From the background this would stop us with SIGTTOU.
    sigset_t set;
    sigset_t before;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGTTOU);
    ::pthread_sigmask(SIG_BLOCK, &set, &before);
    ::tcsetpgrp(STDIN_FILENO, ours_);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

 private:
  pid_t ours_;
};

/// A child that is killed with its group and reaped when it goes out of scope.
class Child {
 public:
  // By number: glibc 2.36 declares pidfd_open without C linkage.
  explicit Child(pid_t pid) : pid_(pid), exited_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {
    if (!exited_.open()) {
      const int error = errno;
      reap();
      fail("watch a child process", error);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) reap();
  }

  [[nodiscard]] int exited() const { return exited_.get(); }  ///< readable once it has ended
  /// The pid stays ours until it is reaped, so this can never hit a stranger.
  void signal(int number) const { ::kill(-pid_, number); }

  siginfo_t reap() {
    signal(SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) {
    }
    pid_ = -1;
    return info;
  }

 private:
  pid_t pid_;
  Fd exited_;
};

/// Cuts a stream into lines for a callback.
class Lines {
 public:
  explicit Lines(const std::function<void(std::string_view)>& call) : call_(&call) {}

  void add(std::string_view bytes) {
    if (!*call_) return;
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      rest_ += bytes.substr(0, end);
      if (end == std::string_view::npos) {
        if (rest_.size() >= longest_line) emit();
        return;
      }
      emit();
      bytes.remove_prefix(end + 1);
    }
  }
  void finish() {
    if (!rest_.empty()) emit();
  }

 private:
  void emit() {
    const auto line = std::exchange(rest_, {});
    std::string_view view = line;
    if (view.ends_with('\r')) view.remove_suffix(1);
    (*call_)(view);
  }
  const std::function<void(std::string_view)>* call_;
  std::string rest_;
};

/// Both output pipes of a child.
class Outputs {
 public:
  Outputs(const Command& command, Fd out, Fd err, Outcome& into)
      : command_(&command), into_(&into), out_(std::move(out)), err_(std::move(err)), out_lines_(command.on_out),
        err_lines_(command.on_err) {}

  [[nodiscard]] int out() const { return out_.get(); }
  [[nodiscard]] int err() const { return err_.get(); }
  [[nodiscard]] bool open() const { return out_.open() || err_.open(); }

  void read_out() {
    drain(out_, [this](std::string_view bytes) {
      out_lines_.add(bytes);
      if (command_->keep == 0) return;
      if (into_->out.size() + bytes.size() > command_->keep)
        throw Error(failure::bad_input,
                    fmt::format("'{}' printed more than {}", command_->argv.front(), text::show_size(command_->keep)));
      into_->out += bytes;
    });
  }
  void read_err() {
    drain(err_, [this](std::string_view bytes) {
      err_lines_.add(bytes);
      auto& tail = into_->err_tail;
      tail += bytes;
      // Cut rarely, or each small write of a talkative child would move the whole tail.
      if (tail.size() > 2 * command_->tail) tail.erase(0, tail.size() - command_->tail);
    });
  }
  void finish() {
    out_lines_.finish();
    err_lines_.finish();
    if (into_->err_tail.size() > command_->tail) into_->err_tail.erase(0, into_->err_tail.size() - command_->tail);
  }

 private:
  template <typename Take>
  static void drain(Fd& from, Take&& take) {
    std::array<char, 64U << 10U> piece{};
    const auto got = ::read(from.get(), piece.data(), piece.size());
    if (got > 0) return take(std::string_view(piece.data(), static_cast<std::size_t>(got)));
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    from.reset();
  }

  const Command* command_;
  Outcome* into_;
  Fd out_;
  Fd err_;
  Lines out_lines_;
  Lines err_lines_;
};

const char* variable(const std::vector<std::pair<std::string, std::string>>& env, const char* name) {
  const auto found = std::ranges::find(env, name, &std::pair<std::string, std::string>::first);
  return found != env.end() ? found->second.c_str() : std::getenv(name);
}

std::string program_of(const Command& command) {
  const auto& name = command.argv.at(0);
  // The child changes its directory before it looks, so a relative path has to be ours.
  if (name.find('/') != std::string::npos) return std::filesystem::absolute(name).string();
  const char* path = variable(command.env, "PATH");
  if (const auto found = find_program(name, path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin"))
    return found->string();
  throw Error(failure::bad_setup, fmt::format("there is no program '{}' on PATH", name));
}

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    const auto name = line.substr(0, line.find('='));
    if (std::ranges::none_of(command.env, [&](const auto& own) { return own.first == name; })) all.emplace_back(line);
  }
  for (const auto& [name, value] : command.env) all.push_back(fmt::format("{}={}", name, value));
  return all;
}

/// Why the run has to end before the child does.
enum class Cut { none, stopped, timed_out };

/// Where the time of a child that is to die stands: SIGTERM was sent, SIGKILL follows at `kill_at`.
struct Dying {
  Cut why = Cut::none;
  Clock::time_point kill_at;
};

int wait_time(const io::Run& run, const Dying& dying, std::optional<Clock::time_point> drained_by) {
  auto wait = run.deadline.left(std::chrono::hours{1});
  const auto until = [&wait](Clock::time_point at) {
    wait =
        std::clamp(std::chrono::ceil<std::chrono::milliseconds>(at - Clock::now()), std::chrono::milliseconds{0}, wait);
  };
  if (dying.why != Cut::none) {
    wait = std::chrono::hours{1};
    until(dying.kill_at);
  }
  if (drained_by) until(*drained_by);
  return static_cast<int>(wait.count());
}

/// Reads until the child has ended and its pipes are closed. A grandchild may hold them open for
/// ever, so after the child's end they get a short time only.
Cut attend(const Command& command, const io::Run& run, const Child& child, Outputs& outputs) {
  constexpr auto drain_time = std::chrono::milliseconds{500};
  Dying dying;
  std::optional<Clock::time_point> drained_by;
  while (!drained_by || (outputs.open() && Clock::now() < *drained_by)) {
    if (dying.why == Cut::none && !drained_by) {
      if (run.stop.requested()) dying.why = Cut::stopped;
      else if (run.deadline.passed()) dying.why = Cut::timed_out;
      if (dying.why != Cut::none) {
        child.signal(SIGTERM);
        dying.kill_at = Clock::now() + command.grace;
      }
    } else if (dying.why != Cut::none && Clock::now() >= dying.kill_at) {
      child.signal(SIGKILL);
      dying.kill_at = Clock::now() + std::chrono::hours{1};
    }
    std::array<pollfd, 4> polled{pollfd{outputs.out(), POLLIN, 0}, pollfd{outputs.err(), POLLIN, 0},
                                 pollfd{drained_by ? -1 : child.exited(), POLLIN, 0},
                                 pollfd{dying.why == Cut::none && !drained_by ? run.stop.fd() : -1, POLLIN, 0}};
    if (::poll(polled.data(), polled.size(), wait_time(run, dying, drained_by)) < 0) {
      if (errno == EINTR) continue;
      fail("wait for a child process", errno);
    }
    if (polled[0].revents != 0) outputs.read_out();
    if (polled[1].revents != 0) outputs.read_err();
    if (polled[2].revents != 0) drained_by = Clock::now() + drain_time;
  }
  return dying.why;
}

}  // namespace

std::string Outcome::how() const {
  if (signal == 0) return fmt::format("exit status {}", status);
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? fmt::format("killed by SIG{}", name) : fmt::format("killed by signal {}", signal);
}

Outcome run(const Command& command, const io::Run& run) {
  if (command.argv.empty()) throw Error(failure::internal, "a child process without a program");
  run.check();
  const auto program = program_of(command);

  int above = 3;
  for (const auto& [number, content] : command.fd_inputs) above = std::max(above, number + 1);
  SpawnPlan plan;
  std::vector<Fd> inputs;
  const auto give_content = [&](std::string_view content, int number) {
    inputs.push_back(memory_file(content, above));
    plan.give(inputs.back().get(), number);
  };
  std::optional<Terminal> terminal;
  if (command.at_terminal) {
    terminal.emplace();
    plan.take_terminal(STDIN_FILENO);
  } else if (command.input.empty()) plan.open_null(STDIN_FILENO);
  else give_content(command.input, STDIN_FILENO);
  for (const auto& [number, content] : command.fd_inputs) give_content(content, number);
  for (const int held : command.held) {
    inputs.emplace_back(::fcntl(held, F_DUPFD_CLOEXEC, above + static_cast<int>(command.held.size())));
    if (!inputs.back().open()) fail("duplicate a descriptor", errno);
    plan.give(inputs.back().get(), above++);
  }
  auto out = make_pipe(above);
  auto err = make_pipe(above);
  plan.give(out.write.get(), STDOUT_FILENO);
  if (!command.at_terminal) plan.give(err.write.get(), STDERR_FILENO);
  // What our own caller handed us (a token on descriptor 3) is not for the child.
  const int first_held = above - static_cast<int>(command.held.size());
  for (int number = 3; number < first_held; ++number)
    if (std::ranges::find(command.fd_inputs, number, &std::pair<int, std::string>::first) == command.fd_inputs.end())
      plan.close(number);
  plan.close_from(above);
  if (command.directory) plan.change_directory(command.directory->string());

  pid_t pid = -1;
  if (const int error = plan.start(pid, program, command.argv, environment_of(command)); error != 0)
    throw Error(failure::bad_setup, fmt::format("cannot run '{}': {}", command.argv.front(), std::strerror(error)));
  Child child(pid);
  out.write.reset();
  err.write.reset();
  inputs.clear();

  Outcome outcome;
  Outputs outputs(command, std::move(out.read), std::move(err.read), outcome);
  const auto cut = attend(command, run, child, outputs);
  const auto info = child.reap();
  outputs.finish();
  if (cut == Cut::stopped) run.stop.check();
  if (cut == Cut::timed_out)
    throw Error(failure::timed_out, fmt::format("the time limit ran out while '{}' was running", command.argv.front()));
  if (info.si_code == CLD_EXITED) outcome.status = info.si_status;
  else outcome.signal = info.si_status;
  return outcome;
}

std::optional<std::filesystem::path> find_program(const std::string& name, std::string_view path) {
  const auto runnable = [](const std::filesystem::path& file) {
    struct stat status{};
    return ::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos)
    return runnable(name) ? std::optional(std::filesystem::path(name)) : std::nullopt;
  for (const auto& folder : text::split(path, ':')) {
    // An empty entry means the current directory to the shell: a trap that we do not follow.
    if (folder.empty()) continue;
    if (auto file = std::filesystem::path(folder) / name; runnable(file)) return file;
  }
  return std::nullopt;
}

}  // namespace slipway::process
