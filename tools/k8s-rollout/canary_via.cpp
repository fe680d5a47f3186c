// SPDX-License-Identifier: Apache-2.0
// The other form of a canary: a Deployment of its own behind the same Service. What share of the requests it gets is
// the Service's doing, by its ready endpoints.
#include "canary.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "plan.hpp"
#include "status.hpp"
#include "table.hpp"
#include "workloads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace slipway::rollout {

using kube::Kind;
using kube::list_at;
using kube::map_at;
using kube::text_at;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

bool selects(const json& selector, const json& labels) {
  if (!selector.is_object() || selector.empty()) return false;
  return std::ranges::all_of(selector.items(), [&](const auto& each) {
    const auto found = labels.find(each.key());
    return found != labels.end() && *found == each.value();
  });
}

const json& labels_of(const json& deployment) { return map_at(deployment, {"spec", "template", "metadata", "labels"}); }
const json& selector_of(const json& deployment) { return map_at(deployment, {"spec", "selector", "matchLabels"}); }

/// Each would count, and remove, the other's pods.
void check_apart(const json& a, const json& b) {
  const auto name = [](const json& object) { return text_at(object, {"metadata", "name"}); };
  for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)})
    if (selects(selector_of(*one), labels_of(*other)))
      throw Error(failure::conflict,
                  fmt::format("the selector of deployment/{} also matches the pods of deployment/{}: they "
                              "would fight over them",
                              name(*one), name(*other)),
                  "give the canary a label of its own in both selectors");
}

Site via_site(Session& session, const Site& main) {
  const auto wishes = parse_arguments({*session.options.via});
  if (wishes.size() != 1 || wishes.front().kind != Kind::deployment || wishes.front().name.empty())
    throw Error(failure::bad_usage, fmt::format("--via '{}' is no deploy/NAME", *session.options.via));
  Site site = main;
  site.target.name = wishes.front().name;
  return site;
}

/// @param seen the object that `pod_template` was made from
Done set_template(Session& session, Site& site, const json& seen, const json& pod_template, std::string text) {
  const auto patch = [&](const json& object) {
    if (map_at(object, {"spec", "template"}) != map_at(seen, {"spec", "template"}))
      throw Error(failure::conflict, fmt::format("{} was changed by someone else meanwhile", site.target.text()),
                  fmt::format("k8s-rollout history {}", site.arguments()));
    return json::array({{{"op", "test"}, {"path", "/metadata/uid"}, {"value", text_at(object, {"metadata", "uid"})}},
                        {{"op", "test"},
                         {"path", "/metadata/resourceVersion"},
                         {"value", text_at(object, {"metadata", "resourceVersion"})}},
                        {{"op", "replace"}, {"path", "/spec/template"}, {"value", pod_template}}});
  };
  Done done;
  done.at = site.client->now();
  done.text = std::move(text);
  if (session.sends()) (void)patch_with(session, site, patch);
  return done;
}

/// The images of `from` for the containers that both have.
json images_like(json pod_template, const json& from) {
  std::vector<std::pair<std::string, std::string>> images;
  for (const auto& container : list_at(pod_template, {"spec", "containers"}))
    for (const auto& other : list_at(from, {"spec", "containers"}))
      if (text_at(container, {"name"}) == text_at(other, {"name"}))
        images.emplace_back(text_at(container, {"name"}), text_at(other, {"image"}));
  if (images.empty())
    throw Error(failure::bad_input, "the canary and the main Deployment have no container of the same name");
  return with_images(std::move(pod_template), images);
}

}  // namespace

