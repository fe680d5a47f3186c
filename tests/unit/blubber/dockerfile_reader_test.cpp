// SPDX-License-Identifier: Apache-2.0
// The reader that judges our Dockerfiles has to trip where builders do: each case is what a builder's own tests or its
// source say.
#include "support/catch.hpp"
#include "support/dockerfile_reader.hpp"
#include "support/planned.hpp"

using namespace slipway::testing;
using slipway::blubber::Stage;

namespace {

std::vector<ReadInstruction> read(std::string_view text, Dialect dialect = Dialect::buildkit) {
  return read_dockerfile(text, dialect, [](std::string_view name) -> std::optional<std::string> {
    if (name == "A") return "1";
    return std::nullopt;
  });
}

ReadInstruction one(std::string_view text, Dialect dialect = Dialect::buildkit) {
  const auto all = read(text, dialect);
  REQUIRE(all.size() == 1);
  return all.front();
}

std::string value(std::string_view quoted) { return one("ENV X=" + std::string(quoted)).pairs.at(0).second.value(); }

constexpr Dialect all[] = {Dialect::buildkit, Dialect::classic, Dialect::buildah};

}  // namespace

TEST_CASE("lines are joined, and comments and empty lines in between are left out") {
  for (const auto dialect : all) {
    CHECK(one("RUN a \\\n  b\\\n\n# no\nc\n", dialect).text == "a   bc");
    CHECK(one("# c\n\n  RUN a\n", dialect).text == "a");
    CHECK(one("RUN a \\ \t\nb", dialect).text == "a b");
    CHECK(read("RUN a\nUSER 0\n", dialect).size() == 2);
  }
  CHECK(one("RUN a \\\n # no\nb").text == "a b");
  CHECK(one("RUN a \\\n # no\n", Dialect::buildah).text == "a  # no");
  CHECK(one("RUN a \\\n\xe3\x80\x80# no\nb").text == "a b");
  CHECK(read("RUN a\\\\\nUSER 0\n").size() == 2);
  CHECK(one("RUN a\\\\\nUSER 0\n", Dialect::classic).text == "a\\USER 0");
  CHECK(one("RUN \xc2\xa0 a\xe3\x80\x80\n").text == "a");
}

TEST_CASE("directives are refused, because they change how all is read") {
  CHECK_THROWS_AS(read("# escape=`\nRUN a\n"), ReadError);
  CHECK_THROWS_AS(read("#syntax = docker/dockerfile:1\nRUN a\n"), ReadError);
  CHECK(read("# For one = of us\nRUN a\n").size() == 1);
  CHECK(read("RUN a\n# escape=`\nRUN b\n").size() == 2);
}

