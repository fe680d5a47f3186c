// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "apply.hpp"
#include "config/lookup.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "fleet.hpp"
#include "gate.hpp"
#include "lock.hpp"
#include "oci/push.hpp"
#include "oci/reference.hpp"
#include "planning.hpp"
#include "records.hpp"
#include "rollback.hpp"
#include "show.hpp"
#include "staging.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>

namespace slipway::deploy_helm {

namespace {

constexpr std::chrono::seconds registry_patience{3};

/// One run of the program.
class Session {
 public:
  Session(const Options& options, cli::Context& context) : options_(options), context_(context) {}

  ExitCode plan();
  ExitCode diff();
  ExitCode apply();
  ExitCode status();
  ExitCode history();
  ExitCode rollback();
  ExitCode recover();

 private:
  const Options& options_;
  cli::Context& context_;
  std::optional<helm::Program> helm_;

  [[nodiscard]] const io::Run& run() const { return context_.run; }

  /// Shown to whoever reads stderr; stdout belongs to the answer.
  void tell(const std::string& text) const {
    std::string_view trimmed = text;
    while (trimmed.ends_with('\n')) trimmed.remove_suffix(1);
    run().events.emit({.kind = "note", .level = io::Level::note, .subject = {}, .text = std::string(trimmed)});
  }

  void need_service() const {
    if (options_.service.empty())
      throw Error(failure::bad_usage, fmt::format("{}: missing SERVICE", options_.command), "deploy-helm --help");
  }

  /// The person and machine, without the process.
  [[nodiscard]] std::string who() const {
    const auto identity = our_identity(context_.env);
    return identity.substr(0, identity.rfind('/'));
  }

  /// Only what changes something, or renders, needs the program.
  const helm::Program& helm() {
    const auto& asked = options_.helm;
    if (!helm_) helm_ = helm::Program::open(!asked.empty() ? asked : context_.env("HELM_BIN").value_or("helm"), run());
    return *helm_;
  }

  [[nodiscard]] Inputs open_inputs(const std::optional<Plan>& plan) const {
    std::optional<std::string> location;
    if (!options_.registry.empty()) location = options_.registry;
    else if (plan) location = plan->registry;
    const auto source = config::choose_source(location, context_.env, std::filesystem::current_path());
    std::optional<std::filesystem::path> file;
    if (!options_.targets_file.empty()) file = options_.targets_file;
    auto mirrors = std::make_shared<const git::Mirrors>(git::MirrorPolicy{}, context_.env, run());
    return {config::open(source, {.at = plan ? plan->commit : options_.commit, .mirrors = std::move(mirrors)}), file};
  }

  /// A digest that the registry does not have would be found out by a kubelet, half a minute after the release was
  /// changed. Where this machine may not ask the registry, or cannot, the clusters have to find out.
  /// @throws Error not_found
  void demand_image(const oci::Reference& reference) const {
    const io::Run limited{run().events, run().stop, run().deadline.sooner(Deadline::in(registry_patience))};
    try {
      if (oci::resolve_digest(reference, {.env = context_.env, .retries = 0}, limited)) return;
    } catch (const Error& error) {
      run().check();
      return run().events.detail(
          fmt::format("whether the registry has {} is not known: {}", reference.text(), error.message()));
    }
    throw Error(failure::not_found, fmt::format("the registry has no image {}", reference.text()),
                "registry-push prints the line to take");
  }

  /// By digest: what is planned has to be what runs. A tag is asked for once, here, and pinned.
  [[nodiscard]] helm::Image read_image() const {
    const bool piped = options_.image.empty() || options_.image == "-";
    const auto line = io::image_line(options_.image, context_.in, context_.run);
    auto reference = oci::Reference::parse(line, piped ? failure::bad_input : failure::bad_usage);
    if (!reference.digest && !reference.tag)
      throw Error(piped ? failure::bad_input : failure::bad_usage, fmt::format("{} names neither tag nor digest", line),
                  "take the line that registry-push printed: NAME@sha256:...");
    if (reference.digest) demand_image(reference);
    if (!reference.digest) {
      reference.digest = oci::resolve_digest(reference, {.env = context_.env, .retries = 0}, run());
      if (!reference.digest)
        throw Error(failure::not_found, fmt::format("the registry has no image {}", reference.text()));
      tell(fmt::format("{} is {} now, and that is what is planned", line, reference.digest->text()));
    }
    return {.registry = reference.registry,
            .repository = reference.repository,
            .tag = reference.tag.value_or(""),
            .digest = reference.digest->text()};
  }

  [[nodiscard]] Plan read_plan() const {
    const bool piped = options_.plan.empty() || options_.plan == "-";
    if (piped && context_.in.is_terminal())
      throw Error(failure::bad_usage, "no plan: stdin is a terminal", "name its file with --plan FILE");
    auto plan = piped ? parse_plan(context_.in.read_all(context_.run), "stdin")
                      : parse_plan(fs::read_file(options_.plan), options_.plan);
    if (!options_.service.empty() && options_.service != plan.service)
      throw Error(failure::bad_usage, fmt::format("the plan is for {}, not for {}", plan.service, options_.service));
    return plan;
  }