ExitCode canary_via(Session& session, const std::string& step, Site& main) {
  auto via = via_site(session, main);
  const auto base = main.client->get(path_of(main), session.run());
  const auto twin = main.client->get(path_of(via), session.run());
  check_apart(base, twin);
  Site* site = &via;
  Done done;
  if (step == "start") {
    if (session.options.images.empty()) throw Error(failure::bad_usage, "canary start needs --image [CONTAINER=]REF");
    done = set_template(session, via, twin, with_images(map_at(twin, {"spec", "template"}), images_of(session.options)),
                        "canary started");
  } else if (step == "promote") {
    site = &main;
    done = set_template(session, main, base,
                        images_like(map_at(base, {"spec", "template"}), map_at(twin, {"spec", "template"})),
                        "canary promoted");
  } else if (step == "abort") {
    done = set_template(session, via, twin,
                        images_like(map_at(twin, {"spec", "template"}), map_at(base, {"spec", "template"})),
                        "canary aborted");
  } else {
    throw Error(failure::bad_usage, "canary status of a canary Deployment goes by its Service: canary status svc/NAME");
  }
  auto code = ExitCode::ok;
  if (!session.context.common.dry_run) {
    session.leaves(*site, fmt::format("{}; what is written stays, and goes on: k8s-rollout status {}", done.text,
                                      site->arguments()));
    const auto outcome = follow(session, *site, done.at);
    code = kube::exit_code_of(outcome.verdict.state);
    done.text += "; " + kube::summary_line(outcome);
    if (code == ExitCode::ok && step == "start")
      if (const auto wrong = bake(session, via); !wrong.empty()) {
        code = ExitCode::no;
        done.text += "; " + wrong;
      }
    // Against the main one: the same load, the same minutes.
    if (step == "start") {
      auto look = track_options(session.options, *main.cluster);
      look.wait = false;
      const auto both = kube::wait_ready(*main.client, {main.target, via.target}, look, session.run());
      const auto& a = both[0].verdict;
      const auto& b = both[1].verdict;
      done.text += fmt::format("; {}: {} of {} ready, {} restarts; {}: {} of {} ready, {} restarts", main.target.name,
                               a.counts.ready, a.counts.wanted, a.restarts, via.target.name, b.counts.ready,
                               b.counts.wanted, b.restarts);
    }
    if (code == ExitCode::no && step == "start" && session.options.abort_on_failure) {
      const auto reason = done.text;
      const auto now = main.client->get(path_of(via), session.run());
      done = set_template(session, via, now, map_at(twin, {"spec", "template"}), reason + "; put back");
      const auto back = follow(session, via, done.at);
      code = back.verdict.state == kube::State::done ? ExitCode::undone : ExitCode::not_undone;
    }
  }
  done.text += session.dry_run_note();
  if (session.json())
    session.context.out.print_line(ordered_json{
        {"schema", schema},
        {"command", "canary " + step},
        {"cluster", main.cluster->name},
        {"workload", site->target.text()},
        {"status", status(code)},
        {"text", done.text}}.dump());
  else
    session.context.out.print_line(fmt::format("{}{} \"{}\" {}", session.prefix(*main.cluster), site->target.type(),
                                               site->target.name, done.text));
  return code;
}

ExitCode canary_service(Session& session, std::size_t index, const std::string& name) {
  auto& client = session.clients[index];
  const auto& cluster = session.clusters[index];
  const auto& run = session.run();
  const auto space = cluster.namespace_of(name, session.options.service);
  const auto service = client.get(kube::path_of(*kube::known_resource("services"), space, name), run);
  const auto& selector = map_at(service, {"spec", "selector"});
  struct Share {
    std::string name;
    std::string images;
    json selector;
    int ready = 0;
    int replicas = 0;
  };
  std::vector<Share> shares;
  std::vector<json> found;
  for (auto& deployment : client.list(kube::path_of(*kube::known_resource("deployments"), space), run)) {
    if (!selects(selector, labels_of(deployment))) continue;
    for (const auto& other : found) check_apart(deployment, other);
    std::vector<std::string> images;
    for (const auto& container : list_at(deployment, {"spec", "template", "spec", "containers"}))
      images.push_back(text_at(container, {"image"}));
    shares.push_back({text_at(deployment, {"metadata", "name"}), text::join(images, ","), selector_of(deployment), 0,
                      kube::int_at(deployment, {"spec", "replicas"}, 1)});
    found.push_back(std::move(deployment));
  }
  if (shares.empty())
    throw Error(failure::not_found,
                fmt::format("no Deployment's pods are behind service/{} in {}/{}", name, cluster.name, space));
  std::map<std::string, json> labels;  // of pods
  const auto pods = kube::with_query(kube::path_of(*kube::known_resource("pods"), space), {});
  for (const auto& pod : client.list(pods, run))
    labels.emplace(text_at(pod, {"metadata", "name"}), map_at(pod, {"metadata", "labels"}));
  const auto slices = kube::with_query(kube::path_of(*kube::known_resource("endpointslices"), space),
                                       {{"labelSelector", "kubernetes.io/service-name=" + name}});
  int total = 0;
  for (const auto& slice : client.list(slices, run))
    for (const auto& endpoint : list_at(slice, {"endpoints"})) {
      const auto* ready = kube::field(endpoint, {"conditions", "ready"});
      if (ready && ready->is_boolean() && !ready->get<bool>()) continue;
      const auto pod = labels.find(text_at(endpoint, {"targetRef", "name"}));
      if (pod == labels.end()) continue;
      for (auto& share : shares)
        if (selects(share.selector, pod->second)) {
          ++share.ready;
          ++total;
        }
    }
  std::vector<std::vector<std::string>> rows{{"DEPLOYMENT", "READY", "SHARE", "IMAGES"}};
  ordered_json all = ordered_json::array();
  for (const auto& share : shares) {
    const double percent = total == 0 ? 0.0 : 100.0 * share.ready / total;
    rows.push_back({share.name, fmt::format("{}/{}", share.ready, share.replicas), fmt::format("{:.1f} %", percent),
                    share.images});
    all.push_back({{"deployment", share.name},
                   {"ready", share.ready},
                   {"replicas", share.replicas},
                   {"share", percent},
                   {"images", share.images}});
  }
  if (session.json())
    session.context.out.print_line(ordered_json{
        {"schema", schema},
        {"command", "canary status"},
        {"cluster", cluster.name},
        {"service", name},
        {"deployments", all}}.dump());
  else session.context.out.print(table(rows));
  return total == 0 ? ExitCode::no : ExitCode::ok;
}

}  // namespace slipway::rollout
