// SPDX-License-Identifier: Apache-2.0
#include "core/fs.hpp"
#include "journal.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"

using namespace slipway;
using namespace slipway::rollout;
using nlohmann::json;
using slipway::testing::failed;

namespace {

json head() { return {{"options", options_to_json(Options{})}}; }

}  // namespace

TEST_CASE("what is written can be read, but for a last line that was cut short") {
  const fs::TempDir folder("journal");
  std::string id;
  {
    auto journal = Journal::create(folder.path() / "deep", head());
    id = journal.id();
    journal.write({{"event", "intent"}, {"step", "a"}});
  }
  const auto where = folder.path() / "deep";
  CHECK(journal_ids(where) == std::vector<std::string>{id});
  CHECK(read_journal(where, id).size() == 2);
  const auto file = where / (id + ".jsonl");
  fs::write_file(file, fs::read_file(file) + "{\"event\":\"do");
  CHECK(read_journal(where, id).size() == 2);
}

TEST_CASE("a run that lives is not taken over, one that died is") {
  const fs::TempDir folder("journal");
  std::string id;
  {
    const auto journal = Journal::create(folder.path(), head());
    id = journal.id();
    (void)failed(failure::busy, [&] { (void)Journal::open(folder.path(), id); });
  }
  CHECK(Journal::open(folder.path(), id).id() == id);
}

TEST_CASE("an id is no path") {
  const fs::TempDir folder("journal");
  for (const char* id : {"../x", "", "none", "a/b", "."})
    (void)failed(failure::not_found, [&] { (void)read_journal(folder.path(), id); });
}

TEST_CASE("options come back as they were") {
  Options options;
  options.command = "restart";
  options.contexts = "dc1,dc2";
  options.name_space = "web";
  options.bake = std::chrono::seconds(90);
  options.checks = {"curl -f x", "true"};
  options.to_revision = 7;
  options.wait_terminated = true;
  options.on_failure = "undo-all";
  const auto again = options_from_json(json::parse(options_to_json(options).dump()));
  CHECK(again.command == "restart");
  CHECK(again.contexts == "dc1,dc2");
  CHECK(again.name_space == "web");
  CHECK(again.bake == std::chrono::seconds(90));
  CHECK(again.checks == options.checks);
  CHECK(again.to_revision == 7);
  CHECK(again.wait_terminated);
  CHECK(again.on_failure == "undo-all");
  CHECK_FALSE(again.stable);
}
