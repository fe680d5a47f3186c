// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration, and where.
#include "blubber/blubber.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace slipway;

namespace {

/// All findings as "LINE:COLUMN MESSAGE; SUGGESTION?" of a configuration that is refused.
std::vector<std::string> refused(std::string_view yaml, std::string_view variant = "a", bool strict = false) {
  std::vector<std::string> out;
  try {
    const auto made = blubber::dockerfile(yaml, "b.yaml", variant, {.strict = strict});
    FAIL("accepted:\n" << made.text);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::data);
    for (const auto& f : error.findings()) {
      CHECK(f.file == "b.yaml");
      if (f.severity != Diagnostic::Severity::error) continue;
      out.push_back(fmt::format("{}:{} {}{}", f.line, f.column, f.message,
                                f.suggestion.empty() ? "" : fmt::format("; {}?", f.suggestion)));
    }
  }
  return out;
}

using Lines = std::vector<std::string>;

std::string body(std::string_view text) { return fmt::format("version: v4\nbase: debian\n{}\n", text); }

Lines warned(std::string_view yaml, std::string_view variant = "a") {
  Lines out;
  for (const auto& w : blubber::dockerfile(yaml, "b.yaml", variant).warnings) out.push_back(w.message);
  return out;
}

}  // namespace

TEST_CASE("unknown keys are errors with their place and the nearest word") {
  CHECK(refused(body("bases: x\nvariants: {a: {entrypint: [b]}}")) ==
        Lines{"3:1 unknown key 'bases' at the top level; base?",
              "4:16 unknown key 'entrypint' in 'variants.a'; entrypoint?"});
  CHECK(refused(body("variants: {a: {node: {requirments: []}}}")) ==
        Lines{"3:23 unknown key 'requirments' in 'variants.a.node'; requirements?"});
  CHECK(refused(body("variants: {a: {artifacts: []}}")).size() == 1);
}

TEST_CASE("a key without a name has a path all the same") {
  const auto error = testing::failed(
      failure::bad_input, [] { static_cast<void>(blubber::variants(body("'': 1\nruns: {'': 1}"), "b.yaml", {})); });
  REQUIRE(error.findings().size() == 2);
  CHECK(error.findings()[0].path == "''");
  CHECK(error.findings()[1].path == "runs.''");
}

TEST_CASE("unknown keys of items that upstream does not look at are warnings") {
  const auto yaml = body("variants: {a: {copies: [{from: local, soruce: x}]}}");
  CHECK(warned(yaml) == Lines{"unknown key 'soruce' in 'variants.a.copies[0]', which is ignored"});
  CHECK(refused(yaml, "a", true) ==
        Lines{"3:39 unknown key 'soruce' in 'variants.a.copies[0]', which is ignored; source?"});
}

TEST_CASE("items of every list that upstream does not look into") {
  for (const auto& [keys, at] : std::vector<std::pair<std::string, std::string>>{
           {"copies: [{from: local, odd: x}]", "copies[0]"},
           {"node: {requirements: [{from: local, source: x, odd: x}]}", "node.requirements[0]"},
           {"apt: {proxies: [{url: 'http://p', odd: x}]}", "apt.proxies[0]"},
           {"builder: {command: x, mounts: [{from: busybox, destination: /x, odd: x}]}", "builder.mounts[0]"},
           {"builder: {command: x, caches: [{destination: /x, odd: x}]}", "builder.caches[0]"}}) {
    const auto yaml = body("variants: {a: {" + keys + "}}");
    const auto unknown = fmt::format("unknown key 'odd' in 'variants.a.{}', which is ignored", at);
    CHECK(std::ranges::count(warned(yaml), unknown) == 1);
    CHECK(std::ranges::any_of(refused(yaml, "a", true), [&](const auto& e) { return e.find(unknown) != std::string::npos; }));
  }
  // A source is one of the lists that it does look into.
  CHECK(refused(body("variants: {a: {apt: {sources: [{url: 'http://h', distribution: d, odd: x}]}}}")).size() == 1);
}

TEST_CASE("the first document is read, and a comment for BuildKit's frontends is one") {
  CHECK(warned("# syntax=docker-registry.example/blubber:v1\n" + body("variants: {a: {}}") + "---\nversion: v9\n").empty());
}