TEST_CASE("a line that is too long ends the file for buildah, and is an error to the others") {
  const auto text = "RUN a\nRUN " + std::string(65'536, 'x') + "\nUSER 0\n";
  CHECK(read(text, Dialect::buildah).size() == 1);
  CHECK_THROWS_AS(read(text, Dialect::classic), ReadError);
  CHECK_THROWS_AS(read(text, Dialect::buildkit), ReadError);
}

TEST_CASE("lists in JSON are the exec form, and what only begins like one may be, too") {
  for (const auto dialect : all) {
    CHECK(one(R"(RUN ["a", "b\n\u0007"])", dialect).words == std::vector<std::string>{"a", "b\n\a"});
    CHECK(one("RUN [ -e x ]", dialect).text == "[ -e x ]");
    CHECK_THROWS_AS(read("RUN [1]", dialect), ReadError);
    CHECK(one(R"(RUN ["\a"])", dialect).text == R"(["\a"])");
  }
  CHECK(one(R"(RUN ["a"] && b)").text == R"(["a"] && b)");
  CHECK(one(R"(RUN ["a"] && b)", Dialect::classic).words == std::vector<std::string>{"a"});
  CHECK_THROWS_AS(read("RUN [1] && b", Dialect::classic), ReadError);
}

TEST_CASE("heredocs take the lines that follow, in BuildKit only") {
  const auto heredoc = one("RUN cat <<-EOF > x\nUSER 0\n\tEOF\n");
  CHECK(heredoc.heredocs == std::vector<std::pair<std::string, std::string>>{{"EOF", "USER 0\n"}});
  CHECK(read("RUN cat <<EOF\nUSER 0\n", Dialect::buildah).size() == 2);
  CHECK_THROWS_AS(read("RUN cat <<EOF\nUSER 0\n"), ReadError);
  CHECK(one("RUN cat <<<EOF").heredocs.empty());
  CHECK(one("RUN [\"cat\", \"<<EOF\"]").heredocs.empty());
  CHECK_THROWS_AS(read("COPY [\"<<EOF\", \"x\"]"), ReadError);
  CHECK(one("COPY [\"<<EOF\", \"x\"]", Dialect::classic).words.front() == "<<EOF");
}

TEST_CASE("words are read as the builders' shell package does") {
  CHECK(value(R"("a b\"\\\$A\x")") == R"(a b"\$A\x)");
  CHECK(value(R"("$A${A}${B}x")") == "11x");
  CHECK(value(R"("${A:-2}${B:-3}${A:+4}${B:+5}${B:-$A}")") == "13"
                                                              "4"
                                                              "1");
  CHECK(value(R"('$A\')") == "$A\\");
  CHECK(value(R"("$")") == "$");
  CHECK(value("\"$(x)\"") == "$(x)");
  CHECK(value(R"("$1$?$$A")").find('$') == std::string::npos);
  CHECK(value("\"$A\xc3\xa9\"").empty());
  for (const auto* bad : {R"("${")", R"("${}")", R"("${A")", R"("${A?x}")", R"("${A:-it's}")", R"("x)"})
    CHECK_THROWS_AS(read("ENV X=" + std::string(bad)), ReadError);
  CHECK_THROWS_AS(read("ENV X=a b"), ReadError);
  CHECK(one("ENV X=1 Y=\"2 3\"").pairs.size() == 2);
  CHECK(one("ARG X").pairs.front().second == std::nullopt);
  CHECK(one("COPY [\"\xef\xbb\xbf" "a\", \"b\"]").words.front() == "a");
  CHECK(one(R"(COPY ["we\\$ird", "x"])").words.front() == "we$ird");
  CHECK(one("WORKDIR \"/a b\"").words.front() == "/a b");
  CHECK(one("RUN --mount=type=cache,target=/x --network=none a").flags.size() == 2);
  CHECK(one("RUN -- --x").text == "--x");
  CHECK(one("COPY --from=$A [\"a\", \"b\"]").flags.front() == "--from=1");
}

TEST_CASE("what no builder takes") {
  for (const auto* bad :
       {"RUN", "RUN  ", "ENV A", "ENV =x", "COPY [\"a\"]", "FROM a b", "FROM a AS b c", "NOT x", "USER $B"})
    CHECK_THROWS_AS(read(bad), ReadError);
}

TEST_CASE("a difference between plan and text is found") {
  using namespace slipway::blubber;
  const std::vector<Stage> planned{{"a", "debian", {User{"0"}, Run{"make", {}, {}, {}}}, {}}};
  CHECK_FALSE(difference(planned, "FROM debian AS a\nUSER 0\nRUN make\n"));
  CHECK_FALSE(difference(planned, "FROM debian AS a\nUSER 0\nRUN [\"/bin/sh\", \"-c\", \"make\"]\n"));
  for (const auto* other :
       {"FROM debian AS a\nUSER 0\n", "FROM debian AS a\nUSER 0\nRUN make\nRUN make\n",
        "FROM debian AS b\nUSER 0\nRUN make\n", "FROM debian AS a\nUSER 1\nRUN make\n",
        "FROM debian AS a\nUSER 0\nRUN make <<EOF\nUSER 0\nEOF\n", "FROM debian AS a\nUSER 0\nRUN [\"make\"]\n"})
    CHECK(difference(planned, other));
}

TEST_CASE("the structure of a text for the shell") {
  CHECK(shell_structure("a 'b;c' \"d|e\" f\\&g") == "wwww");
  CHECK(shell_structure("a; b && c | d > e") == "w;w&&w|w>w");
  CHECK(shell_structure("a \"$(b)\" `c` \"${d}$e${10}\"") == "ww$(w``w");
  CHECK(shell_structure("\"${a:-b}\"") == "w${");
  CHECK(shell_structure("\"a") == "w?\"");
  CHECK(shell_structure("a#b # c") == "w#w");
}
