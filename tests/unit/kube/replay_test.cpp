// SPDX-License-Identifier: Apache-2.0
// The verdict over whole watch streams, kept as data in streams/: composed ones for every row of the tables, and
// some that were recorded on a real cluster. Each has to come to its verdict in its time, and to the same one when
// the watches overtake each other and the lists inside the objects stand in another order.
#include "core/fs.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "kube/workload.hpp"
#include "support/catch.hpp"
#include "support/places.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

using namespace slipway;
using namespace slipway::kube;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

struct Line {
  double at = 0;
  std::string type;
  json object;
};

struct Stream {
  std::string name;
  json head;
  std::vector<Line> lines;
};

struct Came {
  State state = State::progressing;
  std::string id;
  double at = 0;
  bool recovered = false;
};

Stream read_stream(const std::filesystem::path& file) {
  Stream stream;
  stream.name = file.stem().string();
  for (const auto& text : text::split(fs::read_file(file), '\n')) {
    if (text.empty()) continue;
    auto line = json::parse(text);
    if (stream.head.is_null()) stream.head = std::move(line);
    else stream.lines.push_back({line["t"].get<double>(), line["type"], line["object"]});
  }
  return stream;
}

std::vector<Stream> all_streams() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(testing::source_dir() / "tests/unit/kube/streams"))
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<Stream> streams;
  for (const auto& file : files) streams.push_back(read_stream(file));
  return streams;
}

Policy policy_of(const json& wanted) {
  Policy policy;
  const auto seconds = [&](const char* key) -> std::optional<std::chrono::milliseconds> {
    if (!wanted.contains(key)) return std::nullopt;
    return std::chrono::seconds(wanted[key].get<int>());
  };
  policy.stable = seconds("stable").value_or(0ms);
  policy.no_progress = seconds("no_progress");
  policy.patience = seconds("patience");
  policy.fail_unready_after = seconds("fail_unready_after");
  policy.require_full = wanted.value("require_full", false);
  policy.ignore_unready_nodes = wanted.value("ignore_unready_nodes", false);
  for (const auto& id : wanted.value("fails", std::vector<std::string>{})) policy.classes[id] = Mode::fail;
  for (const auto& rule : wanted.value("ready_when", std::vector<std::string>{}))
    policy.rules.ready.push_back(parse_ready_rule(rule));
  for (const auto& rule : wanted.value("failed_when", std::vector<std::string>{}))
    policy.rules.failed.push_back(parse_ready_rule(rule));
  return policy;
}

/// What the tracker keeps of the watches, without the network.
class Replay {
 public:
  Replay(const Stream& stream, unsigned seed) : stream_(stream), random_(seed), shuffles_(seed != 0) {
    kind_ = kind_of(stream.head["kind"].get<std::string>()).value_or(Kind::custom);
    policy_ = policy_of(stream.head["policy"]);
    base_ = *text::parse_rfc3339(stream.head["base"].get<std::string>());
    lines_ = stream.lines;
    if (shuffles_) overtake();
  }

  Came run() {
    const auto limit = stream_.head["expect"]["to"].get<double>() + 40;
    Came came;
    std::size_t next = 0;
    double due = lines_.empty() ? 0 : lines_.front().at;
    for (double t = due; t <= limit;) {
      while (next < lines_.size() && lines_[next].at <= t) take(lines_[next++]);
      snapshot_.now = base_ + std::chrono::milliseconds(static_cast<std::int64_t>(t * 1000));
      // The tracker judges nothing before the first list of the workload is complete.
      seen_ = seen_ || snapshot_.object.has_value();
      if (!seen_) {
        t = lines_[next].at;
        continue;
      }
      const auto verdict = judge(snapshot_, policy_, memory_);
      came.recovered = came.recovered || !verdict.recovered.empty();
      if (verdict.state != State::progressing) {
        came.state = verdict.state;
        came.id = verdict.state == State::failed && verdict.cause ? verdict.cause->id : "";
        came.at = t;
        return came;
      }
      // Only what arrives, and what the verdict itself asked for, makes the tracker look again.
      due = limit + 1;
      if (verdict.look_again) due = t + static_cast<double>(verdict.look_again->count()) / 1000.0;
      if (next < lines_.size()) due = std::min(due, lines_[next].at);
      t = std::max(due, t + 0.001);
    }
    came.at = limit;
    return came;
  }

 private:
  /// Watches are connections of their own: what one says may come after what another said later. Within one the
  /// order stays.
  void overtake() {
    std::map<std::string, double> last;
    std::uniform_real_distribution<double> delay(0.0, 0.4);
    for (auto& line : lines_) {
      auto& before = last[text_at(line.object, {"kind"})];
      line.at = before = std::max(before, line.at + delay(random_));
    }
    std::ranges::stable_sort(lines_, {}, &Line::at);
  }