TEST_CASE("JSON is a configuration, with all that JSON can escape") {
  const auto made = blubber::dockerfile(
      R"({"version": "v4", "variants": {"a": {"base": "debian", "entrypoint": ["\ud83d\ude00\u00e9\/\b"]}}})", "b.json", "a");
  CHECK(made.text.find("ENTRYPOINT [\"\U0001f600\u00e9/\\u0008\"]\n") != std::string::npos);
  CHECK(refused(R"({"version": "v4", "variants": {"a": {"base": "debian", "entrypoint": ["\ud83d"]}}})").at(0).starts_with(
      "1:72 an escape that is no character"));
}

TEST_CASE("an empty text is none, but where one has to be") {
  const auto empty = body("variants: {a: {base: '', lives: {in: '', as: ''}, runs: {as: '', in: ''}, node: {env: ''}, "
                          "python: {version: '', venv: '', pip-version: '', tox-version: '', poetry: {version: ''}, uv: {version: ''}}, "
                          "builder: {command: x, caches: [{destination: /c, access: '', id: ''}]}, "
                          "apt: {proxies: [{url: 'http://p', source: ''}]}}, "
                          "b: {builder: {command: x, caches: [/c]}, apt: {proxies: ['http://p']}}}");
  CHECK(warned(empty).empty());
  const auto without_name = [](std::string text) { return text.substr(text.find('\n'), text.find("LABEL") - text.find('\n')); };
  CHECK(without_name(blubber::dockerfile(empty, "b.yaml", "a").text) == without_name(blubber::dockerfile(empty, "b.yaml", "b").text));
  CHECK(refused(body("apt: {sources: [{url: '', distribution: ''}], proxies: [{url: ''}, '']}\n"
                     "variants: {a: {apt: {packages: ['']}}}")) ==
        Lines{"3:17 'apt.sources[0]' lacks 'url'", "3:17 'apt.sources[0]' lacks 'distribution'",
              "3:57 'apt.proxies[0]' lacks 'url'", "3:68 apt.proxies[1]: '' is no http or https URL",
              "4:33 variants.a.apt.packages[0]: '' is no Debian package (name, name=version or name/release; a name has "
              "two characters at least)"});
  CHECK(refused("version: ''\nvariants: {a: {}}").size() == 1);
}

TEST_CASE("what stands only where it may") {
  CHECK(refused(body("includes: [a]\ncopies: [local]\nvariants: {a: {version: v4, variants: {}}}")).size() == 4);
  CHECK(warned(body("variants: {x: {}, a_1: {}, a: {}}")).empty());
}

TEST_CASE("a number of a user that is root's, or that does nothing") {
  const auto yaml = body("lives: {uid: 0, gid: 0}\nruns: {uid: 0, gid: 0}\nvariants: {a: {}, b: {runs: {uid: 0}}}");
  CHECK(warned(yaml) == Lines{"'lives.uid: 0' is root", "'lives.gid: 0' is root", "'runs.uid: 0' is root",
                              "'runs.gid: 0' is root",
                              "'variants.b.runs.uid: 0' has no effect: a variant cannot set it"});
  CHECK(blubber::dockerfile(yaml, "b.yaml", "a").text.find("ARG RUNS_UID=0\n") != std::string::npos);
  CHECK(refused(yaml, "a", true).size() == 5);
}

TEST_CASE("a line break in a value of the environment is told, and an error with --strict") {
  const auto yaml = body("variants: {a: {runs: {environment: {AA: \"x\\ny\"}}}}");
  CHECK(warned(yaml).at(0).starts_with("a line break in 'variants.a.runs.environment.AA' cannot be written"));
  CHECK(blubber::dockerfile(yaml, "b.yaml", "a").text.find("ENV AA=\"x\\ny\"\n") != std::string::npos);
  CHECK(refused(yaml, "a", true).size() == 1);
}

TEST_CASE("what former versions had") {
  CHECK(refused(body("variants: {a: {sharedvolume: true}}")).at(0).find(
            "unknown key 'sharedvolume' in 'variants.a'; it is gone since version 3") != std::string::npos);
  CHECK(refused("version: v1\nvariants: {a: {}}").at(0).starts_with("1:10 version 'v1' is no longer read"));
  for (const auto* keys : {"{command: 'ls /opt/lib/python/site-packages'}", "{command: [ls, /opt/lib/python]}",
                           "{script: 'ls /opt/lib/python'}"})
    CHECK(warned(body(fmt::format("variants: {{a: {{builder: {}}}}}", keys))) ==
          Lines{"nothing is in /opt/lib/python any more: packages are in the virtual environment"});
  CHECK(refused(body("variants: {a: {builder: {command: 'ls /opt/lib/python'}}}"), "a", true).size() == 1);
  const auto flag = body("variants: {a: {python: {version: python3, requirements: [], use-system-flag: true}}}");
  CHECK(warned(flag).size() == 1);
  CHECK(refused(flag, "a", true).size() == 1);
}

