// SPDX-License-Identifier: Apache-2.0
#include "watchdog.hpp"

#include "core/error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX wants it declared by its user

namespace slipway::pipeline_test {

namespace {

constexpr char all_clean = 'c';

/// CI systems find the processes of a job by variables in /proc/PID/environ, and kill them all at its
/// end. That memory is ours to clear.
void forget_environment() {
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
    std::memset(*variable, 0, std::strlen(*variable));
  environ = nullptr;
}

void leave_the_job(int pipe) {
  ::setsid();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
  // stdout above all: the next program of the pipe waits for its end.
  const int null = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; ++fd) ::dup2(null, fd);
  const int kept = ::fcntl(pipe, F_DUPFD, 3);
  if (kept != 3) ::dup2(kept, 3);
  ::close_range(4, ~0U, 0);
  forget_environment();
  ::prctl(PR_SET_NAME, "pt-watchdog", 0, 0, 0);
  if (::chdir("/") != 0) return;  // a folder that is to be removed would be held
}

[[noreturn]] void watch(const std::function<void(const io::Run&)>& clean_up) {
  char message = 0;
  ssize_t got = 0;
  do got = ::read(3, &message, 1);
  while (got < 0 && errno == EINTR);
  if (got == 1 && message == all_clean) ::_exit(0);
  io::Events nobody_looks;
  for (const auto pause : {0, 500, 2000, 5000, 15000}) {
    std::this_thread::sleep_for(std::chrono::milliseconds{pause});
    try {
      clean_up(io::Run{nobody_looks, {}, Deadline::in(std::chrono::minutes{2})});
    } catch (...) {  // NOLINT(bugprone-empty-catch): nobody is left to be told; the next round tries again
    }
  }
  ::_exit(0);
}

}  // namespace

Watchdog::Watchdog(const std::function<void(const io::Run&)>& clean_up) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(failure::bad_setup, fmt::format("no pipe: {}", std::strerror(errno)));
  const Fd read_end(ends[0]);
  pipe_ = Fd(ends[1]);
  pid_ = ::fork();
  if (pid_ < 0) throw Error(failure::bad_setup, fmt::format("no process: {}", std::strerror(errno)));
  if (pid_ == 0) {
    leave_the_job(read_end.get());
    watch(clean_up);
  }
}

Watchdog::~Watchdog() { pipe_.reset(); }

void Watchdog::dismiss() {
  if (!pipe_.open()) return;
  (void)!::write(pipe_.get(), &all_clean, 1);
  pipe_.reset();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace slipway::pipeline_test
