// SPDX-License-Identifier: Apache-2.0
#include "data/yaml.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

using namespace slipway;
using data::Kind;
using data::Value;

namespace {

data::YamlDocument read(std::string_view text) { return data::parse_yaml(text, "f.yaml"); }

std::string json(std::string_view text) { return data::to_json(read(text).root); }

/// Codes and lines of the warnings: "W001@2".
std::string warned(std::string_view text) {
  std::string out;
  for (const auto& w : read(text).warnings) {
    CHECK(w.severity == Diagnostic::Severity::warning);
    out += fmt::format("{}{}@{}", out.empty() ? "" : " ", w.code, w.line);
  }
  return out;
}

Diagnostic refused(std::string_view text, const data::YamlLimits& limits = {}) {
  try {
    auto document = data::parse_yaml(text, "f.yaml", limits);
    FAIL("accepted as " << data::to_json(document.root));
  } catch (const Error& error) {
    CHECK(error.failure().id == failure::bad_input.id);
    REQUIRE(error.findings().size() == 1);
    return error.findings().front();
  }
  return {};
}

}  // namespace

TEST_CASE("the documents of a stream share their text, and the places in it are found at once") {
  // A copy of the text for each of them, or a walk from its beginning, would be some 20 GB of it.
  std::string stream;
  constexpr std::size_t count = 40'000;
  for (std::size_t i = 0; i < count; ++i) stream += "---\na: yes\n";
  const auto documents = data::parse_yaml_stream(stream, "f.yaml");
  REQUIRE(documents.size() == count);
  REQUIRE(documents.back().warnings.size() == 1);
  CHECK(documents.back().warnings.front().line == static_cast<int>(2 * count));
  CHECK(documents.back().warnings.front().source_line == "a: yes");
  CHECK(data::source_line(documents.back().source, 2) == "a: yes");
}

