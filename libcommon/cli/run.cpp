// SPDX-License-Identifier: Apache-2.0
#include "cli/run.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "core/version.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace slipway::cli {

namespace {

/// The handler has no other way to reach the source; set once before the handlers are installed.
StopSource* stop_source = nullptr;

/// A closed stdin, stdout or stderr would be given to the next file or socket that is opened. In its
/// place comes one that reads as empty, and, for stdout, one that cannot be written: a failed write.
void keep_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // open() takes the lowest free number, which is this one.
    [[maybe_unused]] const int opened = ::open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY);
  }
}

extern "C" void on_signal(int signal) { stop_source->request(signal); }

void install_signals(StopSource& source) {
  stop_source = &source;
  struct sigaction action{};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  // Not restarted: a blocking read of stdin has to come back.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before{};
    // nohup and background jobs of a shell without job control ignore signals; that is to stay so.
    if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    ::sigaction(signal, &action, nullptr);
  }
  ::signal(SIGPIPE, SIG_IGN);  // a closed stdout is a failed write (74), not a silent death
}

/// The shell has to see a real signal death, or a loop around the tool goes on after Ctrl-C.
[[noreturn]] void die_by(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
  ::_exit(128 + signal);
}

bool use_color(const std::string& wish, bool terminal, const Environment& env) {
  if (wish == "always") return true;
  if (wish == "never") return false;
  if (const auto no = env("NO_COLOR"); no && !no->empty()) return false;
  if (const auto force = env("CLICOLOR_FORCE"); force && !force->empty() && *force != "0") return true;
  return terminal && env("TERM").value_or("") != "dumb";
}

/// @param dry_run where, for those that offer the choice
void describe_common(App& app, Common& common, std::string& dry_run, bool& help, bool& version) {
  app.group("Common");
  app.flag("-h,--help", help, "show this help");
  app.flag("--version", version, "show the version");
  app.flag("--json", common.json, "answer as one JSON document");
  app.flag("-q,--quiet", common.quiet, "only errors and warnings on stderr");
  app.flag("-v,--verbose", common.verbose, "more on stderr");
  app.choice("--color", common.color, {"auto", "always", "never"}, "colour on stderr");
  app.option("--timeout", common.timeout, "DURATION", "time limit of the whole run; 0 for none");
  constexpr const char* dry_run_help = "say what would be done, change nothing";
  if (app.offers_server_dry_run())
    app.choice("--dry-run", dry_run, {"none", "client", "server"}, dry_run_help).bare = "client";
  else app.flag("--dry-run", common.dry_run, dry_run_help);
  app.option("--events", common.events, "FILE", "append event-log(5) lines to FILE");
  app.choice("--error-format", common.error_format, {"text", "json", "sarif", "github"},
             "how errors and warnings about files are printed");
}

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

/// @param unrecorded gets why the event log could not be written
void add_views(io::Events& events, const Common& common, const std::string& tool, const Environment& env,
               std::string& unrecorded) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1 && env("TERM").value_or("") != "dumb";
  const auto most = common.quiet ? io::Level::warning : common.verbose ? io::Level::detail : io::Level::note;
  const bool color = use_color(common.color, terminal, env);
  // Lines of JSON come while the work goes on: a block that is redrawn would wipe them away.
  const bool lines_beside = common.json && ::isatty(STDOUT_FILENO) == 1;
  // A SARIF log is a document of its own: no other line may stand beside it.
  if (common.error_format != "sarif")
    events.add(terminal && !lines_beside ? io::live_view(STDERR_FILENO, most, color)
                                         : io::plain_view(STDERR_FILENO, most, color));
  if (const auto file = common.events ? common.events : env("SLIPWAY_EVENTS"); file && !file->empty())
    events.add(io::json_lines_view(*file, tool, [&](const Error& error) { unrecorded = error.message(); }));
}

io::ErrorFormat error_format(const Common& common) {
  if (common.error_format == "json") return io::ErrorFormat::json;
  if (common.error_format == "sarif") return io::ErrorFormat::sarif;
  if (common.error_format == "github") return io::ErrorFormat::github;
  return io::ErrorFormat::text;
}

