// SPDX-License-Identifier: Apache-2.0
#include "e2e.hpp"

#include "asking.hpp"
#include "chart.hpp"
#include "checks_file.hpp"
#include "cleanup.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"
#include "delivery.hpp"
#include "evidence.hpp"
#include "helm/manifest.hpp"
#include "helm/program.hpp"
#include "kube/config.hpp"
#include "kube/explain.hpp"
#include "kube/track.hpp"
#include "route.hpp"
#include "sandbox.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <future>

namespace slipway::pipeline_test {

namespace {

constexpr std::chrono::minutes default_timeout{20};
constexpr std::chrono::seconds route_patience{30};
constexpr std::chrono::seconds evidence_time{60};

/// The test's answer is no, and why.
struct Failed {
  std::string cause;
  std::vector<std::string> details;
};

/// A step's answer: nothing when the next one may begin.
using Answer = std::optional<Failed>;

/// What can be read without knowing the image.
struct Read {
  Chart chart;
  data::Value values;
  std::vector<ChecksFile> checks;
};

/// What was read and decided before anything is made.
struct Prepared : Read {
  std::string release;
  Ownership mine;
  DeliveryPlan delivery;
  std::string name_space;
};

void check_level(const std::string& level) {
  const std::vector<std::string> levels{"restricted", "baseline", "privileged"};
  if (std::ranges::find(levels, level) == levels.end())
    throw Error(failure::bad_usage, fmt::format("--pod-security '{}' is none of {}{}", level, text::join(levels, ", "),
                                                text::did_you_mean(level, levels)));
}

Read read(const E2eOptions& options) {
  check_level(options.pod_security);
  Read found;
  found.chart = read_chart(options.chart);
  found.values = read_values(options.values, options.set);
  for (const auto& file : options.checks) found.checks.push_back(parse_checks(fs::read_file(file, 8U << 20U), file));
  // Found out now, not after the push: whether there is a key for the image at all.
  static_cast<void>(with_image(found.values, found.chart, options.image_key, {"registry", "image", "tag", "sha256:0"}));
  return found;
}

Prepared prepare(const std::string& image, Read read, const E2eOptions& options, const cli::Context& context) {
  Prepared prepared{std::move(read)};
  prepared.release = dns_label(prepared.chart.name, 53);
  const auto timeout = context.common.timeout.value_or(default_timeout);
  prepared.mine = own(context.env, std::chrono::system_clock::now(), timeout);
  const auto project = dns_label(prepared.chart.name, 40);
  const auto scratch = options.scratch ? options.scratch : context.env("SLIPWAY_SCRATCH");
  prepared.delivery = plan_delivery(image, scratch, project, prepared.mine);
  prepared.name_space = fmt::format("pt-{}-{}", project, prepared.mine.run.substr(0, 8));
  return prepared;
}

class Test {
 public:
  Test(const Options& options, cli::Context& context, Prepared prepared, kube::Client& client, helm::Program helm)
      : all_(&options), options_(&options.e2e), context_(&context), run_(&context.run), prepared_(std::move(prepared)),
        client_(&client), helm_(std::move(helm)), http_("pipeline-test"), begun_(std::chrono::steady_clock::now()) {
    const auto& access = client.access();
    place_ = {options_->kubeconfig.value_or(""), access.context, prepared_.name_space};
    report_.image = prepared_.delivery.image;
    report_.cluster = access.context;
    report_.release = prepared_.release;
  }

  ExitCode go() {
    Cleanup cleanup(*client_, prepared_.mine, prepared_.delivery.scratch.value_or(""), context_->env,
                    options_->cleanup_timeout, run_->events);
    try {
      if (const auto failed = steps(cleanup)) {
        report_.cause = failed->cause;
        report_.details = failed->details;
      } else {
        report_.passed = true;
      }
    } catch (const Error& error) {
      report_.cause = error.message();
      if (error.failure().id != failure::interrupted.id) keep_evidence();
      throw;
    }
    report_.seconds = static_cast<double>(elapsed().count()) / 1000;
    if (!report_.passed) keep_evidence();
    if (!report_.passed) tell_failure();
    if (all_->output_file) fs::write_file(*all_->output_file, to_json(report_));
    if (report_.passed) context_->out.print(context_->common.json ? to_json(report_) : report_.image + "\n");
    // The answer is known: the next program need not wait until a namespace is gone, which takes five seconds.
    if (report_.passed) context_->out.close();
    clean(cleanup);
    return report_.passed ? ExitCode::ok : ExitCode::no;
  }

