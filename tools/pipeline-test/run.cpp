// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "copy.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "docker/engine.hpp"
#include "docker/stream.hpp"
#include "outcome.hpp"
#include "ownership.hpp"
#include "variables.hpp"
#include "watchdog.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>
#include <deque>
#include <memory>

namespace slipway::pipeline_test {

namespace {

constexpr std::chrono::minutes default_timeout{20};
constexpr std::chrono::seconds cleanup_time{60};

double parse_cpus(const std::string& text) {
  double cpus = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cpus);
  if (error != std::errc{} || end != text.data() + text.size() || !(cpus > 0) || cpus > 4096)
    throw Error(failure::bad_usage, fmt::format("--cpus '{}' is no number of processors", text));
  return cpus;
}

struct Prepared {
  docker::ContainerSpec spec;
  Variables secrets;
};

Prepared prepare(const std::string& image, const RunOptions& options, const Ownership& mine,
                 const cli::Environment& env) {
  Prepared prepared;
  auto& spec = prepared.spec;
  spec.image = image;
  spec.arguments = options.arguments;
  if (options.entrypoint) spec.entrypoint = {*options.entrypoint};
  if (!options.no_ci) spec.env.emplace_back("CI", "true");
  const auto add = [&](Variables more) {
    for (auto& one : more) spec.env.push_back(std::move(one));
  };
  for (const auto& file : options.env_files) add(parse_env_file(fs::read_file(file, 1U << 20U), file, env));
  add(parse_variables(options.env, env));
  prepared.secrets = read_secrets(options.secret_env);
  add(prepared.secrets);
  spec.user = options.user;
  spec.workdir = options.workdir;
  spec.network = options.network;
  spec.memory = options.memory;
  spec.cpus = parse_cpus(options.cpus);
  spec.pids = options.pids;
  spec.drop_capabilities = true;
  spec.init = true;
  spec.read_only = options.read_only;
  if (options.read_only) spec.tmpfs = {"/tmp"};
  spec.labels = {{run_label, mine.run}, {expires_label, std::to_string(mine.expires)}, {owner_label, mine.owner}};
  return prepared;
}

void remove_all(docker::Engine& engine, const std::string& run_id, const io::Run& run) {
  for (const auto& row : engine.containers(fmt::format("{}={}", run_label, run_id), run)) engine.remove(row.id, run);
}

/// Removes the container on every way out of its scope; what it cannot do, the watchdog goes on with.
class Container {
 public:
  Container(docker::Engine& engine, Ownership mine, io::Events& events)
      : engine_(&engine), mine_(std::move(mine)), events_(&events),
        watchdog_(std::make_unique<Watchdog>([where = engine.where(), id = mine_.run](const io::Run& run) {
          docker::Engine own(where, "pipeline-test", run);
          remove_all(own, id, run);
        })) {}
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  ~Container() {
    if (!watchdog_) return;
    try {
      // Not the run's own stop and deadline: they may be the reason that we are here.
      const io::Run run{*events_, {}, Deadline::in(cleanup_time)};
      if (id_.empty()) remove_all(*engine_, mine_.run, run);  // the answer that held the id may have been lost
      else engine_->remove(id_, run);
      watchdog_->dismiss();
    } catch (const std::exception& error) {
      events_->warn(fmt::format("the container was not removed: {}; a process left behind goes on trying, and "
                                "pipeline-test gc finds it later",
                                error.what()));
    }
  }

  const std::string& create(const docker::ContainerSpec& spec, const io::Run& run) {
    id_ = engine_->create(spec, run);
    return id_;
  }
  /// Leaves it for a person to look into.
  void keep() {
    watchdog_->dismiss();
    watchdog_.reset();
  }

 private:
  docker::Engine* engine_;
  Ownership mine_;
  io::Events* events_;
  std::string id_;
  std::unique_ptr<Watchdog> watchdog_;
};

/// The container's output: to the events line by line, the last lines kept for the result.
class Printed {
 public:
  Printed(io::Events& events, Variables secrets, std::size_t keep)
      : events_(&events), secrets_(std::move(secrets)), keep_(keep) {}

  void take(docker::Stream stream, std::string_view bytes) {
    (stream == docker::Stream::out ? out_ : err_).feed(bytes);
  }
  void finish() {
    out_.finish();
    err_.finish();
  }
  [[nodiscard]] const std::deque<std::string>& last() const { return last_; }
  /// For a person who chose --quiet and now has a failure to look into.
  void show_last() const {
    for (const auto& line : last_)
      events_->emit({.kind = "output", .level = io::Level::error, .subject = "test", .text = line, .fields = {}});
  }

 private:
  void line(std::string_view line) {
    auto shown = text::printable(masked(docker::without_escapes(line), secrets_));
    events_->output("test", shown);
    last_.push_back(std::move(shown));
    if (last_.size() > keep_) last_.pop_front();
  }