/// The record has each one as an event; people are shown them together, with the line and a caret.
void record(io::Events& events, const std::string& kind, io::Level level, const std::vector<Diagnostic>& found) {
  for (const auto& w : found) {
    io::Fields fields{{"file", w.file}, {"line", std::int64_t{w.line}}, {"column", std::int64_t{w.column}}};
    if (!w.path.empty()) fields.emplace_back("path", w.path);
    if (!w.suggestion.empty()) fields.emplace_back("suggestion", w.suggestion);
    events.emit(
        {.kind = kind, .level = level, .subject = {}, .text = w.message, .told = true, .fields = std::move(fields)});
  }
}

void record(io::Events& events, const Error& error) {
  record(events, "finding", io::Level::error, error.findings());
  io::Fields fields{{"message", error.message()}, {"status", std::int64_t{status(error.code())}}};
  if (!error.at().empty()) fields.emplace_back("place", text::join(error.at(), "; "));
  if (!error.hint().empty()) fields.emplace_back("hint", error.hint());
  events.emit({.kind = "error",
               .level = io::Level::error,
               .subject = std::string(error.failure().id),
               .text = {},
               .told = true,
               .fields = std::move(fields)});
}

/// Anything that is thrown becomes one Error; what is not ours is a bug.
template <typename Work>
std::optional<Error> caught(Work&& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(failure::internal, "out of memory");
  } catch (const std::exception& error) {
    return Error(failure::internal, fmt::format("unexpected: {}", error.what()),
                 fmt::format("report it with the command line and version {}", slipway::version()));
  }
}

}  // namespace

std::string agent(std::string_view tool) { return fmt::format("{}/{}", tool, slipway::version()); }

int run(int argc, char** argv, App app, const Body& body, std::chrono::milliseconds default_timeout) {
  keep_standard_streams();
  Common common;
  bool help = false;
  bool version = false;
  std::string dry_run = "none";
  describe_common(app, common, dry_run, help, version);
  std::string unrecorded;
  io::Events events;
  io::Input in(STDIN_FILENO);
  io::Output out(STDOUT_FILENO);
  const Environment env = process_environment;
  StopSource source;
  install_signals(source);

  ExitCode code = ExitCode::ok;
  std::optional<Context> context;
  auto error = caught([&] {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
      app.parse(arguments);
    } catch (const Error&) {
      // A person who asks for help in a half-typed line gets it.
      if (!help && !version) throw;
    }
    if (help) return out.print(app.help());
    common.dry_run = common.dry_run || dry_run != "none";
    common.dry_run_on_server = dry_run == "server";
    if (version) return out.print_line(fmt::format("{} {}", app.name(), slipway::version()));
    add_views(events, common, app.name(), env, unrecorded);
    context.emplace(Context{.in = in,
                            .out = out,
                            .run = {.events = events,
                                    .stop = source.token(),
                                    .deadline = Deadline::in(common.timeout.value_or(default_timeout))},
                            .common = common,
                            .env = env,
                            .warnings = {}});
    code = body(*context);
  });
  // Before the answer: on a terminal that shows both, the block's last drawing would wipe the answer away.
  events.finish();
  if (!error) error = caught([&] { out.flush(); });
  const int signal = source.token().signal();
  if (error) {
    out.discard();
    code = error->code();
    record(events, *error);
  }
  const auto warnings = context ? std::move(context->warnings) : std::vector<Diagnostic>{};
  record(events, "warning", io::Level::warning, warnings);
  auto told = error ? io::render_error(app.name(), *error, error_format(common), warnings)
                    : io::render_findings(app.name(), warnings, error_format(common));
  // As above: a SARIF log stands alone.
  if (!unrecorded.empty() && common.error_format != "sarif")
    told += fmt::format("{}: warning: {}; nothing more was recorded\n", app.name(), unrecorded);
  // A closed stderr leaves nobody to tell.
  static_cast<void>(caught([&] { fs::write_all(STDERR_FILENO, told, "stderr"); }));
  if (error) {
    // Only a run that was really cut short dies by the signal; one that finished first is done.
    if (signal != 0 && error->failure().id == failure::interrupted.id) die_by(signal);
  }
  return status(code);
}

}  // namespace slipway::cli