 private:
  std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun_);
  }

  Answer steps(Cleanup& cleanup) {
    // The registry and the cluster have nothing to do with each other.
    if (prepared_.delivery.scratch) cleanup.made_scratch();
    auto delivery = std::async(std::launch::async, [this] { return bring_image(); });
    create_sandbox_for(cleanup);
    const auto image = delivered(delivery, cleanup);
    const auto release = install(image, cleanup);
    if (auto failed = wait_until_ready()) return failed;
    if (auto failed = ask_from_outside(release)) return failed;
    if (auto failed = run_helm_tests(release)) return failed;
    return stay_ready();
  }

  static helm::Image delivered(std::future<helm::Image>& delivery, Cleanup& cleanup) {
    try {
      return delivery.get();
    } catch (const Error& error) {
      if (error.failure().id == failure::unreachable.id) cleanup.scratch_is_out_of_reach();
      throw;
    }
  }

  helm::Image bring_image() const {
    if (!prepared_.delivery.scratch) return deliver(prepared_.delivery, context_->env, *run_);
    io::Stage stage(run_->events, "deliver",
                    fmt::format("pushing {} to {}", report_.image, *prepared_.delivery.scratch));
    const auto image = deliver(prepared_.delivery, context_->env, *run_);
    stage.end(fmt::format("the cluster can pull {}", image.text()));
    return image;
  }

  void create_sandbox_for(Cleanup& cleanup) {
    const SandboxSpec spec{.name = prepared_.name_space,
                           .mine = prepared_.mine,
                           .image = report_.image,
                           .scratch = prepared_.delivery.scratch.value_or(""),
                           .pod_security = options_->pod_security,
                           .allow_egress = options_->allow_egress};
    // Set before the request: its answer may be lost.
    cleanup.made_namespace(spec.name);
    create_sandbox(*client_, spec, *run_);
    report_.name_space = spec.name;
    run_->events.note(fmt::format("namespace {} on {}", spec.name, report_.cluster), {{"namespace", spec.name}});
  }

  helm::Release install(const helm::Image& image, Cleanup& cleanup) {
    io::Stage stage(run_->events, "deploy",
                    fmt::format("installing chart {} as {}", prepared_.chart.name, prepared_.release),
                    {{"chart", prepared_.chart.name}, {"namespace", prepared_.name_space}});
    const helm::Upgrade upgrade{
        .release = prepared_.release,
        .chart = options_->chart,
        .values = data::to_json(with_image(prepared_.values, prepared_.chart, options_->image_key, image)),
        .description = "pipeline-test e2e",
        .labels = {},
        .timeout = options_->ready_timeout,
        .history_max = 1};
    auto release = helm_.upgrade(place_, upgrade, *run_);
    report_.manifest = release.manifest;
    objects_ = helm::parse_manifest(release.manifest, "the rendered chart");
    if (outlives_namespace(release)) cleanup.needs_uninstall(helm_, place_, prepared_.release);
    stage.end(fmt::format("{} objects", objects_.size()));
    return release;
  }

  /// Whether more than deleting the namespace is needed to be rid of the release.
  [[nodiscard]] bool outlives_namespace(const helm::Release& release) const {
    const bool hooks = std::ranges::any_of(release.hooks, [](const helm::Hook& hook) {
      return std::ranges::any_of(hook.events, [](const std::string& e) { return e.ends_with("-delete"); });
    });
    return hooks || std::ranges::any_of(objects_, [&](const helm::Object& object) {
             const auto* kind = kube::known_resource(object.api_version, object.key.kind);
             const auto& other = object.key.name_space;
             return kind == nullptr || !kind->namespaced || (!other.empty() && other != prepared_.name_space);
           });
  }

  Answer wait_until_ready() {
    std::vector<nlohmann::json> bodies;
    for (const auto& object : objects_) bodies.push_back(object.body);
    workloads_ = kube::workloads_of(bodies, prepared_.name_space);
    const auto count = workloads_.size();
    io::Stage stage(run_->events, "ready", fmt::format("waiting for {} workload{}", count, count == 1 ? "" : "s"));
    auto failed = wait_for(std::chrono::milliseconds{0});
    if (failed) stage.fail("not ready");
    else stage.end("all ready");
    ready_at_ = elapsed();
    return failed;
  }

  /// What was ready once has to be so still after the tests, and for as long as --stable says. The tests' own
  /// time counts, so that nobody waits twice.
  Answer stay_ready() {
    const auto left = std::max(options_->stable - (elapsed() - ready_at_), std::chrono::milliseconds{0});
    return wait_for(left);
  }

