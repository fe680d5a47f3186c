// SPDX-License-Identifier: Apache-2.0
// The commands that change something, and `plan`: what is known of runs, and going on with one.
#include "plan.hpp"

#include "core/error.hpp"
#include "core/text.hpp"
#include "journal.hpp"
#include "kube/fields.hpp"
#include "runner.hpp"
#include "table.hpp"

#include <fmt/format.h>

#include <optional>
#include <set>

namespace slipway::rollout {

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

std::string state_of(const std::vector<json>& lines) {
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    if (kube::text_at(*line, {"event"}) == "end")
      return kube::int_at(*line, {"status"}) == 0 ? "done"
                                                  : fmt::format("ended with {}", kube::int_at(*line, {"status"}));
  return "unfinished";
}

std::vector<Wish> wishes_from(const json& named) {
  std::vector<Wish> wishes;
  for (const auto& each : named) {
    Wish wish;
    const auto type = kube::text_at(each, {"type"});
    const auto kind = kube::kind_of(type);
    wish.kind = kind.value_or(kube::Kind::custom);
    if (!kind) wish.custom = type;
    wish.name = kube::text_at(each, {"name"});
    if (auto space = kube::text_at(each, {"namespace"}); !space.empty()) wish.name_space = std::move(space);
    if (auto where = kube::text_at(each, {"context"}); !where.empty()) wish.context = std::move(where);
    wishes.push_back(std::move(wish));
  }
  return wishes;
}

}  // namespace

ExitCode act(Session& session, const std::vector<Wish>& wishes) {
  Runner runner(session, action_for(session), std::nullopt);
  if (!runner.preflight(wishes)) return runner.finish(runner.looked());
  runner.ask();
  runner.start_journal(wishes);
  return runner.run();
}

ExitCode plan(const Options& options, cli::Context& context) {
  const auto& words = options.workloads;
  const std::string step = words.empty() ? "list" : words.front();
  static const std::vector<std::string> known{"list", "show", "continue", "abort"};
  if (std::ranges::find(known, step) == known.end())
    throw Error(failure::bad_usage, fmt::format("plan knows no '{}'{}", step, text::did_you_mean(step, known)),
                "it knows list, show, continue and abort");
  const auto folder = journal_folder(context.env);
  if (step == "list") {
    std::vector<std::vector<std::string>> rows{{"RUN", "COMMAND", "WORKLOADS", "STATE"}};
    ordered_json all = ordered_json::array();
    for (const auto& id : journal_ids(folder)) {
      std::vector<json> lines;
      try {
        lines = read_journal(folder, id);
      } catch (const Error&) {
        continue;  // a run that was killed before its first line was whole has done nothing
      }
      std::set<std::string> steps;
      for (const auto& line : lines)
        if (auto key = kube::text_at(line, {"step"}); !key.empty()) steps.insert(std::move(key));
      const auto command = kube::text_at(lines.front(), {"options", "command"});
      rows.push_back({id, command, std::to_string(steps.size()), state_of(lines)});
      all.push_back({{"plan", id}, {"command", command}, {"steps", steps}, {"state", state_of(lines)}});
    }
    if (context.common.json || options.output == "json")
      context.out.print_line(ordered_json{{"schema", schema}, {"command", "plan"}, {"plans", all}}.dump());
    else if (rows.size() > 1) context.out.print(table(rows));
    return ExitCode::ok;
  }
  if (words.size() != 2)
    throw Error(failure::bad_usage, fmt::format("plan {} needs the run's id", step), "k8s-rollout plan list");
  const auto lines = read_journal(folder, words[1]);
  if (step == "show") {
    if (context.common.json || options.output == "json") {
      context.out.print_line(
          ordered_json{{"schema", schema}, {"command", "plan"}, {"state", state_of(lines)}, {"lines", lines}}.dump());
      return ExitCode::ok;
    }
    context.out.print_line(
        fmt::format("run {}: {}, {}", words[1], kube::text_at(lines.front(), {"options", "command"}), state_of(lines)));
    for (const auto& line : lines)
      if (const auto key = kube::text_at(line, {"step"}); !key.empty())
        context.out.print_line(
            fmt::format("{}  {:<8} {}{}", kube::text_at(line, {"at"}), kube::text_at(line, {"event"}), key,
                        kube::text_at(line, {"text"}).empty() ? "" : "  " + kube::text_at(line, {"text"})));
    return ExitCode::ok;
  }
  // A dry run leaves the record as it is, too: what it did not do must not be noted down as done.
  std::optional<Journal> journal;
  if (!context.common.dry_run) journal = Journal::open(folder, words[1]);
  auto saved = options_from_json(lines.front().at("options"));
  saved.yes = options.yes;
  Session session(saved, context);
  auto action = action_for(session);
  action.check = [](Step&) {};  // it was fit when it began; what came since is looked at step by step
  Runner runner(session, std::move(action), std::move(journal));
  if (!runner.preflight(wishes_from(lines.front().at("wishes")), true)) return runner.looked();
  runner.resume(lines);
  return session.told_when_stopped([&] { return step == "continue" ? runner.run() : runner.abort(); });
}

}  // namespace slipway::rollout