  io::Events* events_;
  Variables secrets_;
  std::size_t keep_;
  std::deque<std::string> last_;
  docker::Lines out_{[this](std::string_view line) { this->line(line); }};
  docker::Lines err_{[this](std::string_view line) { this->line(line); }};
};

std::string to_json(const std::string& image, const Outcome& outcome, const Printed& printed,
                    std::chrono::milliseconds took) {
  nlohmann::ordered_json document{
      {"schema", "pipeline-test/v1"},
      {"image", nullptr},
      {"passed", outcome.passed},
      {"exit_code", outcome.code},
      {"signal", outcome.signal == 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(outcome.signal)},
      {"oom", outcome.oom},
      {"seconds", static_cast<double>(took.count()) / 1000},
      {"tail", printed.last()}};
  // A reader that looks for an image finds one only if it passed, as on stdout.
  if (outcome.passed) document["image"] = image;
  document["tested"] = image;
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

ExitCode test(const Options& all, const std::string& image, cli::Context& context) {
  const auto& options = all.run;
  const auto& run = context.run;
  const auto timeout = context.common.timeout.value_or(default_timeout);
  const auto mine = own(context.env, std::chrono::system_clock::now(), timeout);
  auto prepared = prepare(image, options, mine, context.env);
  docker::Engine engine(docker::endpoint(context.env("DOCKER_HOST")), "pipeline-test", run);
  const auto found = engine.image(image, run);
  if (!found)
    throw Error(failure::not_found, fmt::format("the engine has no image '{}'", image),
                "pipeline-build VARIANT prints the name of one that it has");
  const auto copies = parse_copies(options.copy, found->workdir);
  if (context.common.dry_run) {
    run.events.note(fmt::format("would run {} with {} of memory, {} CPUs, for at most {}", image,
                                show_limit(options.memory), options.cpus, text::show_duration(timeout)));
    return ExitCode::ok;
  }

  io::Stage stage(run.events, "run",
                  fmt::format("running {}: at most {}, {} of memory, {} CPUs", image, text::show_duration(timeout),
                              show_limit(options.memory), options.cpus),
                  {{"image", image}});
  Container container(engine, mine, run.events);
  const auto id = container.create(prepared.spec, run);
  Printed printed(run.events, prepared.secrets, static_cast<std::size_t>(std::max(options.tail, 0)));
  const auto copy_files = [&] { copy_out(engine, id, copies, {run.events, {}, Deadline::in(cleanup_time)}); };
  try {
    engine.start(id, run);
    engine.follow(
        id, [&](docker::Stream stream, std::string_view bytes) { printed.take(stream, bytes); }, options.stop_grace,
        run);
  } catch (const Error& error) {
    printed.finish();
    if (error.failure().id != failure::timed_out.id) throw;
    if (context.common.quiet) printed.show_last();
    stage.fail("time ran out");
    copy_files();
    throw Error(failure::timed_out, fmt::format("the test did not end within {}", text::show_duration(timeout)),
                "a longer --timeout, or a look at its last lines above");
  }
  printed.finish();
  const auto outcome = outcome_of(engine.state(id, run), options.memory);
  copy_files();
  const auto document = to_json(image, outcome, printed, stage.elapsed());
  if (all.output_file) fs::write_file(*all.output_file, document);
  io::Fields fields{{"exit_code", std::int64_t{outcome.code}}, {"oom", outcome.oom}};
  if (outcome.passed) {
    stage.end(outcome.text, std::move(fields));
    context.out.print(context.common.json ? document : image + "\n");
  } else {
    if (context.common.quiet) printed.show_last();
    stage.fail(outcome.text, std::move(fields));
  }
  if (options.keep) {
    container.keep();
    run.events.note(fmt::format("the container stays: docker start -ai {0}; docker rm -v {0}", id.substr(0, 12)));
  }
  return exit_code_of(outcome, options.pass_exit);
}

}  // namespace

ExitCode run_entrypoint(const Options& options, cli::Context& context) {
  // The programs of a pipe start together: the time that the build takes is not the test's.
  const auto image = io::image_line(named_image(options), context.in, {context.run.events, context.run.stop, {}});
  context.run.deadline = Deadline::in(context.common.timeout.value_or(default_timeout));
  try {
    return test(options, image, context);
  } catch (const Error& error) {
    const bool ours = error.failure().id != failure::interrupted.id && error.failure().id != failure::timed_out.id;
    if (!options.run.pass_exit || !ours) throw;
    // As docker run: 125 is ours, everything else the container's.
    static const Failure passed_on{error.failure().id, static_cast<ExitCode>(125), error.failure().meaning};
    throw Error(passed_on, error.message(), error.hint());
  }
}

}  // namespace slipway::pipeline_test