TEST_CASE("a file of nothing but traps is warned of in measure") {
  std::string text = "a: [";
  for (int i = 0; i < 50'000; ++i) text += "yes, ";
  text += "yes]\nb: {c: 1, c: 2}\n";
  const auto document = read(text);
  // One kind does not crowd out another, and a long line is not copied into each.
  REQUIRE(document.warnings.size() == 1001);
  CHECK(document.warnings.front().source_line.empty());
  CHECK(document.warnings[999].message.ends_with("; further ones of this kind are not shown"));
  CHECK(document.warnings.back().code == "W006");
  CHECK(document.warnings.back().source_line == "b: {c: 1, c: 2}");
}

TEST_CASE("what does not belong to a document is no other document") {
  // yaml-cpp never gets past a comma at the beginning, and takes each try for a document.
  for (const auto* bad : {" ,n: o: n:{}}\n", ",", "{a: b} }\n", "[a] ]", "{a: b}\nc: d\n", "a: 1\n]\n"}) {
    INFO(bad);
    CHECK_THROWS_AS(data::parse_yaml_stream(bad, "f.yaml"), Error);
    CHECK_THROWS_AS(data::parse_yaml(bad, "f.yaml"), Error);
  }
  // Behind the end of a document anything may begin one, so there that is not what tells.
  for (const auto* bad : {"a: 1\n... # c\n, b\n---\n- x\n", "a: 1\n...\n,\n", "a\n...\n]\n"}) {
    INFO(bad);
    CHECK_THROWS_AS(data::parse_yaml_stream(bad, "f.yaml"), Error);
  }
  for (const auto* good :
       {"a: 1\n---\nb: 2\n", "a: 1\n...\n# x\n\nb: 2\n", "a: 1\n...\n%YAML 1.2\n---\nb: 2\n", "--- a\n--- b\n"}) {
    INFO(good);
    CHECK(data::parse_yaml_stream(good, "f.yaml").size() == 2);
    CHECK_NOTHROW(data::parse_yaml(good, "f.yaml"));
  }
  // Only the first is read, whatever stands in the second.
  CHECK_NOTHROW(data::parse_yaml("a: 1\n---\nb: [\n", "f.yaml"));
  // Empty documents are some, each further on than the one before.
  for (const auto* good : {"---\n---\n---\na: 1\n", "---\n# x\n---\n---\n", "a: 1\n...\n---\n...\n---\n...\n"}) {
    INFO(good);
    CHECK(data::parse_yaml_stream(good, "f.yaml").size() == 3);
  }
}

TEST_CASE("a character that JSON writes as two halves is one") {
  CHECK(read(R"({"a": "x\ud83d\ude00y\uD83D\uDE01\ud83d\ude00"})").root.find("a")->text() ==
        "x\U0001f600y\U0001f601\U0001f600");
  CHECK(read(R"({"\ud800\udc00": "\udbff\udfff"})").root.find("\U00010000")->text() == "\U0010ffff");
  // With an anchor, a tag and a comment before it; and again by its alias.
  CHECK(json("a: &x !!str # c\n  \"\\ud83d\\ude00\"\nb: *x\n") == "{\"a\":\"\U0001f600\",\"b\":\"\U0001f600\"}");
  CHECK(json("a: \"\\ud83d\\ude00\"\n---\nb: 1\n") == "{\"a\":\"\U0001f600\"}");
  CHECK(data::to_json(data::parse_yaml_stream("a\n---\n\"\\ud83d\\ude00\"\n", "f.yaml")[1].root) == "\"\U0001f600\"");
  // Elsewhere it is text, and in a comment nothing.
  constexpr const char* elsewhere = R"(# \ud83d\ude00
plain: \ud83d\ude00
single: '\ud83d\ude00 "'
"double \\ud83d": "\\ud83d\\ude00 \\\ud83d\ude00"
block: |
  printf "\ud83d\ude00"
folded: >-
  "\ud83d\ude00"
)";
  const auto root = read(elsewhere).root;
  CHECK(root.find("plain")->text() == R"(\ud83d\ude00)");
  CHECK(root.find("single")->text() == R"(\ud83d\ude00 ")");
  CHECK(root.find(R"(double \ud83d)")->text() == "\\ud83d\\ude00 \\\U0001f600");
  CHECK(root.find("block")->text() == "printf \"\\ud83d\\ude00\"\n");
  CHECK(root.find("folded")->text() == R"("\ud83d\ude00")");
  // Places and lines are those of the file.
  const auto one_line = read("[\"\\ud83d\\ude00\", yes]");
  CHECK(one_line.root.items()[1].mark().column == 18);
  CHECK(one_line.warnings.at(0).source_line == "[\"\\ud83d\\ude00\", yes]");
  // What stands for a pair while the scanner reads is taken for nothing else.
  CHECK(read("[\"\\ufdd0\\u0100 \\ud83d\\ude00 \xef\xb7\x91\xc4\x80 \\U0000fdd2\\u0100\", '\\ufdd3\\u0100']").root ==
        Value::sequence({Value::of(std::string("\xef\xb7\x90\xc4\x80 \U0001f600 \xef\xb7\x91\xc4\x80 \xef\xb7\x92\xc4\x80")),
                         Value::of(std::string("\\ufdd3\\u0100"))}));
  CHECK(json(R"(["\x5cufdd0\u0100 \ud83d\ude00"])") == "[\"\\\\ufdd0\xc4\x80 \U0001f600\"]");
}

TEST_CASE("every escape of YAML is a character") {
  // Of some the scanner makes a byte that is none.
  CHECK(read(R"("\N\_\x85\xa0é\N\_\L\P\u0085")").root.text() ==
        "\u0085\u00a0\u0085\u00a0é\u0085\u00a0\u2028\u2029\u0085");
  CHECK(read(R"("\0\a\b\t\n\v\f\r\e\ \"\/\\\N")").root.text() ==
        std::string("\0\a\b\t\n\v\f\r\x1b \"/\\\u0085", 15));
  CHECK(json("a: &x !!str # c\n  \"\\_\"\nb: *x\n'\\N': \\_\n") == "{\"\\\\N\":\"\\\\_\",\"a\":\"\u00a0\",\"b\":\"\u00a0\"}");
  for (const auto* quoted : {R"(!!str"\_ b")", R"(!"\_ b")", R"(!x"\_ b")", R"(&a "\_ b")", R"(!!str &a "\_ b")"})
    CHECK(read(quoted).root.text() == "\u00a0 b");
  CHECK(read(R"(["\N\ud83d\ude00\_"])").root.items()[0].text() == "\u0085\U0001f600\u00a0");
}

