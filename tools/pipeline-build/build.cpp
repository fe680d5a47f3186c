// SPDX-License-Identifier: Apache-2.0
#include "build.hpp"

#include "context.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "docker/engine.hpp"
#include "dockerfile.hpp"
#include "labels.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <deque>

namespace slipway::pipeline_build {

namespace {

constexpr std::uint64_t large_context = 500'000'000;
constexpr std::chrono::minutes default_timeout{30};

struct Built {
  std::string name;
  docker::Image image;
  std::string cached;  ///< how much of it was in the cache, for a person
};

Context load_context(const Options& options, const cli::Context& context) {
  auto files = options.context == "none" ? empty_context()
                                         : read_context(options.context, options.exclude, source_date(context.env));
  auto& events = context.run.events;
  events.note(
      fmt::format("context {}: {} files, {}", options.context, files.files(), text::show_size(files.bytes())),
      {{"files", static_cast<std::int64_t>(files.files())}, {"bytes", static_cast<std::int64_t>(files.bytes())}});
  if (files.bytes() > large_context) {
    std::vector<std::string> names;
    for (const auto* entry : files.largest(5))
      names.push_back(fmt::format("{} ({})", entry->path, text::show_size(entry->size)));
    events.warn(fmt::format("the context is large; most of it is {}: name in .dockerignore what no COPY needs",
                            text::join(names, ", ")));
  }
  if (!files.left_out.empty())
    events.warn(
        fmt::format("no image can hold sockets, pipes and devices; left out: {}", text::join(files.left_out, ", ")));
  return files;
}

docker::BuildRequest request_for(const Source& source, const Options& options, const cli::Context& context) {
  return {.dockerfile = std::string(dockerfile_name),
          .tags = options.tags,
          .args = build_args(options.build_args, context.env),
          .labels = labels_for(source, options, context.env),
          .target = options.target,
          .network = options.network,
          .pull = options.pull == "always",
          .no_cache = options.no_cache};
}

/// Shows of a build what a person wants to see: the steps that do something and what they print. A step from the
/// cache or one that only sets a variable is a detail. With --quiet nothing is shown; the last lines are then the
/// cause of a failure, and are shown after it.
class Progress {
 public:
  explicit Progress(io::Events& events) : events_(&events) {}

  void line(std::string_view line) {
    if (line.starts_with("Step ")) {
      show_step(io::Level::detail);
      step_ = line;
      ++steps_;
      last_.clear();
    } else if (line == " ---> Using cache") {
      ++cached_;
      show_step(io::Level::detail);
      show(line, io::Level::detail);
    } else if (line.starts_with(" ---> ") || line.starts_with("Removing intermediate container")) {
      // The builder's own book-keeping; it is what tells that the step was not in the cache.
      show_step(works(step_) ? io::Level::note : io::Level::detail);
      show(line, io::Level::detail);
      return;
    } else {
      show_step(io::Level::note);
      show(line, io::Level::note);
    }
    last_.emplace_back(line);
    if (last_.size() > 30) last_.pop_front();
  }
  void show_last() const {
    for (const auto& line : last_) show(line, io::Level::error);
  }
  /// "44 of 47 steps from the cache"
  [[nodiscard]] std::string cached() const { return fmt::format("{} of {} steps from the cache", cached_, steps_); }

 private:
  static bool works(std::string_view step) {
    const auto instruction = step.substr(std::min(step.find(" : "), step.size()));
    return instruction.starts_with(" : RUN ") || instruction.starts_with(" : COPY ") ||
           instruction.starts_with(" : ADD ");
  }
  void show_step(io::Level level) {
    if (!step_.empty()) show(std::exchange(step_, {}), level);
  }
  void show(std::string_view line, io::Level level) const {
    events_->emit({.kind = "output", .level = level, .subject = "build", .text = text::printable(line), .fields = {}});
  }