TEST_CASE("keys that begin with x- hold anchors for others") {
  CHECK(warned("version: v4\nx-base: &b {base: debian}\nvariants: {a: {<<: *b, x-note: 1}}").empty());
}

TEST_CASE("types") {
  CHECK(refused(body("variants: {a: {copies: local}}")) ==
        Lines{"3:24 'variants.a.copies' wants a list, not a string"});
  CHECK(refused(body("variants: {a: {runs: {uid: x, insecurely: 1}}}")) ==
        Lines{"3:28 'variants.a.runs.uid' wants a number from 0 to 4294967294",
              "3:43 'variants.a.runs.insecurely' wants true or false, not an integer"});
  CHECK(refused(body("variants: {a: {apt: [x]}}")) == Lines{"3:21 'variants.a.apt' wants a map, not a list"});
  CHECK(refused(body("variants: {a: {entrypoint: [{}]}}")) ==
        Lines{"3:29 'variants.a.entrypoint[0]' wants a string, not a map"});
  CHECK(refused(body("variants: ~")) == Lines{"3:11 'variants' wants a map, not null"});
  CHECK(refused("[a]") == Lines{"1:1 the configuration wants a map, not a list"});
  CHECK(refused("# nothing\n") == Lines{"1:1 the configuration is empty"});
  CHECK(refused(body("variants: {a: {entrypoint: [\"a\\0b\"]}}")) ==
        Lines{"3:29 'variants.a.entrypoint[0]' holds a NUL character"});
}

TEST_CASE("plain scalars are texts as they are written") {
  const auto made = blubber::dockerfile(
      body("runs: {environment: {FOO: 1, BAR: yes, AA: 012, E: ~}}\nvariants: {a: {}}"), "b.yaml", "a");
  CHECK(made.text.find("ENV AA=\"012\" BAR=\"yes\" E=\"\" FOO=\"1\"\n") != std::string::npos);
}

TEST_CASE("rules, all at once") {
  CHECK(refused("version: v4\n"
                "base: Debian\n"
                "lives: {in: srv, as: root}\n"
                "apt: {packages: [Foo Bar, ok1], sources: [{url: 'ftp://x'}], proxies: [nope]}\n"
                "runs: {environment: {1A: x}, in: /}\n"
                "node: {env: a-b}\n"
                "python: {pip-version: latest, poetry: {version: x}, venv: /}\n"
                "variants:\n"
                "  a: {includes: [b, c], copies: [{from: local, source: ../x}, {destination: y}, local, local]}\n"
                "  2b: {}\n") ==
        Lines{"2:7 base: 'Debian' is no image reference",
              "3:13 lives.in: 'srv' is no absolute path, or the root itself",
              "3:22 lives.as: 'root' is not allowed as a user's name",
              "4:18 apt.packages[0]: 'Foo Bar' is no Debian package (name, name=version or name/release; a name "
              "has two characters at least)",
              "4:43 'apt.sources[0]' lacks 'distribution'",
              "4:49 apt.sources[0].url: 'ftp://x' is no http or https URL",
              "4:72 apt.proxies[0]: 'nope' is no http or https URL",
              "5:22 runs.environment: '1A' is no name of an environment variable",
              "5:34 runs.in: '/' is no absolute path, or the root itself",
              "6:13 node.env: 'a-b' is no Node environment (letters and digits)",
              "7:23 python.pip-version: 'latest' is neither a version such as 1.2 nor a specifier such as >=1.2,<2",
              "7:49 python.poetry.version: 'x' is neither a version such as 1.2 nor a specifier such as >=1.2,<2",
              "7:59 python.venv: '/' is the root itself",
              "9:18 'a' includes 'b', which is no variant; a?",
              "9:21 'a' includes 'c', which is no variant; a?",
              "9:56 variants.a.copies[0].source: '../x' leaves the build context; a local source is relative and stays "
              "inside",
              "9:63 'variants.a.copies[1]' lacks 'from'",
              "9:63 'variants.a.copies[1]' has a destination and therefore needs a source",
              "9:88 'variants.a.copies[3]' stands in 'variants.a.copies' already",
              "10:3 '2b' is no name for a variant (a letter, then letters, digits, '-', '.' or '_')"});
}