TEST_CASE("half of a character is an error with its place") {
  for (const auto* half : {R"("a\ud83d")", R"("a\ude00\ud83d")", R"("a\ud83dx\ude00")", R"("a\ud83d\u0041")",
                           R"("a\ud83d\\ude00")", R"("a\U0000d83d")", R"("a\U00110000")"}) {
    INFO(half);
    const auto finding = refused(std::string("x: 1\ny: [") + half + "]\n");
    CHECK(finding.message.starts_with("an escape that is no character: "));
    CHECK(finding.line == 2);
    CHECK(finding.column == 7);
  }
  std::string signs;
  for (unsigned sign = 0xfdd0; sign < 0xfdf0; ++sign) signs += fmt::format("\\u{:04X}", sign);
  const auto finding = refused(fmt::format("a: \"{}\"\nb: \"x\\ud83d\\ude00\"\n", signs));
  CHECK(finding.message.starts_with("more different characters written as pairs"));
  CHECK(finding.line == 2);
  CHECK(finding.column == 6);
}

TEST_CASE("escaped pairs are read in linear time") {
  // 55,040 different ones are the most; and the same one as often as anybody likes.
  std::string all = "[\"";
  for (unsigned i = 0; i < 55'040; ++i) all += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + i / 1024, 0xdc00 + i % 1024);
  CHECK(read(all + "\"]").root.items()[0].text().size() == std::size_t{4} * 55'040);
  CHECK(refused(all + "\\udbff\\udfff\"]").column == static_cast<int>(all.size()) + 1);
  std::string many = "[";
  for (int i = 0; i < 100'000; ++i) many += "\"\\ud83d\\ude00\",";
  CHECK(read(many + "x]").root.items().size() == 100'001);
}

TEST_CASE("bytes that are no text are no value") {
  CHECK(refused("a: !!binary veendofsequenion\n").message == "a !!binary value that is no text in UTF-8");
}

TEST_CASE("a key that is a number beyond a float has helm's word for it") {
  CHECK(json("1e300: a\n-1e300: b\n") == R"({"-.inf":"b",".inf":"a"})");
}

TEST_CASE("plain scalars are read as go-yaml v2 reads them") {
  CHECK(json("[yes, No, on, off, y, N, True, FALSE]") == "[true,false,true,false,true,false,true,false]");
  CHECK(json("[~, null, Null, NULL, ]") == "[null,null,null,null]");
  CHECK(json("[0644, 0o644, 08, 1_000, 0b101, 0x1F, -0644, +12]") == "[420,420,8.0,1000,5,31,-420,12]");
  CHECK(json("[1.10, 1e3, .5, -.5, 1., 123e4]") == "[1.1,1000.0,0.5,-0.5,1.0,1230000.0]");
  CHECK(json("[12:30, 1:30:00, 2001-12-14, 1.2.3, _1, 0x, 1e, -, yEs, 10.0.0.0/8]") ==
        R"(["12:30","1:30:00","2001-12-14","1.2.3","_1","0x","1e","-","yEs","10.0.0.0/8"])");
  CHECK(json("[9223372036854775807, -9223372036854775808, 9223372036854775808, 1e999]") ==
        R"([9223372036854775807,-9223372036854775808,9223372036854775808,"1e999"])");
  CHECK(json("['yes', \"12\", !!str 12, !!int \"12\", !!float 3, !!binary aGk=]") ==
        R"(["yes","12","12",12,3.0,"hi"])");
}

TEST_CASE("the text of a scalar is what stood in the file") {
  const auto root = read("a: 0644\nb: yes\nc: 1.10\nd: ~\ne:\nf: 'x y'\n").root;
  CHECK(root.find("a")->text() == "0644");
  CHECK(root.find("b")->text() == "yes");
  CHECK(root.find("c")->text() == "1.10");
  CHECK(root.find("d")->text() == "~");
  CHECK(root.find("e")->text().empty());
  CHECK(root.find("f")->text() == "x y");
}

TEST_CASE("every value and key has its place") {
  const auto root = read("a:\n  - b\n  - c: d\n").root;
  const auto& list = *root.find("a");
  CHECK(*list.mark().file == "f.yaml");
  CHECK(list.mark().line == 2);
  CHECK(list.mark().column == 3);
  CHECK(list.items()[0].mark().column == 5);
  CHECK(root.members()[0].key_mark.line == 1);
  const auto& inner = list.items()[1].members()[0];
  CHECK(inner.key_mark.line == 3);
  CHECK(inner.key_mark.column == 5);
  CHECK(inner.value.mark().column == 8);
}

TEST_CASE("traps are warned of with code and line") {
  CHECK(warned("a: no\nb: no-way\nc: 'no'\nd: false\n") == "W001@1");
  CHECK(warned("n: b\ny: c\n") == "W002@1 W002@2");
  CHECK(json("{n: b, on: c, 0644: d, 1.50: e, 12345678.5: f}") ==
        R"({"1.2345678e+07":"f","1.5":"e","420":"d","false":"b","true":"c"})");
  CHECK(warned("[0644, 0o17, 1_000, 12, 0, -3]") == "W003@1 W003@1 W003@1");
  CHECK(warned("[1.10, 1.5, 123e4, 1.0]") == "W004@1 W004@1 W004@1");
  CHECK(warned("[9007199254740992, 9007199254740993, 99999999999999999999]") == "W005@1 W005@1");
  CHECK(warned("a: 1\nb: 2\na: 3\n") == "W006@3");
  CHECK(warned("a: !vault x\nb: !thing {}\n") == "W008@1 W008@2");
}

TEST_CASE("the last of two equal keys counts") {
  const auto document = read("a: 1\nb: 2\na: 3\n");
  CHECK(data::to_json(document.root) == R"({"a":3,"b":2})");
  CHECK(document.warnings.at(0).source_line == "a: 3");
  CHECK(document.warnings.at(0).column == 1);
}

TEST_CASE("merge keys follow yaml.v2") {
  const std::string base = "p: &x {a: 1, b: 2}\nq: &y {b: 3, c: 4}\n";
  CHECK(json(base + "z: {<<: *x, b: 9}\n").find(R"("z":{"a":1,"b":9})") != std::string::npos);
  CHECK(json(base + "z: {b: 9, <<: *x}\n").find(R"("z":{"a":1,"b":2})") != std::string::npos);
  CHECK(json(base + "z: {<<: [*x, *y]}\n").find(R"("z":{"a":1,"b":2,"c":4})") != std::string::npos);
  CHECK(json("a: {\"<<\": 1}\n") == R"({"a":{"<<":1}})");
  CHECK(warned(base + "z: {<<: *x, b: 9}\n").empty());
  CHECK(warned(base + "z: {b: 9, <<: *x}\n") == "W007@3");
  CHECK(refused("a: {<<: 1}\n").message == "'<<' takes a map or a list of maps");
}

TEST_CASE("aliases are copied, also as keys") {
  CHECK(json("a: &a [1, {b: 2}]\nc: *a\n") == R"({"a":[1,{"b":2}],"c":[1,{"b":2}]})");
  CHECK(json("a: &k name\n*k : x\n") == R"({"a":"name","name":"x"})");
}

TEST_CASE("odd but valid files are accepted") {
  CHECK(json("") == "null");
  CHECK(json("# nothing\n") == "null");
  CHECK(json("\xef\xbb\xbf"
             "a: b") == R"({"a":"b"})");
  CHECK(json("a: b\r\nc: d\r\n") == R"({"a":"b","c":"d"})");
  CHECK(json("a: b\n---\nc: [unread") == R"({"a":"b"})");
  CHECK(json("{\"a\":\t[1,2],\n\t\"b\": {}}") == R"({"a":[1,2],"b":{}})");
  CHECK(json("t: |\n  one\n  two\n") == R"({"t":"one\ntwo\n"})");
}

TEST_CASE("a stream gives all documents") {
  const auto documents = data::parse_yaml_stream("a: 1\n---\nb: 2\n---\n", "f.yaml");
  REQUIRE(documents.size() == 3);
  CHECK(documents[1].root.find("b")->as_integer() == 2);
  CHECK(documents[1].root.mark().line == 3);
}

TEST_CASE("errors name line, column and show the line") {
  const auto tab = refused("a:\n\tb: c\n");
  CHECK(tab.line == 2);
  CHECK(tab.column == 1);
  CHECK(tab.message.find("a tab in the indentation") == 0);
  const auto colon = refused("a: b: c\n");
  CHECK(colon.line == 1);
  CHECK(colon.column == 5);
  CHECK(colon.source_line == "a: b: c");
  CHECK(refused("a: [1, 2\nb: 3\n").line > 0);
  const auto open = refused("é: b\na: &x \"x\\\"\n");
  CHECK(open.message == "a quote that is never closed");
  CHECK(open.line == 2);
  CHECK(open.column == 4);
  CHECK(refused("a: 'it''s").line == 1);
  const auto inside = refused("a:\n  b: {c: [\"d]}}\n");
  CHECK(inside.message == "a quote that is never closed");
  CHECK(inside.column == 11);
  const auto bracket = refused("a: 1\nb: [x, y\n");
  CHECK(bracket.message == "'[' without its ']'");
  CHECK(bracket.line == 2);
  CHECK(bracket.column == 4);
  CHECK(json("é: \"x\\\\\"\nb: 'it''s'") == R"({"b":"it's","é":"x\\"})");
  CHECK(refused("caf\xe9: x\n").message == "the byte 0xe9 is not UTF-8");
  CHECK(refused("a: x\nb: caf\xe9\n").column == 7);
  CHECK(refused(std::string_view("a: \0", 4)).message == "the control character 0x00");
  CHECK(refused("a: .inf\n").message == "'.inf' has no form in JSON");
  CHECK(refused("~: x\n").message == "null cannot be a key; quote it");
  CHECK(refused("? [a, b]\n: x\n").message == "a list cannot be a key");
  CHECK(refused("a: *nope\n").message == "this alias names no anchor that stands before it");
  CHECK(refused("a: &a [*a]\n").message == "this alias stands inside the very value that it names");
  CHECK(refused("a: !!int x\n").message == "'x' cannot be read as !!int");
}

TEST_CASE("depth, alias bombs and size are limited") {
  const std::string deep = std::string(101, '[') + std::string(101, ']');
  CHECK(refused(deep).message == "nested deeper than 100 levels");
  CHECK_NOTHROW(read(std::string(100, '[') + std::string(100, ']')));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i)
    bomb +=
        fmt::format("a{0}: &a{0} [{1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}]\n", i, fmt::format("*a{}", i - 1));
  CHECK(refused(bomb).message.find("values after aliases are expanded") != std::string::npos);
  const std::string text = "a: &a " + std::string(1000, 'x') + "\nb: [*a, *a, *a, *a, *a, *a]\n";
  CHECK(refused(text, {.bytes = 1200}).message.find("too large when its aliases") != std::string::npos);
  CHECK_THROWS_AS(data::parse_yaml("abcdef", "f", {.bytes = 5}), Error);
}

TEST_CASE("source_line") {
  CHECK(data::source_line("a\r\nb\nc", 1) == "a");
  CHECK(data::source_line("a\nb\nc", 3) == "c");
  CHECK(data::source_line("a\n", 9).empty());
}

TEST_CASE("keys as they are written, for those whose keys are names") {
  const data::YamlLimits limits{.keys = data::YamlKeys::as_written};
  const auto document =
      data::parse_yaml("{Y: a, n: b, 1.10: c, 0644: d, 12: e, ~: f, .inf: g, \"on\": h, true: i}", "f.yaml", limits);
  CHECK(data::to_json(document.root) ==
        R"({".inf":"g","0644":"d","1.10":"c","12":"e","Y":"a","n":"b","on":"h","true":"i","~":"f"})");
  std::string columns;
  for (const auto& w : document.warnings) {
    CHECK(w.code == "W002");
    columns += fmt::format("{} ", w.column);
  }
  CHECK(columns == "2 8 14 23 39 45 ");
  CHECK(document.warnings.at(0).message ==
        "the key 'Y' is taken as it is written; to most readers of YAML it is 'true', so quote it");
  // A key that is not there at all has no text to take.
  CHECK(refused("{: x}", limits).message == "null cannot be a key; quote it");
}