  void shuffle(json& object) {
    if (!shuffles_) return;
    const auto mix = [&](json& list) { std::shuffle(list.begin(), list.end(), random_); };
    if (object.contains("status") && object["status"].is_object())
      for (const char* key : {"conditions", "containerStatuses", "initContainerStatuses"})
        if (object["status"].contains(key) && object["status"][key].is_array()) mix(object["status"][key]);
  }

  template <typename Item, typename Read>
  void keep(std::vector<Item>& list, const Line& line, Read read) {
    const auto uid = text_at(line.object, {"metadata", "uid"});
    std::erase_if(list, [&](const Item& item) { return item.uid == uid; });
    if (line.type == "DELETED") return;
    if (shuffles_) list.insert(list.begin(), read(line.object));
    else list.push_back(read(line.object));
  }

  void take(Line line) {
    shuffle(line.object);
    const auto kind = text_at(line.object, {"kind"});
    if (kind == "Event") {
      events_[text_at(line.object, {"metadata", "uid"})] = read_event(line.object);
      snapshot_.events.clear();
      for (const auto& [uid, event] : events_) snapshot_.events.push_back(event);
    } else if (kind == "Node") {
      bool ready = false;
      for (const auto& condition : list_at(line.object, {"status", "conditions"}))
        if (text_at(condition, {"type"}) == "Ready") ready = text_at(condition, {"status"}) == "True";
      if (ready) snapshot_.unready_nodes.erase(text_at(line.object, {"metadata", "name"}));
      else snapshot_.unready_nodes.insert(text_at(line.object, {"metadata", "name"}));
    } else if (kind == stream_.head["kind"].get<std::string>()) {
      if (line.type == "DELETED") {
        snapshot_.last = read_workload(line.object, kind_, policy_.rules);
        snapshot_.object.reset();
      } else {
        snapshot_.object = read_workload(line.object, kind_, policy_.rules);
      }
      if (kind_ == Kind::pod) keep(snapshot_.pods, line, read_pod);
    } else if (kind == "ReplicaSet") {
      keep(snapshot_.replica_sets, line, read_replica_set);
    } else if (kind == "Pod") {
      keep(snapshot_.pods, line, read_pod);
    } else if (kind == "ControllerRevision") {
      keep(snapshot_.revisions, line, read_revision);
    }
  }

  const Stream& stream_;
  std::minstd_rand random_;
  bool shuffles_;
  Kind kind_ = Kind::deployment;
  Policy policy_;
  bool seen_ = false;
  Time base_;
  std::vector<Line> lines_;
  std::map<std::string, EventFact> events_;
  Snapshot snapshot_;
  Memory memory_;
};

}  // namespace

TEST_CASE("every stream comes to its verdict in its time") {
  const auto streams = all_streams();
  REQUIRE(streams.size() > 90);
  for (const auto& stream : streams) {
    INFO(stream.name);
    const auto& expected = stream.head["expect"];
    const auto came = Replay(stream, 0).run();
    CHECK(std::string(name_of(came.state)) == expected["state"].get<std::string>());
    CHECK(came.id == expected["id"].get<std::string>());
    CHECK(came.at >= expected["from"].get<double>() - 0.001);
    CHECK(came.at <= expected["to"].get<double>());
  }
}

TEST_CASE("the order of watches, lists and conditions never matters") {
  for (const auto& stream : all_streams()) {
    INFO(stream.name);
    const auto straight = Replay(stream, 0).run();
    for (unsigned seed = 1; seed <= 25; ++seed) {
      INFO("seed " << seed);
      const auto came = Replay(stream, seed).run();
      REQUIRE(came.state == straight.state);
      REQUIRE(came.id == straight.id);
      // A start that has to last for three seconds may be told of before or after they are over.
      REQUIRE(std::abs(came.at - straight.at) < 4.0);
    }
  }
}

TEST_CASE("every failure class has a stream that fails by it and one that heals") {
  std::map<std::string, int> fails;
  std::vector<std::string> heals;
  for (const auto& stream : all_streams()) {
    const auto& expected = stream.head["expect"];
    if (expected["state"] == "failed") ++fails[expected["id"].get<std::string>()];
    if (stream.name.ends_with("-heals")) heals.push_back(stream.name);
  }
  for (const auto& kind : trouble_classes()) {
    INFO(kind.id);
    const std::string id(kind.id);
    CHECK(fails[id] > 0);
    if (kind.patience > 0s || kind.attempts > 0 || kind.proof != Proof::deterministic)
      CHECK(std::ranges::any_of(heals, [&](const std::string& name) { return name.starts_with(id); }));
  }
}
