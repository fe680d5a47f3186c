// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "io/columns.hpp"
#include "io/events.hpp"
#include "io/live_view.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <thread>

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

TEST_CASE("a log that cannot be written is told once, and nothing else changes", "[events]") {
  std::vector<std::string> told;
  io::Events events(fixed_clock());
  events.add(io::json_lines_view("/dev/full", "t", [&](const Error& error) { told.push_back(error.message()); }));
  events.note("one");
  events.note("two");
  CHECK(told == std::vector<std::string>{"cannot write the event log /dev/full: No space left on device"});
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

namespace {

/// A window whose size the test sets, and a clock that it turns.
struct Screen {
  testing::MemoryFile file;
  io::WindowSize size{60, 10};
  std::chrono::system_clock::time_point now = *text::parse_rfc3339("2026-11-24T10:15:00Z");
  io::Events events{[this] { return now; }};

  explicit Screen(std::chrono::milliseconds redraw = {}) {
    events.add(io::live_view(file.fd(), io::Level::note, false,
                             {.size = [this](int) { return size; }, .redraw = redraw}));
  }
  void pods(const std::string& subject, std::int64_t available, std::int64_t updated, std::int64_t wanted,
            const std::string& text) {
    now += std::chrono::seconds(1);
    events.emit({.kind = "progress",
                 .subject = subject,
                 .text = text,
                 .fields = {{"wanted", wanted}, {"updated", updated}, {"available", available}}});
  }
  /// The lines of the last frame.
  [[nodiscard]] std::vector<std::string> last() const {
    const auto all = file.text();
    auto lines = text::split(all.substr(all.rfind("\x1b[J") + 3), '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
  }
};

}  // namespace

TEST_CASE("workloads stand in a table with a bar and an age", "[events]") {
  Screen screen;
  screen.pods("deployment/web", 4, 6, 10, "6 of 10 updated");
  CHECK(screen.last() == std::vector<std::string>{"deployment/web  [####==----] 4/6/10   0:00  6 of 10 updated"});
  screen.now += std::chrono::seconds(69);
  screen.pods("ds/a", 1, 1, 1, "done soon");
  CHECK(screen.last()[0].find("1:10") != std::string::npos);
  CHECK(screen.last()[1] == "ds/a            [##########] 1/1/1    0:00  done soon");
  screen.events.emit({.kind = "verdict", .level = io::Level::detail, .subject = "ds/a", .text = "rolled out"});
  screen.now += std::chrono::seconds(5);
  screen.pods("x", 0, 0, 0, "nothing is wanted");  // no bar to draw
  CHECK(screen.last()[1].ends_with("0:00  rolled out"));
  CHECK(screen.last().back() == "     x        nothing is wanted");
}

TEST_CASE("a row that is too long is folded, one that is too wide in characters, too", "[events]") {
  Screen screen;
  screen.size.columns = 40;
  screen.pods("dep/web", 1, 2, 2, "1 of 2 updated; ImageNotFound: the registry does not have it");
  for (const auto& line : screen.last()) CHECK(line.size() <= 40);
  CHECK(screen.last().size() > 2);
  screen.size.columns = 20;
  screen.pods("\u5b89\u5168\u7684\u8239\u5b89\u5168", 1, 2, 2, "\u5b89\u5168\u7684\u8239");
  for (const auto& line : screen.last()) CHECK(io::columns_of(line) <= 20);
}

TEST_CASE("what does not fit into the window's height is said", "[events]") {
  Screen screen;
  screen.size.rows = 6;
  for (int i = 0; i < 9; ++i) screen.pods("ds/" + std::to_string(i), 0, 0, 1, "waits");
  const auto lines = screen.last();
  REQUIRE(lines.size() == 5);
  CHECK(lines[4] == "... and 5 more lines");
}

TEST_CASE("a window that became narrower is wiped whole", "[events]") {
  Screen screen;
  screen.pods("ds/a", 0, 0, 1, "a text of some length here");
  const auto width = screen.last()[0].size();
  screen.size.columns = 20;
  screen.pods("ds/a", 0, 0, 1, "x");
  // The terminal has folded the old line to so many; from there on is wiped.
  const auto up = "\x1b[" + std::to_string((width + 19) / 20) + "A\r\x1b[J";
  CHECK(screen.file.text().find(up) != std::string::npos);
}

TEST_CASE("ages grow although nothing happens", "[events]") {
  Screen screen(std::chrono::milliseconds(50));
  screen.pods("ds/a", 0, 0, 1, "waits");
  bool grown = false;
  for (int i = 0; i < 60 && !grown; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    grown = screen.file.text().find("  0:01  waits") != std::string::npos;
  }
  CHECK(grown);
  screen.events.finish();
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

namespace {

const std::vector<Diagnostic> two_findings{
    {.file = "a b.yaml",
     .line = 3,
     .column = 5,
     .width = 4,
     .message = "no 50 % of\nit",
     .suggestion = "x",
     .path = "variants.test.copes",
     .source_line = "    copes",
     .code = {}},
    {.severity = Diagnostic::Severity::warning, .file = "a,b.yaml", .message = "odd", .code = "W006"}};

}  // namespace

TEST_CASE("findings as a SARIF log", "[events]") {
  const Error error(failure::bad_input, "1 error in a b.yaml", {two_findings[0]});
  const auto log = nlohmann::json::parse(io::render_error("blubber", error, io::ErrorFormat::sarif, {two_findings[1]}));
  CHECK(log["version"] == "2.1.0");
  const auto& run = log["runs"][0];
  CHECK(run["tool"]["driver"]["name"] == "blubber");
  CHECK(run["invocations"][0]["executionSuccessful"] == false);
  CHECK(run["invocations"][0]["exitCode"] == 65);
  CHECK(run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "1 error in a b.yaml");
  REQUIRE(run["results"].size() == 2);
  CHECK(run["results"][0]["ruleId"] == "W006");
  CHECK(run["results"][0]["level"] == "warning");
  CHECK_FALSE(run["results"][0]["locations"][0]["physicalLocation"].contains("region"));
  const auto& wrong = run["results"][1];
  CHECK(wrong["level"] == "error");
  CHECK(wrong["message"]["text"] == "no 50 % of\nit; did you mean 'x'?");
  const auto& location = wrong["locations"][0];
  CHECK(location["physicalLocation"]["artifactLocation"]["uri"] == "a b.yaml");
  CHECK(location["physicalLocation"]["region"] ==
        nlohmann::json({{"startLine", 3}, {"startColumn", 5}, {"endColumn", 9}}));
  CHECK(location["logicalLocations"][0]["fullyQualifiedName"] == "variants.test.copes");
  // Columns count characters there, bytes here.
  const Error far(failure::bad_input, "x",
                  {{.file = "f", .line = 1, .column = 5, .width = 2, .message = "m", .source_line = "éé x"}});
  const auto log_of_far = nlohmann::json::parse(io::render_error("blubber", far, io::ErrorFormat::sarif));
  CHECK(log_of_far["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startColumn"] == 3);
  // No finding is an answer, too.
  const auto none = nlohmann::json::parse(io::render_findings("blubber", {}, io::ErrorFormat::sarif));
  CHECK(none["runs"][0]["results"].empty());
  CHECK(none["runs"][0]["invocations"][0]["executionSuccessful"] == true);
}

TEST_CASE("findings as GitHub's workflow commands", "[events]") {
  CHECK(io::render_findings("blubber", two_findings, io::ErrorFormat::github) ==
        "::error file=a b.yaml,line=3,col=5,endColumn=9,title=variants.test.copes::no 50 %25 of%0Ait; did you mean "
        "'x'?\n"
        "::warning file=a%2Cb.yaml::odd\n");
  CHECK(io::render_error("blubber", Error(failure::bad_input, "1 error in f", {two_findings[1]}),
                         io::ErrorFormat::github) == "::warning file=a%2Cb.yaml::odd\nblubber: 1 error in f\n");
  CHECK(io::render_error("blubber", Error(failure::not_found, "no 'x'", "try y"), io::ErrorFormat::github) ==
        "::error title=blubber::no 'x'\nblubber: no 'x'\n  try  try y\n");
}

TEST_CASE("findings of a run that went well", "[events]") {
  CHECK(io::render_findings("blubber", {}, io::ErrorFormat::text).empty());
  CHECK(io::render_findings("blubber", {}, io::ErrorFormat::json).empty());
  CHECK(io::render_findings("blubber", {two_findings[1]}, io::ErrorFormat::text) == "a,b.yaml: warning: odd\n");
  const auto json = nlohmann::json::parse(io::render_findings("blubber", two_findings, io::ErrorFormat::json));
  CHECK(json["schema"] == "findings/v1");
  CHECK(json["findings"][0]["path"] == "variants.test.copes");
  CHECK(json["findings"][1]["code"] == "W006");
}

TEST_CASE("of a long line the part around the caret is shown", "[events]") {
  const auto finding = [](int column, const std::string& line) {
    return io::render_diagnostic({.file = "f", .line = 1, .column = column, .message = "m", .source_line = line});
  };
  std::string megabyte(1U << 20U, 'x');
  megabyte[500'000] = '!';
  const auto shown = finding(500'001, megabyte);
  CHECK(shown.size() < 500);
  const auto caret = shown.rfind('^') - shown.rfind('\n', shown.rfind('^'));
  const auto mark = shown.find('!') - shown.rfind('\n', shown.find('!'));
  CHECK(caret == mark);
  CHECK(finding(1, megabyte).find("| x") != std::string::npos);
  CHECK(finding(2'000'000, megabyte).size() < 500);
  // A character of several bytes takes one column.
  CHECK(finding(4, "é x") == "f:1:4: error: m\n    1 | é x\n      |   ^\n");
}

TEST_CASE("what people are told in another way is recorded only", "[events]") {
  const testing::MemoryFile err;
  io::Events events;
  events.add(io::plain_view(err.fd(), io::Level::detail, false));
  events.emit(
      {.kind = "warning", .level = io::Level::warning, .subject = {}, .text = "told", .told = true, .fields = {}});
  events.emit({.kind = "warning", .level = io::Level::warning, .subject = {}, .text = "shown", .fields = {}});
  events.finish();
  const auto text = err.text();
  CHECK(text.find("told") == std::string::npos);
  CHECK(text.find("shown") != std::string::npos);
}

TEST_CASE("how far something is just now is drawn over, and never recorded", "[events]") {
  const fs::TempDir dir("events");
  const testing::MemoryFile live;
  const testing::MemoryFile plain;
  const auto log = (dir.path() / "log").native();
  {
    io::Events events;
    events.add(io::live_view(live.fd(), io::Level::note, false));
    events.add(io::plain_view(plain.fd(), io::Level::note, false));
    events.add(io::json_lines_view(log, "test"));
    events.emit({.kind = "moment", .subject = "one", .text = "one 10 %", .fields = {}});
    std::this_thread::sleep_for(std::chrono::milliseconds{120});
    events.emit({.kind = "moment", .subject = "two", .text = "two 20 %", .fields = {}});
    events.emit({.kind = "moment", .subject = "one", .text = "", .fields = {}});
    events.note("in between");
    events.finish();
  }
  CHECK(live.text().find("one 10 %") != std::string::npos);
  const auto after = live.text().substr(live.text().find("in between"));
  CHECK(after.find("one 10 %") == std::string::npos);
  CHECK(after.find("two 20 %") != std::string::npos);
  CHECK(live.text().ends_with("\x1b[J"));  // nothing of it is left behind
  CHECK(plain.text().find("%") == std::string::npos);
  CHECK(fs::read_file(log).find("moment") == std::string::npos);
}
