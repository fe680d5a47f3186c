// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "io/events.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace slipway;

namespace {

io::Events::Clock fixed_clock() {
  return [] { return *text::parse_rfc3339("2026-11-24T10:15:00Z"); };
}

/// The same little story in every view.
void tell(io::Events& events) {
  io::Stage build(events, "build", "variant test");
  build.progress("step 1 of 2");
  events.output("build", "compiling\x1b[2J");
  events.detail("only for --verbose");
  build.end("svc:1", {{"layers", std::int64_t{2}}});
  events.warn("the tag moved");
  {
    const io::Stage broken(events, "run", "test");
  }
  events.finish();
}

std::string without_times(const std::string& lines) {
  std::string out;
  for (const auto& line : text::split(lines, '\n'))
    if (line.size() > 9) out += line.substr(9, line.find(" (0.") - 9) + "\n";
  return out;
}

}  // namespace

TEST_CASE("plain lines hold what a person needs and no cursor codes", "[events]") {
  const testing::MemoryFile err;
  io::Events events(fixed_clock());
  events.add(io::plain_view(err.fd(), io::Level::note, false));
  tell(events);
  CHECK(without_times(err.text()) == "     build    variant test\n"
                                     "     build    step 1 of 2\n"
                                     "build   | compiling\\x1b[2J\n"
                                     "ok   build    svc:1\n"
                                     "warning: the tag moved\n"
                                     "     run      test\n"
                                     "FAIL run      not finished\n");
}

TEST_CASE("--quiet leaves warnings and failures", "[events]") {
  const testing::MemoryFile err;
  io::Events events(fixed_clock());
  events.add(io::plain_view(err.fd(), io::Level::warning, false));
  tell(events);
  CHECK(without_times(err.text()) == "warning: the tag moved\nFAIL run      not finished\n");
}

TEST_CASE("colour never stands alone", "[events]") {
  const testing::MemoryFile err;
  io::Events events(fixed_clock());
  events.add(io::plain_view(err.fd(), io::Level::note, true));
  events.warn("careful");
  CHECK(err.text().find("\x1b[33mwarning: careful\x1b[0m\n") != std::string::npos);
}

TEST_CASE("the JSON lines hold every event with its fields", "[events]") {
  const fs::TempDir dir("slipway-test");
  const auto file = (dir.path() / "events").native();
  {
    io::Events events(fixed_clock());
    events.add(io::json_lines_view(file, "pipeline-build"));
    tell(events);
  }
  std::vector<nlohmann::json> lines;
  for (const auto& line : text::split(fs::read_file(file), '\n'))
    if (!line.empty()) lines.push_back(nlohmann::json::parse(line));
  REQUIRE(lines.size() == 8);
  for (const auto& line : lines) {
    CHECK(line["schema"] == "event-log/v1");
    CHECK(line["at"] == "2026-11-24T10:15:00.000Z");
    CHECK(line["tool"] == "pipeline-build");
    CHECK(line["run"] == lines[0]["run"]);
  }
  CHECK(lines[0]["kind"] == "stage.start");
  CHECK(lines[0]["subject"] == "build");
  CHECK(lines[4]["kind"] == "stage.end");
  CHECK(lines[4]["layers"] == 2);
  CHECK(lines[4]["ok"] == true);
  CHECK(lines[4]["seconds"].is_number());
  CHECK(lines[7]["ok"] == false);
}

TEST_CASE("bytes that are no UTF-8 do not break the log", "[events]") {
  const fs::TempDir dir("slipway-test");
  const auto file = (dir.path() / "events").native();
  io::Events events(fixed_clock());
  events.add(io::json_lines_view(file, "t"));
  events.note("caf\xe9");
  CHECK(nlohmann::json::parse(fs::read_file(file))["text"] == "caf\xEF\xBF\xBD");
}

TEST_CASE("the live view redraws its block and leaves final lines above", "[events]") {
  const testing::MemoryFile err;
  io::Events events(fixed_clock());
  events.add(io::live_view(err.fd(), io::Level::note, false));
  {
    io::Stage push(events, "push", "svc");
    events.emit({.kind = "layer", .level = io::Level::note, .subject = "sha256:1", .text = "50 %"});
    events.note("hello");
    push.end("done");
  }
  events.finish();
  const auto text = err.text();
  CHECK(text.find("hello\n") < text.find("     push     svc\n", text.find("hello")));
  CHECK(text.find("ok   push     done") != std::string::npos);
  CHECK(text.find("\x1b[2A") != std::string::npos);
}

TEST_CASE("an error is printed once with place and hint", "[events]") {
  auto error = Error(failure::denied, "registry.example.org refused the credentials for 'mathoid'",
                     "docker login registry.example.org")
                   .add_place("POST https://registry.example.org/v2/ (HTTP 401)");
  CHECK(io::render_error("registry-push", error, io::ErrorFormat::text) ==
        "registry-push: registry.example.org refused the credentials for 'mathoid'\n"
        "  at   POST https://registry.example.org/v2/ (HTTP 401)\n"
        "  try  docker login registry.example.org\n");
  const auto json = nlohmann::json::parse(io::render_error("registry-push", error, io::ErrorFormat::json));
  CHECK(json["id"] == "denied");
  CHECK(json["status"] == 77);
  CHECK(json["at"][0] == "POST https://registry.example.org/v2/ (HTTP 401)");
}

TEST_CASE("a finding shows the line and a caret under the place", "[events]") {
  const Diagnostic finding{.file = "blubber.yaml",
                           .line = 14,
                           .column = 2,
                           .width = 5,
                           .message = "unknown key 'copes'",
                           .suggestion = "copies",
                           .path = "variants.production.copes",
                           .source_line = "\tcopes: build"};
  CHECK(io::render_diagnostic(finding) == "blubber.yaml:14:2: error: unknown key 'copes'; did you mean 'copies'?\n"
                                          "   14 | \tcopes: build\n"
                                          "      | \t^~~~~\n");
}
