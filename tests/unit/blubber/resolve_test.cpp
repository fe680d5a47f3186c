// SPDX-License-Identifier: Apache-2.0
// What is inherited, and in which order stages come: facts measured on upstream 0.23 and 1.8, and
// the points where both are wrong.
#include "blubber/report.hpp"
#include "blubber/resolve.hpp"
#include "blubber/show.hpp"
#include "data/yaml.hpp"
#include "support/catch.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace slipway;
using namespace slipway::blubber;

namespace {

struct Read {
  data::YamlDocument document;
  Report report;
  Config config;
  Resolver resolver;

  explicit Read(const std::string& yaml)
      : document(data::parse_yaml(yaml, "b.yaml")), report("b.yaml", document.source),
        config(read_config(document, report)), resolver(config, report) {
    CHECK_FALSE(report.has_errors());
  }

  std::string json(const std::string& variant) { return data::to_json(show(*resolver.expanded(variant))); }

  std::string stages(const std::string& variant) {
    std::string out;
    for (const auto* stage : resolver.stages(variant)) out += (out.empty() ? "" : " ") + stage->name;
    return out;
  }
};

std::string yaml(const std::string& body) { return "version: v4\n" + body + "\n"; }

}  // namespace

TEST_CASE("layers: top level, includes depth first and each once, the variant itself") {
  Read read(
      yaml("apt: {packages: [top]}\nvariants: {zz: {apt: {packages: [zz]}}, aa: {includes: [zz], apt: {packages: "
           "[aa]}}, bb: {includes: [zz], apt: {packages: [bb]}}, cc: {includes: [aa, bb], apt: {packages: [cc]}}}"));
  CHECK(read.json("cc") == R"({"apt":{"packages":{"default":["top","zz","aa","bb","cc"]}}})");
  CHECK(read.json("aa") == R"({"apt":{"packages":{"default":["top","zz","aa"]}}})");
}

TEST_CASE("field by field") {
  Read read(
      yaml("base: debian\nlives: {in: /a, uid: 0}\nruns: {uid: 7, environment: {A: 1, B: 2}, insecurely: true}\n"
           "entrypoint: [x]\nnode: {env: dev, requirements: [p]}\narguments: {X: 1}\n"
           "variants: {a: {base: ~, lives: {uid: 0, gid: 5}, runs: {uid: 0, environment: {B: 3, C: 4}, insecurely: "
           "false}, entrypoint: [], node: {requirements: []}, arguments: {X: 2, Z: 3}}}"));
  CHECK(read.json("a") == R"({"arguments":{"X":"2","Z":"3"},"base":"debian","entrypoint":[],)"
                          R"("lives":{"gid":5,"in":"/a","uid":0},"node":{"env":"dev","requirements":[]},)"
                          R"("runs":{"environment":{"A":"1","B":"3","C":"4"},"insecurely":false,"uid":7}})");
}

TEST_CASE("copies: equal ones move to the end, includes are not inherited") {
  Read read(yaml("variants: {b: {}, c: {}, a: {copies: [b, c, local]}, d: {includes: [a], copies: [b]}}"));
  CHECK(read.json("d") == R"({"copies":["c","local","b"]})");
}

TEST_CASE("builders: shared kinds merge into the later list, all else goes in front") {
  Read read(yaml("builders: [{custom: {command: one}}, {node: {requirements: [p]}}]\n"
                 "variants: {m: {builders: [{node: {env: production}}, {custom: {command: two}}]}, t: {includes: [m], "
                 "builders: [{custom: {command: three}}]}}"));
  CHECK(read.json("t") ==
        R"({"builders":[{"custom":{"command":"one"}},{"node":{"env":"production","requirements":)"
        R"([{"from":"local","source":"p"}]}},{"custom":{"command":"two"}},{"custom":{"command":"three"}}]})");
}

TEST_CASE("merging builders changes nobody else (both upstream programs leak here)") {
  Read read(
      yaml("variants: {xxx: {builders: [{node: {env: production}}]}, yyy: {builders: [{node: {requirements: [p]}}]}, "
           "aaa: {includes: [xxx, yyy]}}"));
  const auto before = read.json("yyy");
  CHECK(read.json("aaa").find("production") != std::string::npos);
  CHECK(read.json("yyy") == before);
  CHECK(before.find("production") == std::string::npos);
}

TEST_CASE("a later script replaces the command and the other way round") {
  Read read(
      yaml("builder: {command: x}\nvariants: {a: {builder: {script: y}}, b: {includes: [a], builder: {command: z}}}"));
  CHECK(read.json("a") == R"({"builder":{"script":"y"}})");
  CHECK(read.json("b") == R"({"builder":{"command":"z"}})");
}