  io::Events* events_;
  std::string step_;  ///< not shown yet: whether it is worth it turns out with the next line
  std::deque<std::string> last_;
  int steps_ = 0;
  int cached_ = 0;
};

Built build(docker::Engine& engine, const docker::BuildRequest& request, Context files, const cli::Context& context,
            io::Stage& stage) {
  Progress progress(context.run.events);
  std::string id;
  try {
    id = engine.build(
        request, to_tar(std::move(files)), [&](std::string_view line) { progress.line(line); }, context.run);
  } catch (const Error&) {
    if (context.common.quiet) progress.show_last();
    stage.fail("the build failed");
    throw;
  }
  // An id alone is nothing that people can tell apart or a registry could take: it gets a name, which
  // is the same for the same image.
  std::string name;
  if (request.tags.empty()) {
    name = fmt::format("localhost/pipeline-build:{}", id.substr(id.find(':') + 1, 12));
    engine.tag(id, name, context.run);
  } else {
    name = request.tags.front();
  }
  // Builders disagree about what an id is; what counts is that the store resolves what we print.
  const auto named = engine.image(name, context.run);
  if (!named || named->id != id)
    throw Error(failure::protocol,
                fmt::format("the engine built {} but knows {} as {}", id, name, named ? named->id : "nothing"),
                "somebody else may have built under the same name meanwhile: try again");
  return {std::move(name), *named, progress.cached()};
}

std::string to_json(const Built& built, const Source& source, std::chrono::milliseconds took) {
  const auto& image = built.image;
  const auto repo = built.name.substr(0, built.name.find(':', built.name.rfind('/') + 1));
  nlohmann::ordered_json digest;
  for (const auto& known : image.digests)
    if (known.starts_with(repo + "@")) digest = known.substr(known.find('@') + 1);
  return nlohmann::ordered_json{
      {"schema", "pipeline-build/v1"},
      {"image", built.name},
      {"id", image.id},
      {"digest", digest},
      {"name", built.name},
      {"variant", source.variant.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(source.variant)},
      {"platforms", {fmt::format("{}/{}", image.os, image.architecture)}},
      {"labels", image.labels},
      {"bytes", image.size},
      {"builder", "engine"},
      {"seconds", static_cast<double>(took.count()) / 1000}}
      .dump(2);
}

}  // namespace

ExitCode run(const Options& options, cli::Context& context) {
  // What the step before takes until its Dockerfile comes is not ours.
  const auto source = load_source(options, context.in, {context.run.events, context.run.stop, {}});
  context.run.deadline = Deadline::in(context.common.timeout.value_or(default_timeout));
  for (const auto& warning : source.warnings) context.run.events.warn(io::render_diagnostic(warning));
  if (options.print_dockerfile) {
    context.out.print(source.text);
    return ExitCode::ok;
  }
  auto request = request_for(source, options, context);
  const auto where = docker::endpoint(context.env("DOCKER_HOST"));
  if (context.common.dry_run) {
    auto files = load_context(options, context);
    context.run.events.note(
        fmt::format("would build {} on {} with {} labels", source.origin, where.shown, request.labels.size()));
    return ExitCode::ok;
  }
  // With --target the last stage, which is where they would stand, is not the one that is built.
  const auto text = options.target.empty() ? with_labels(source, request.labels) : source.text;
  docker::Engine engine(where, "pipeline-build", context.run);
  io::Stage stage(context.run.events, "build", fmt::format("building {}", source.origin),
                  {{"variant", source.variant}, {"engine", engine.version()}});
  auto files = load_context(options, context);
  add_dockerfile(files, text);
  const auto built =
      with_context(source.origin, [&] { return build(engine, request, std::move(files), context, stage); });
  stage.end(fmt::format("built {} ({}), {}", built.name, text::show_size(built.image.size), built.cached),
            {{"image", built.name}, {"id", built.image.id}});

  const auto answer = (context.common.json ? to_json(built, source, stage.elapsed()) : built.name) + "\n";
  if (options.output_file) fs::write_file(*options.output_file, answer);
  context.out.print(answer);
  return ExitCode::ok;
}

}  // namespace slipway::pipeline_build