  Answer wait_for(std::chrono::milliseconds stable) {
    kube::TrackOptions track;
    track.policy.stable = stable;
    track.place = report_.cluster;
    const io::Run limited{run_->events, run_->stop, run_->deadline.sooner(Deadline::in(options_->ready_timeout))};
    for (const auto& outcome : kube::wait_ready(*client_, workloads_, track, limited)) {
      if (outcome.verdict.state == kube::State::done) continue;
      return Failed{kube::summary_line(outcome), kube::explain(outcome, {.place = place(), .next = {}})};
    }
    return std::nullopt;
  }

  [[nodiscard]] std::string place() const { return report_.cluster + "/" + prepared_.name_space; }

  Answer ask_from_outside(const helm::Release& release) {
    io::Stage stage(run_->events, "check", "asking from outside of the cluster");
    std::vector<nlohmann::json> services;
    for (const auto& item :
         client_->list(kube::path_of(*kube::known_resource("services"), prepared_.name_space), *run_))
      services.push_back(item);
    const auto ports = node_ports(services);
    if (ports.empty()) return without_route(release, stage);
    std::string why;
    const auto base = first_open(http_, node_addresses(*client_, prepared_.name_space, *run_), ports.front(),
                                 route_patience, why, *run_);
    if (!base) {
      stage.fail("no way in");
      return Failed{fmt::format("Service {} does not answer on its NodePort {}: {}", ports.front().service,
                                ports.front().node_port, why),
                    {}};
    }
    report_.route = *base;
    if (ports.front().tls) run_->events.note(fmt::format("the certificate at {} is not verified", *base));
    run_->events.note(fmt::format("asking at {} (NodePort of Service {})", *base, ports.front().service));
    const Questions questions{.base = *base,
                              .tls_unverified = ports.front().tls,
                              .spec = options_->spec,
                              .pages = options_->urls,
                              .files = prepared_.checks};
    report_.checks = ask(http_, questions, *run_);
    const auto failed = std::ranges::count_if(report_.checks, [](const CheckResult& r) { return !r.passed; });
    if (report_.checks.empty() && !tests_with_helm(release))
      throw Error(failure::bad_input, "nothing to test: no checks, no specification, no helm test",
                  "write checks.yaml and name it with --checks, or ask for one page with --url PATH");
    if (failed == 0) {
      stage.end(fmt::format("{} checks passed", report_.checks.size()));
      return std::nullopt;
    }
    stage.fail(fmt::format("{} of {} checks failed", failed, report_.checks.size()));
    std::vector<std::string> details;
    std::string first;
    for (const auto& one : report_.checks) {
      if (one.passed) continue;
      if (first.empty()) first = one.name;
      for (const auto& mismatch : one.mismatches)
        details.push_back(
            fmt::format("{}: {}: expected {}, got {}", one.name, mismatch.where, mismatch.expected, mismatch.got));
      details.push_back(fmt::format("  {}", one.curl));
    }
    return Failed{fmt::format("{} of {} checks failed: {}", failed, report_.checks.size(), first), std::move(details)};
  }

  Answer without_route(const helm::Release& release, io::Stage& stage) const {
    const bool wanted = !prepared_.checks.empty() || !options_->urls.empty() || options_->spec != "auto";
    if (!wanted && tests_with_helm(release)) {
      stage.end("no Service with a NodePort: only helm test");
      return std::nullopt;
    }
    throw Error(
        failure::bad_input,
        fmt::format("chart {} has no Service with a NodePort: nothing to ask from outside", prepared_.chart.name),
        "most charts have a value for it: --set service.type=NodePort");
  }

  [[nodiscard]] bool tests_with_helm(const helm::Release& release) const {
    if (options_->helm_test != "auto") return options_->helm_test == "yes";
    return std::ranges::any_of(release.hooks, [](const helm::Hook& hook) {
      return std::ranges::find(hook.events, "test") != hook.events.end();
    });
  }

  Answer run_helm_tests(const helm::Release& release) {
    if (!tests_with_helm(release)) return std::nullopt;
    io::Stage stage(run_->events, "helm-test", fmt::format("helm test {}", prepared_.release));
    const auto result = helm_.test(place_, prepared_.release, options_->ready_timeout, *run_);
    report_.helm_test = result.passed ? "passed" : "failed";
    if (result.passed) {
      stage.end("passed");
      return std::nullopt;
    }
    stage.fail("failed");
    return Failed{"helm test failed", result.lines};
  }