// Who adds a key to a builder and forgets it in `values()` loses it here.
TEST_CASE("every key of every builder: the later layer's replaces, and it counts as something said") {
  struct Key {
    std::string builder;
    std::string earlier;
    std::string later;
  };
  const std::vector<Key> keys{
      {"node", "requirements: [p]", "requirements: [q]"},
      {"node", "env: development", "env: production"},
      {"node", "use-npm-ci: true", "use-npm-ci: false"},
      {"node", "allow-dedupe-failure: true", "allow-dedupe-failure: false"},
      {"php", "requirements: [p]", "requirements: [q]"},
      {"php", "production: true", "production: false"},
      {"python", "version: python3.9", "version: python3.11"},
      {"python", "requirements: [p]", "requirements: [q]"},
      {"python", "use-system-site-packages: true", "use-system-site-packages: false"},
      {"python", "no-deps: true", "no-deps: false"},
      {"python", "poetry: {version: ==1.5.1}", "poetry: {version: ==1.8.0}"},
      {"python", "poetry: {devel: true}", "poetry: {devel: false}"},
      {"python", "poetry: {only: main}", "poetry: {only: docs}"},
      {"python", "poetry: {without: dev}", "poetry: {without: docs}"},
      {"python", "uv: {version: ==0.4.0}", "uv: {version: ==0.5.0}"},
      {"python", "uv: {devel: true}", "uv: {devel: false}"},
      {"python", "uv: {only: main}", "uv: {only: docs}"},
      {"python", "uv: {without: dev}", "uv: {without: docs}"},
      {"python", "pip-version: ==24.0", "pip-version: ==24.1"},
      {"python", "setuptools-version: ==69.0", "setuptools-version: ==70.0"},
      {"python", "wheel-version: ==0.42.0", "wheel-version: ==0.43.0"},
      {"python", "tox-version: ==4.11.3", "tox-version: ==4.11.4"},
      {"python", "venv: /opt/a", "venv: /opt/b"},
      {"builder", "command: x", "command: y"},
      {"builder", "script: x", "script: y"},
      {"builder", "requirements: [p]", "requirements: [q]"},
      {"builder", "mounts: [local]", "mounts: [{from: local, destination: /m}]"},
      {"builder", "caches: [/p]", "caches: [/q]"},
  };
  for (const auto& [builder, earlier, later] : keys) {
    INFO(builder << ": " << earlier);
    const auto entry = [&](const std::string& value) { return builder + ": {" + value + "}"; };
    const auto alone = [&](const std::string& value) {
      return Read(yaml("variants: {a: {" + entry(value) + "}}")).json("a");
    };
    CHECK(alone(earlier) != alone(later));
    CHECK(Read(yaml(entry(earlier) + "\nvariants: {a: {" + entry(later) + "}}")).json("a") == alone(later));

    Read beside(yaml(entry(earlier) + "\nvariants: {a: {builders: [{custom: {command: x}}]}}"));
    beside.json("a");
    const auto said = beside.report.take();
    REQUIRE(said.size() == 1);
    CHECK(said[0].message ==
          "'builders' is not allowed beside '" + builder + "' in variant 'a'; move it into 'builders'");
  }
}

TEST_CASE("stages: each after what it needs, once, the target last") {
  Read read(yaml("variants: {a: {}, b: {copies: [a]}, c: {node: {requirements: [{from: a, source: x}]}}, unused: {}, "
                 "d: {copies: [b, {from: c, source: /x}], builders: [{custom: {command: x, mounts: [e]}}]}, e: {}}"));
  CHECK(read.stages("d") == "a b c e d");
  CHECK(read.stages("a") == "a");
}

TEST_CASE("stages: what a dependency includes counts (both upstream programs lose ddd)") {
  Read read(yaml("variants: {ddd: {}, ccc: {copies: [ddd]}, bbb: {includes: [ccc]}, prod: {copies: [bbb]}}"));
  CHECK(read.stages("prod") == "ddd bbb prod");
}

TEST_CASE("circles and names that differ only in case are errors") {
  Read includes(yaml("variants: {a: {includes: [b]}, b: {includes: [a]}}"));
  CHECK(includes.stages("a").empty());
  CHECK(includes.report.take().at(0).message == "the includes go in a circle: a -> b -> a");
  Read copies(yaml("variants: {a: {copies: [b]}, b: {copies: [c]}, c: {copies: [b]}}"));
  CHECK(copies.stages("a").empty());
  CHECK(copies.report.take().at(0).message == "the copies go in a circle: b -> c -> b");
  Read letters(yaml("variants: {build: {}, Build: {copies: [build]}}"));
  CHECK(letters.stages("Build") == "build Build");
  CHECK(letters.report.has_errors());
}

TEST_CASE("version 3: one name to copy, the context by default, artifacts after it") {
  Read read("version: v3\nvariants: {a: {}, b: {copies: a, artifacts: [{from: a, source: /x, destination: /y}]}, "
            "c: {includes: [b]}}\n");
  CHECK(read.json("a") == R"({"copies":["local"]})");
  CHECK(read.json("b") == R"({"copies":["a",{"destination":"/y","from":"a","source":"/x"}]})");
  CHECK(read.json("c") == R"({"copies":["local",{"destination":"/y","from":"a","source":"/x"}]})");
  CHECK(read.stages("b") == "a b");
}