TEST_CASE("builders") {
  CHECK(refused(body("variants: {a: {builders: [{node: {env: aa}}, {node: {env: bb}}]}}")) ==
        Lines{"3:46 a second 'node' in 'variants.a.builders': each kind but custom may stand once"});
  CHECK(refused(body("node: {env: x}\nvariants: {a: {builders: [{custom: {command: x}}]}}")) ==
        Lines{"4:26 'builders' is not allowed beside 'node' in variant 'a'; move it into 'builders'"});
  CHECK(refused(body("variants: {a: {builder: {command: x, script: y}}}")) ==
        Lines{"3:46 'variants.a.builder.script' is not allowed beside 'command'"});
  // Nothing to run is nothing that could be in the way.
  for (const auto* empty : {"node: {}", "php: {}", "python: {}", "builder: {}"})
    CHECK(warned(body(std::string(empty) + "\nvariants: {a: {builders: [{custom: {command: x}}]}}")).empty());
  CHECK(warned(body("node: {env: x}\nvariants: {a: {builders: []}}")).empty());
  for (const auto* given : {"node: {allow-dedupe-failure: false}", "php: {production: false}", "python: {uv: {devel: false}}",
                            "builder: {command: x}"})
    CHECK(refused(body(std::string(given) + "\nvariants: {a: {builders: [{custom: {command: x}}]}}")).size() == 1);
  CHECK(warned(body("variants: {a: {builder: {command: x, script: ''}}}")).empty());
  CHECK(warned(body("variants: {a: {builder: {command: [], script: y}}}")).empty());
  CHECK(refused(body("variants: {a: {builder: {command: x, caches: [{id: c, access: odd}]}}}")) ==
        Lines{"3:47 'variants.a.builder.caches[0]' lacks 'destination'",
              "3:63 variants.a.builder.caches[0].access: 'odd' is none of shared, private, locked"});
  CHECK(warned(body("variants: {a: {builders: [{node: {env: x}, custom: {command: y}}]}}")) ==
        Lines{"'variants.a.builders[0]' holds 'node' beside 'custom' and is taken as 'custom' only"});
  CHECK(warned(body("variants: {a: {builders: [{custom: {requirements: [{source: x}]}}]}}")) ==
        Lines{"'variants.a.builders[0].custom.requirements[0]' lacks 'from'; taken as local"});
}

TEST_CASE("origins") {
  CHECK(refused(body("variants: {a: {copies: [Buld]}, build: {}}")) ==
        Lines{"3:25 'Buld' is neither a variant nor an image; build?"});
  CHECK(warned(body("variants: {a: {copies: [buld]}, build: {}}")) ==
        Lines{"'buld' is no variant and is taken as an image"});
  CHECK(warned(body("variants: {a: {copies: [busybox]}, build: {}}")).empty());
}

TEST_CASE("versions") {
  CHECK(refused("variants: {a: {}}") == Lines{"1:1 the key 'version' is missing; write 'version: v4'"});
  CHECK(refused("version: v9\nvariants: {a: {}}").at(0) == "1:10 version 'v9' is not supported; this program reads v4");
  CHECK(refused("version: v2\nvariants: {a: {}}").at(0).starts_with("1:10 version 'v2' is no longer read: write v4"));
  CHECK(warned("version: v3\nvariants: {a: {}}").at(0).starts_with("version v3 is read as it was meant then"));
  CHECK(refused("version: v3\nvariants: {a: {}}", "a", true).size() == 1);
}

TEST_CASE("the YAML's own traps that matter here are told") {
  CHECK(warned(body("lives: {as: one}\nlives: {as: two}\nvariants: {a: {}}")) ==
        Lines{"the key 'lives' stands here a second time (first in line 3); the last one counts"});
  CHECK(refused("version: v4\nvariants: {a: [}").size() == 1);
}

TEST_CASE("unknown variants are not found, with what there is") {
  try {
    (void)blubber::dockerfile(body("variants: {build: {}, production: {}}"), "b.yaml", "prodution");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::no_input);
    CHECK(error.message() == "b.yaml has no variant 'prodution'; it has build, production");
    CHECK(error.hint() == "blubber b.yaml production");
  }
}

TEST_CASE("check looks at every variant") {
  const auto yaml = body("variants: {ok: {}, a: {includes: [a]}, b: {copies: [c]}, c: {copies: [b]}}");
  try {
    (void)blubber::check(yaml, "b.yaml");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.findings().size() == 2);
  }
  CHECK(blubber::check(body("variants: {a: {}, b: {}}"), "b.yaml").names == Lines{"a", "b"});
  CHECK(blubber::variants(yaml, "b.yaml").names.size() == 4);
}