  /// The programs of a pipe start together: a misspelt target or service, a registry that cannot be read and a helm
  /// that is not there are told now, and not when the image has been built, tried and pushed.
  void look_ahead() {
    const auto inputs = open_inputs(std::nullopt);
    static_cast<void>(inputs.select(inputs.targets().service(options_.service), options_.targets));
    static_cast<void>(helm());
  }

  [[nodiscard]] Prepared prepare_anew(bool to_apply) {
    need_service();
    if (options_.image.empty() || options_.image == "-") look_ahead();
    const auto image = read_image();
    // Opened again: what holds is the configuration of when the image is there.
    auto inputs = open_inputs(std::nullopt);
    const auto& service = inputs.targets().service(options_.service);
    const auto targets = inputs.select(service, options_.targets);
    return finish(inputs, {.service = service, .targets = targets, .image = image}, to_apply,
                  options_.skip_staging.value_or(""));
  }

  [[nodiscard]] Prepared prepare_again(const Plan& plan, bool to_apply) {
    demand_image(oci::Reference::parse(plan.image.text(), failure::bad_input));
    auto inputs = open_inputs(plan);
    const auto& service = inputs.targets().service(plan.service);
    std::vector<std::string> names;
    names.reserve(plan.deployments.size());
    for (const auto& deployment : plan.deployments) names.push_back(deployment.target);
    return finish(
        inputs, {.service = service, .targets = inputs.select(service, names), .image = plan.image, .validated = true},
        to_apply, plan.skip_staging);
  }

  [[nodiscard]] Prepared finish(Inputs& inputs, Wish wish, bool to_apply, const std::string& skip_staging) {
    if (to_apply) wish.holder = our_identity(context_.env);
    auto prepared = prepare(inputs, wish, helm(), context_.env, run());
    prepared.plan.made_at = text::rfc3339(std::chrono::system_clock::now());
    prepared.plan.made_by = who();
    prepared.plan.skip_staging = skip_staging;
    demand_staging(inputs, wish, prepared);
    return prepared;
  }

  /// @throws Error not_approved when the targets file wants staging to run it first, and staging does not
  void demand_staging(Inputs& inputs, const Wish& wish, const Prepared& prepared) const {
    const auto& plan = prepared.plan;
    const auto requirements = requirements_for(inputs.targets(), wish.targets);
    if (requirements.empty()) return;
    if (!plan.skip_staging.empty())
      return run().events.warn(fmt::format("without the proof of staging: {}", text::printable(plan.skip_staging)));
    const auto staging = staging_of(inputs.targets(), wish.targets);
    ExpectedValues expected;
    for (const auto& target : staging)
      for (const auto& release : wish.service.releases)
        expected[target.name + ' ' + release] =
            config::values_digest(inputs.values(wish.service, target, release, wish.image, *prepared.chart));
    auto missing =
        missing_proof(requirements, plan, look_at_staging(wish.service, staging, context_.env, run()), expected);
    if (missing.empty()) return;
    Error error(failure::not_approved,
                fmt::format("staging does not run what {} is to get", requirements.front().target),
                fmt::format("deploy-helm apply {} -t {} ..., or --skip-staging REASON", plan.service,
                            staging.empty() ? "STAGING" : staging.front().name));
    for (auto& sentence : missing) error.add_place(std::move(sentence));
    throw error;
  }

  [[nodiscard]] static std::string how_to_approve(const Plan& plan) {
    return fmt::format("read it (deploy-helm diff --plan FILE), then: deploy-helm apply --plan FILE --approve {}",
                       plan.digest().substr(0, 12));
  }

  [[nodiscard]] ApplyOptions apply_options() const {
    return {.settle = options_.settle, .leave_failed = options_.leave_failed, .who = who()};
  }

  ExitCode carry_out(const Prepared& prepared) {
    if (context_.common.dry_run) {
      context_.out.print(context_.common.json ? to_json(prepared.plan) : show(prepared.plan));
      return ExitCode::ok;
    }
    const auto results = deploy_helm::apply(prepared, helm(), apply_options(), run());
    context_.out.print(context_.common.json ? to_json(prepared.plan, results) : show(results));
    return exit_code_of(results);
  }

