// SPDX-License-Identifier: Apache-2.0
// Runs a program and appends what it cost to the file $BENCH_RECORD, one line of tabs:
//   LABEL  CALLER  PROGRAM  WALL_US  CPU_US  STATUS
// Called by its own name, it runs its arguments as one step of a benchmark and charges the step with all that it
// leaves running for a moment, too (it is their reaper). Called through a link of another name (git, helm), it
// runs the program of that name from $BENCH_PATH and records it under the step. CPU is user + system of the
// program and of all that it waited for; LABEL is $BENCH_LABEL, CALLER the recorded program that called.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { leftovers_ms = 3000 };

static volatile sig_atomic_t child;

static void forward(int number) {
  if (child > 0) kill(child, number);
}

static long long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static long long cpu_us(const struct rusage* r) {
  return (r->ru_utime.tv_sec + r->ru_stime.tv_sec) * 1000000LL + r->ru_utime.tv_usec + r->ru_stime.tv_usec;
}

static const char* setting(const char* name, const char* otherwise) {
  const char* value = getenv(name);
  return value && *value ? value : otherwise;
}

static void run(const char* name, char** argv, pid_t caller) {
  // Whoever kills this process means the program.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != caller) _exit(137);
  char file[4096];
  const char* at = setting("BENCH_PATH", "");
  while (name && *at) {
    const size_t length = strcspn(at, ":");
    if (snprintf(file, sizeof file, "%.*s/%s", (int)length, at, name) < (int)sizeof file) {
      setenv("BENCH_CALLER", name, 1);
      execv(file, argv);
    }
    at += length + (at[length] == ':');
  }
  if (!name) execvp(argv[0], argv);
  fprintf(stderr, "recorder: cannot run %s: %s\n", name ? name : argv[0], strerror(errno));
  _exit(127);
}

/// Waits for what the step's processes have left behind; false when some of it still runs.
static int reap_leftovers(void) {
  for (int waited = 0; waited < leftovers_ms; waited += 5) {
    pid_t got;
    while ((got = waitpid(-1, NULL, WNOHANG)) > 0) {}
    if (got < 0) return 1;
    usleep(5000);
  }
  return 0;
}

int main(int argc, char** argv) {
  const char* own = basename(strdup(argv[0]));
  const int is_step = strcmp(own, "recorder") == 0;
  if (is_step && argc < 2) {
    fputs("usage: recorder COMMAND [ARG...]\n", stderr);
    return 64;
  }
  if (is_step) prctl(PR_SET_CHILD_SUBREAPER, 1);

  const pid_t self = getpid();
  const long long begun = now_us();
  const pid_t pid = fork();
  if (pid == 0) run(is_step ? NULL : own, argv + is_step, self);
  if (pid < 0) return 71;
  child = pid;
  // The next program of a pipe waits until nobody holds its other end: a program may close it long before it ends.
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; ++i) {
    if (signal(forwarded[i], forward) == SIG_IGN) signal(forwarded[i], SIG_IGN);
  }

  int status = 0;
  struct rusage used;
  while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR) {}
  const long long wall = now_us() - begun;
  child = 0;
  const char* end = "";
  if (is_step) {
    if (!reap_leftovers()) end = "+"; // its CPU is not in the figure
    getrusage(RUSAGE_CHILDREN, &used);
  }

  char line[1024];
  const int length = snprintf(line, sizeof line, "%s\t%s\t%s\t%lld\t%lld\t%d%s\n", setting("BENCH_LABEL", "-"),
                              is_step ? "-" : setting("BENCH_CALLER", "step"), is_step ? "step" : own, wall,
                              cpu_us(&used), WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), end);
  const int file = open(setting("BENCH_RECORD", "/dev/null"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || write(file, line, (size_t)length) != length) perror("recorder: $BENCH_RECORD");

  if (WIFSIGNALED(status)) { // die of it, too: the caller may look at that
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
