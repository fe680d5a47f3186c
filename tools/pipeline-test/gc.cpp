// SPDX-License-Identifier: Apache-2.0
#include "gc.hpp"

#include "delivery.hpp"
#include "docker/engine.hpp"
#include "kube/config.hpp"
#include "ownership.hpp"
#include "sandbox.hpp"

#include <fmt/format.h>

#include <charconv>
#include <vector>

namespace slipway::pipeline_test {

namespace {

class Collector {
 public:
  Collector(const Options& options, cli::Context& context)
      : options_(&options.gc), context_(&context), me_(owner_of(context.env)), now_(std::chrono::system_clock::now()) {}

  void containers() {
    const auto& run = context_->run;
    docker::Engine engine(docker::endpoint(context_->env("DOCKER_HOST")), "pipeline-test", run);
    for (const auto& row : engine.containers(run_label, run)) {
      const auto label = [&](const char* name) {
        const auto found = row.labels.find(name);
        return found == row.labels.end() ? std::string{} : found->second;
      };
      Ownership mine{label(run_label), 0, label(owner_label)};
      const auto expires = label(expires_label);
      std::from_chars(expires.data(), expires.data() + expires.size(), mine.expires);
      if (!is_due(mine, *options_, me_, now_)) continue;
      if (!context_->common.dry_run) engine.remove(row.id, run);
      told(fmt::format("container {} {}", row.id.substr(0, 12), row.image));
    }
  }

  void namespaces() {
    const auto& run = context_->run;
    const auto config = kube::Config::load(
        options_->kubeconfig ? std::optional<std::filesystem::path>(*options_->kubeconfig) : std::nullopt,
        context_->env);
    kube::Client client(config.access(options_->kube_context), "pipeline-test");
    for (const auto& row : list_sandboxes(client, "", run)) {
      if (row.terminating || !is_due(row.mine, *options_, me_, now_)) continue;
      if (!context_->common.dry_run) {
        static_cast<void>(remove_sandbox(client, row.name, std::chrono::seconds{0}, run));
        if (!row.scratch.empty()) scratch(row.scratch);
      }
      told(fmt::format("namespace {} on {}", row.name, client.access().context));
    }
  }

  [[nodiscard]] bool failed() const { return failed_; }

  /// Where there is no engine or no kubeconfig, there is nothing to collect; other trouble is told.
  template <typename Work>
  void attempt(const char* what, Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      const auto id = error.failure().id;
      if (id == failure::interrupted.id || id == failure::timed_out.id) throw;
      if (id == failure::bad_setup.id || id == failure::no_engine.id) {
        context_->run.events.note(fmt::format("no {} looked at: {}", what, error.message()));
        return;
      }
      context_->run.events.warn(fmt::format("{}: {}", what, error.message()));
      failed_ = true;
    }
  }

 private:
  void scratch(const std::string& reference) {
    attempt("scratch images", [&] {
      remove_scratch(reference, context_->env, context_->run);
      told("scratch image " + reference);
    });
  }

  void told(const std::string& what) {
    context_->out.print_line(fmt::format("{}{}", context_->common.dry_run ? "would remove " : "removed ", what));
  }

  const GcOptions* options_;
  cli::Context* context_;
  std::string me_;
  std::chrono::system_clock::time_point now_;
  bool failed_ = false;
};

}  // namespace

bool is_due(const Ownership& what, const GcOptions& options, const std::string& me,
            std::chrono::system_clock::time_point now) {
  if (options.mine && what.owner == me) return true;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const auto late = std::chrono::duration_cast<std::chrono::seconds>(options.older_than).count();
  // Without a readable expiry it is nobody's: whoever made it is an older or a newer version of us.
  return what.expires != 0 && what.expires + late <= seconds;
}

ExitCode collect_garbage(const Options& options, cli::Context& context) {
  if (!context.common.timeout) context.run.deadline = Deadline::in(std::chrono::minutes{5});
  Collector collector(options, context);
  collector.attempt("containers", [&] { collector.containers(); });
  collector.attempt("namespaces", [&] { collector.namespaces(); });
  return collector.failed() ? ExitCode::partial : ExitCode::ok;
}

}  // namespace slipway::pipeline_test