  [[nodiscard]] std::vector<Berth> look_around(Inputs& inputs, bool all_by_default) const {
    need_service();
    const auto& service = inputs.targets().service(options_.service);
    auto names = options_.targets;
    if (names.empty() && all_by_default) {
      names = service.targets;
      if (names.empty())
        for (const auto& target : inputs.targets().targets) names.push_back(target.name);
    }
    return deploy_helm::look_around(service, inputs.select(service, names), context_.env, run());
  }
};

ExitCode Session::plan() {
  const auto prepared = prepare_anew(false);
  tell(show(prepared.plan));
  if (const auto needing = prepared.plan.needing_approval(); !needing.empty())
    tell(fmt::format("{} {} approval: deploy-helm apply --plan FILE --approve {}", text::join(needing, ", "),
                     needing.size() == 1 ? "needs" : "need", prepared.plan.digest().substr(0, 12)));
  context_.out.print(to_json(prepared.plan));
  return ExitCode::ok;
}

ExitCode Session::diff() {
  const auto plan = options_.service.empty() || !options_.plan.empty() ? read_plan() : prepare_anew(false).plan;
  context_.out.print(context_.common.json ? to_json(plan) : show(plan));
  return plan.changes_anything() ? ExitCode::no : ExitCode::ok;
}

ExitCode Session::apply() {
  if (options_.plan.empty()) {
    need_service();
    const auto prepared = prepare_anew(!context_.common.dry_run);
    tell(show(prepared.plan));
    if (!context_.common.dry_run)
      check_approval(
          prepared.plan.digest(), prepared.plan.needing_approval(), options_.approve,
          fmt::format("make a plan, read it, apply it: deploy-helm plan {} ... > plan.json", options_.service));
    return carry_out(prepared);
  }
  const auto planned = read_plan();
  // Before anything is reached: an approval of something else is wrong whatever the clusters say.
  if (!context_.common.dry_run)
    check_approval(planned.digest(), planned.needing_approval(), options_.approve, how_to_approve(planned));
  auto prepared = prepare_again(planned, !context_.common.dry_run);
  check_fresh(planned, prepared.plan);
  // The record names what was approved. (Some of it may be in place from an earlier run of the same plan.)
  prepared.plan = planned;
  return carry_out(prepared);
}

ExitCode Session::status() {
  need_service();
  auto inputs = open_inputs(std::nullopt);
  auto berths = look_around(inputs, true);
  const auto answer = status_of(berths, context_.common.json, run());
  context_.out.print(answer.text);
  return answer.code;
}

ExitCode Session::history() {
  need_service();
  auto inputs = open_inputs(std::nullopt);
  const auto answer = history_of(look_around(inputs, true), context_.common.json);
  context_.out.print(answer.text);
  return answer.code;
}

ExitCode Session::rollback() {
  need_service();
  auto inputs = open_inputs(std::nullopt);
  auto berths = look_around(inputs, false);
  const auto plan = plan_return(berths, options_.service, options_.to);
  tell(show(plan, berths));
  if (context_.common.dry_run) {
    context_.out.print(show(plan, berths));
    return ExitCode::ok;
  }
  check_approval(
      plan.digest, plan.needing, options_.approve,
      fmt::format("repeat the command with --approve {} when this is what you want", plan.digest.substr(0, 12)));
  std::vector<std::unique_ptr<Lock>> locks;
  locks.reserve(berths.size());
  for (const auto& berth : berths)
    locks.push_back(std::make_unique<Lock>(*berth.cluster, berth.release, our_identity(context_.env), run()));
  const auto results = deploy_helm::carry_out(plan, berths, helm(), apply_options(), run());
  const Plan described{.service = options_.service};
  context_.out.print(context_.common.json ? to_json(described, results) : show(results));
  const auto code = exit_code_of(results);
  if (code == ExitCode::ok)
    run().events.warn(fmt::format("the registry still says otherwise: the next apply of {} undoes this, "
                                  "unless the commit there is reverted, too",
                                  options_.service));
  return code;
}

ExitCode Session::recover() {
  need_service();
  auto inputs = open_inputs(std::nullopt);
  auto berths = look_around(inputs, false);
  std::vector<Result> results;
  for (auto& berth : berths) {
    if (berth.error) throw *berth.error;
    const Lock lock(*berth.cluster, berth.release, our_identity(context_.env), run());
    std::vector<Berth> one{berth};
    std::ranges::move(deploy_helm::recover(one, lock.predecessor_died(), helm(), apply_options(), run()),
                      std::back_inserter(results));
  }
  const Plan described{.service = options_.service};
  context_.out.print(context_.common.json ? to_json(described, results) : show(results));
  // Going back is what was asked for here.
  return exit_code_of(results) == ExitCode::not_undone ? ExitCode::not_undone : ExitCode::ok;
}

}  // namespace

ExitCode run(const Options& options, cli::Context& context) {
  Session session(options, context);
  const auto& command = options.command;
  if (command == "plan") return session.plan();
  if (command == "diff") return session.diff();
  if (command == "apply") return session.apply();
  if (command == "status") return session.status();
  if (command == "history") return session.history();
  if (command == "rollback") return session.rollback();
  return session.recover();
}

}  // namespace slipway::deploy_helm