  void keep_evidence() {
    const auto directory = std::filesystem::path(options_->evidence) / prepared_.name_space;
    try {
      write_evidence(report_, *client_, directory, {run_->events, {}, Deadline::in(evidence_time)});
      run_->events.note(fmt::format("evidence in {}", directory.string()), {{"directory", directory.string()}});
    } catch (const Error& error) {
      run_->events.warn(fmt::format("no evidence: {}", error.message()));
    }
  }

  void tell_failure() const {
    auto text = report_.cause;
    for (const auto& line : report_.details) text += "\n  " + line;
    run_->events.emit({.kind = "verdict",
                       .level = io::Level::error,
                       .subject = prepared_.release,
                       .text = std::move(text),
                       .fields = {{"ok", false}, {"cause", report_.cause}}});
  }

  /// What cannot be removed is told and left to the watchdog and to gc; the image has passed all the same.
  void clean(Cleanup& cleanup) const {
    if (!report_.passed && options_->keep_on_failure) {
      cleanup.keep();
      run_->events.note(fmt::format("namespace {} stays until it expires: kubectl --context {} -n {} get pods",
                                    prepared_.name_space, report_.cluster, prepared_.name_space));
      return;
    }
    io::Stage stage(run_->events, "clean", fmt::format("removing namespace {}", prepared_.name_space));
    const auto left = cleanup.remove();
    if (left.empty()) stage.end(options_->cleanup_timeout.count() == 0 ? "the cluster ends it" : "nothing is left");
    else stage.fail(left);
  }

  const Options* all_;
  const E2eOptions* options_;
  cli::Context* context_;
  const io::Run* run_;
  Prepared prepared_;
  kube::Client* client_;
  helm::Program helm_;
  helm::Place place_;
  http::Client http_;
  std::chrono::steady_clock::time_point begun_;
  std::vector<helm::Object> objects_;
  std::vector<kube::Target> workloads_;
  std::chrono::milliseconds ready_at_{0};  ///< since the test began
  Report report_;
};

helm::Program open_helm(const cli::Context& context) {
  try {
    return helm::Program::open(context.env("HELM_BIN").value_or("helm"), context.run);
  } catch (const Error& error) {
    if (error.failure().id != failure::no_helm.id) throw;
    throw Error(failure::no_helm, error.message(), "install helm 3.15 or newer, or name it in HELM_BIN");
  }
}

/// Nothing is made in here: can it work at all?
void check_cluster(kube::Client& client, const io::Run& run) {
  const auto version = client.server_version(run);
  if (!client.allowed("create", *kube::known_resource("namespaces"), "", run))
    throw Error(failure::denied, fmt::format("you may not create namespaces on {}", client.access().context),
                "a cluster role with namespaces: create, get, list, delete is what it takes");
  run.events.detail(fmt::format("cluster {} runs Kubernetes {}", client.access().context, version));
}

}  // namespace

ExitCode test_in_cluster(const Options& options, cli::Context& context) {
  const auto named = named_image(options);
  const bool piped = named.empty() || named == "-";
  const auto& e2e = options.e2e;
  // The programs of a pipe start together: what has nothing to do with the image is found out while that is still
  // being built, and a misspelt file or a cluster that does not answer is told now.
  auto ground = read(e2e);
  std::optional<Prepared> prepared;
  if (!piped) prepared = prepare(named, std::move(ground), e2e, context);
  const auto config = kube::Config::load(
      e2e.kubeconfig ? std::optional<std::filesystem::path>(*e2e.kubeconfig) : std::nullopt, context.env);
  kube::Client client(config.access(e2e.kube_context), "pipeline-test");
  auto helm = open_helm(context);
  check_cluster(client, context.run);
  // The time that the build takes is not the test's.
  if (piped) {
    const io::Run unlimited{context.run.events, context.run.stop, {}};
    prepared = prepare(io::image_line(named, context.in, unlimited), std::move(ground), e2e, context);
  }
  context.run.deadline = Deadline::in(context.common.timeout.value_or(default_timeout));
  if (context.common.dry_run) {
    context.run.events.note(
        fmt::format("would push {} to {}, install chart {} in namespace {} on {} and ask {} checks files",
                    prepared->delivery.image, prepared->delivery.scratch.value_or("nowhere"), prepared->chart.name,
                    prepared->name_space, client.access().context, prepared->checks.size()));
    return ExitCode::ok;
  }
  return Test(options, context, std::move(*prepared), client, std::move(helm)).go();
}

}  // namespace slipway::pipeline_test
