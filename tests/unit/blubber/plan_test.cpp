// SPDX-License-Identifier: Apache-2.0
// Which instructions come out of which keys, feature by feature.
#include "blubber/blubber.hpp"
#include "core/text.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace slipway;
using Lines = std::vector<std::string>;

namespace {

blubber::Dockerfile made(const std::string& body, const std::string& variant = "a",
                         const blubber::Options& options = {}) {
  return blubber::dockerfile("version: v4\n" + body + "\n", "b.yaml", variant, options);
}

/// What differs from one variant to the next: without users, accounts and labels.
Lines lines(const std::string& body, const std::string& variant = "a", const blubber::Options& options = {}) {
  Lines out;
  for (auto& line : text::split(made(body, variant, options).text, '\n')) {
    const bool same = line.empty() || line.starts_with("USER ") || line.starts_with("ENV HOME=") ||
                      line.starts_with("ARG LIVES_") || line.starts_with("ARG RUNS_") || line.starts_with("LABEL ") ||
                      line.starts_with("RUN (getent ") || line.starts_with("WORKDIR \"/srv/app\"");
    if (!same) out.push_back(std::move(line));
  }
  return out;
}

/// The same for one variant on debian.
Lines part(const std::string& keys) {
  auto out = lines("base: debian\nvariants: {a: " + keys + "}");
  REQUIRE(out.at(0) == "FROM debian AS a");
  out.erase(out.begin());
  return out;
}

const std::string owned = "COPY --chown=$LIVES_UID:$LIVES_GID ";

}  // namespace

TEST_CASE("an empty variant, whole") {
  CHECK(
      made("base: debian\nvariants: {a: {}}", "a", {.version = "9.9"}).text ==
      "FROM debian AS a\n"
      "USER 0\n"
      "ENV HOME=\"/root\"\n"
      "ARG LIVES_AS=\"somebody\"\n"
      "ARG LIVES_UID=65533\n"
      "ARG LIVES_GID=65533\n"
      "RUN (getent group \"$LIVES_GID\" || groupadd -o -g \"$LIVES_GID\" -r \"$LIVES_AS\") && (getent passwd "
      "\"$LIVES_UID\" || useradd -l -o -m -d \"/home/$LIVES_AS\" -r -g \"$LIVES_GID\" -u \"$LIVES_UID\" \"$LIVES_AS\") "
      "&& mkdir -p \"/srv/app\" && chown \"$LIVES_UID\":\"$LIVES_GID\" \"/srv/app\" && mkdir -p \"/opt/lib\" && chown "
      "\"$LIVES_UID\":\"$LIVES_GID\" \"/opt/lib\"\n"
      "ARG RUNS_AS=\"runuser\"\n"
      "ARG RUNS_UID=900\n"
      "ARG RUNS_GID=900\n"
      "RUN (getent group \"$RUNS_GID\" || groupadd -o -g \"$RUNS_GID\" -r \"$RUNS_AS\") && (getent passwd "
      "\"$RUNS_UID\" || useradd -l -o -m -d \"/home/$RUNS_AS\" -r -g \"$RUNS_GID\" -u \"$RUNS_UID\" \"$RUNS_AS\")\n"
      "USER $LIVES_UID\n"
      "ENV HOME=\"/home/somebody\"\n"
      "WORKDIR \"/srv/app\"\n"
      "USER $RUNS_UID\n"
      "ENV HOME=\"/home/$RUNS_AS\"\n"
      "LABEL blubber.variant=\"a\" blubber.version=\"9.9\"\n");
}

TEST_CASE("insecurely: the program runs as the user its files live as") {
  const auto text = made("base: debian\nvariants: {a: {lives: {uid: 1234, as: me}, runs: {insecurely: true}}}").text;
  CHECK(text.find("USER $RUNS_UID") == std::string::npos);
  CHECK(text.find("ARG LIVES_UID=1234\n") != std::string::npos);
  CHECK(text.find("ENV HOME=\"/home/me\"\n") != std::string::npos);
}

TEST_CASE("environment: sorted, one instruction; arguments: literal defaults") {
  CHECK(part("{runs: {environment: {BB: x, AA: '$HOME/y'}}, arguments: {T: '$f', S: ''}}") ==
        Lines{R"(ARG S="")", R"(ARG T="\$f")", R"(ENV AA="$HOME/y" BB="x")"});
}

TEST_CASE("platform arguments where they are spoken of") {
  CHECK(part("{builder: {command: 'x $TARGETARCH ${BUILDOS} TARGETOS'}}") ==
        Lines{"ARG BUILDOS", "ARG TARGETARCH", "RUN x $TARGETARCH ${BUILDOS} TARGETOS"});
  CHECK(lines("base: debian\nvariants: {a: {}}", "a", {.platform_args = true}).size() == 9);
  CHECK(part("{arguments: {TARGETARCH: arm64}, builder: {command: 'x $TARGETARCH'}}").at(0) ==
        "ARG TARGETARCH=\"arm64\"");
}

TEST_CASE("apt") {
  const std::string clean = "rm -rf /var/lib/apt/lists/*";
  CHECK(part("{apt: {packages: {default: [a1, a1], bpo: [b1=1.0]}}}") ==
        Lines{R"(ENV DEBIAN_FRONTEND="noninteractive")",
              R"(RUN apt-get update && apt-get install -y -t "bpo" "b1=1.0" && apt-get install -y "a1" && )" + clean});
  CHECK(part("{apt: {packages: [x1], sources: [{url: 'http://h/d', distribution: b, components: [c, d]}]}}").at(1) ==
        R"(RUN apt-get update && apt-get install -y "ca-certificates" && printf '%s\n' "deb http://h/d b c d" > )"
        R"(/etc/apt/sources.list.d/99blubber.list && apt-get update && apt-get install -y "x1" && )" +
            clean);
  CHECK(part("{apt: {proxies: ['http://p:1', {url: 'http://q:2', source: 'https://u:p@s.example:443/x'}]}}").at(1) ==
        R"(RUN printf '%s\n' "Acquire::http::Proxy \"http://p:1\";" "Acquire::https::Proxy::s.example )"
        R"(\"http://q:2\";" > /etc/apt/apt.conf.d/99blubber-proxies && apt-get update && )" +
            clean + " && rm -f /etc/apt/apt.conf.d/99blubber-proxies");
  const auto key = part("{apt: {sources: [{url: 'http://h', distribution: b, signed-by: \"k\\n\"}]}}").at(1);
  // printf 'k\n' | sha256sum
  CHECK(key.find("> /etc/apt/keyrings/19732980d68fbd00358a0a4d98246c960400b87e4fa2a2e155db98be2b42ed6c.asc && chmod 0644 ") != std::string::npos);
  CHECK(key.starts_with(R"(RUN ["/bin/sh", "-c", "mkdir -p /etc/apt/keyrings && printf %s \"${1}\" > )"));
  CHECK(key.ends_with(R"(, "apt", "k\n"])"));
}

TEST_CASE("node") {
  CHECK(part("{node: {requirements: [package.json]}}") ==
        Lines{owned + R"(["package.json", "./"])", "RUN npm install", R"(ENV NODE_ENV="")"});
  CHECK(part("{node: {env: production, use-npm-ci: true, requirements: [package.json]}}") ==
        Lines{owned + R"(["package.json", "./"])", R"(RUN npm ci "--only=production")",
              R"(RUN npm dedupe "--only=production")",
              R"(ENV NODE_ENV="production")"});
  CHECK(part("{node: {env: production}}") == Lines{R"(ENV NODE_ENV="production")"});
  CHECK(part("{node: {}}").empty());
  CHECK(part("{node: {env: production, allow-dedupe-failure: true, requirements: [x]}}")
            .at(2)
            .starts_with(R"(RUN npm dedupe "--only=production" || echo )"));
}

TEST_CASE("php") {
  CHECK(part("{php: {requirements: [composer.json], production: true}}") ==
        Lines{owned + R"(["composer.json", "./"])", R"(RUN composer install "--no-scripts" "--no-dev")"});
}

TEST_CASE("python with pip") {
  const std::string venv = R"(ENV PATH="/opt/lib/venv/bin:$PATH" VIRTUAL_ENV="/opt/lib/venv")";
  CHECK(part("{python: {version: python3, requirements: [r.txt, docs/r.txt, {from: local, source: a/b, destination: "
             "c}, {from: local, source: d, destination: e/}]}}") ==
        Lines{owned + R"(["r.txt", "./"])", owned + R"(["docs/r.txt", "docs/"])", owned + R"(["a/b", "c"])",
              owned + R"(["d", "e/"])", R"(RUN python3 "-m" "venv" "/opt/lib/venv")", venv,
              R"(RUN python3 "-m" "pip" "install" "-U" "setuptools!=60.9.0" && python3 "-m" "pip" "install" "-U" )"
              R"("wheel" "tox" "pip")",
              R"(RUN python3 "-m" "pip" "install" "-r" "r.txt" "-r" "docs/r.txt" "-r" "c" "-r" "e/d")"});
  CHECK(part("{python: {version: python3}}").empty());
  CHECK(part("{python: {requirements: [x]}}").empty());
  // Both upstream programs crash on a name this short.
  CHECK(part("{python: {version: python, requirements: []}}").size() == 3);
  CHECK(
      part("{python: {version: python2.7, requirements: [], tox-version: 4.1, pip-version: '>=20,<21'}}").at(2) ==
      R"(RUN python2.7 "-m" "pip" "install" "-U" "setuptools!=60.9.0" && python2.7 "-m" "pip" "install" "-U" "wheel" )"
      R"("tox==4.1" "pip>=20,<21")");
  // Python 2 ends with pip 20.
  CHECK(part("{python: {version: python2, requirements: []}}").at(2).ends_with(R"("wheel" "tox" "pip<21")"));
  const auto strict = part("{python: {version: python3, no-deps: true, use-system-site-packages: true, requirements: "
                           "[r.txt]}}");
  CHECK(strict.at(1) == R"(RUN python3 "-m" "venv" "/opt/lib/venv" "--system-site-packages")");
  CHECK(strict.at(4) == R"(RUN python3 "-m" "pip" "install" "--no-deps" "-r" "r.txt")");
  CHECK(strict.at(5) == R"(RUN python3 "-m" "pip" "check")");
}

TEST_CASE("python with poetry") {
  const std::string poetry = "requirements: [pyproject.toml], version: python3, venv: /opt/own, poetry: ";
  const auto old = part("{python: {" + poetry + "{version: 1.5}}}");
  CHECK(old.at(2) == R"(ENV PATH="/opt/own/bin:$PATH" VIRTUAL_ENV="/opt/own")");
  CHECK(Lines(old.end() - 4, old.end()) == Lines{R"(ENV POETRY_VIRTUALENVS_PATH="/opt/lib/poetry")",
                                                 R"(RUN python3 "-m" "pip" "install" "-U" "poetry==1.5")",
                                                 R"(RUN mkdir -p "/opt/lib/poetry")",
                                                 R"(RUN poetry "install" "--no-root" "--no-dev")"});
  // pip's own check says nothing of what poetry installs.
  CHECK(part("{python: {no-deps: true, " + poetry + "{version: 1.5}}}") == old);
  CHECK(part("{python: {" + poetry + "{version: ==1.5, devel: true}}}").back() ==
        R"(RUN poetry "install" "--no-root")");
  CHECK(part("{python: {" + poetry + "{version: ==2.0, only: main}}}").back() ==
        R"(RUN poetry "install" "--no-root" "--only" "main")");
  CHECK(part("{python: {" + poetry + "{version: ==2.0, without: dev}}}").back() ==
        R"(RUN poetry "install" "--no-root" "--without" "dev")");
}

TEST_CASE("custom builder") {
  CHECK(part("{builder: {command: ['date +%Y', a b, '$X', 'q\"']}}") == Lines{R"(RUN date +%Y "a b" "$X" "q\"")"});
  CHECK(part("{builder: {command: 'for i in a b; do echo $i; done'}}") == Lines{"RUN for i in a b; do echo $i; done"});
  CHECK(part("{builder: {requirements: [x], command: []}}") == Lines{owned + R"(["x", "./"])"});
  CHECK(part("{builders: [{custom: {command: one}}, {custom: {command: two}}]}") == Lines{"RUN one", "RUN two"});
}

TEST_CASE("scripts go in as arguments") {
  CHECK(part("{builder: {script: \"echo $1\\n\"}}") ==
        Lines{R"(RUN ["/bin/sh", "-c", "f=$(mktemp) && printf %s \"$@\" >\"$f\" && chmod 500 \"$f\" && \"$f\"; r=$?; )"
              R"(rm -f \"$f\"; exit $r", "script", "#!/bin/sh\necho $1\n"])"});
  const auto text =
      made("base: debian\nvariants: {a: {builder: {script: \"#!/bin/bash\\n" + std::string(70'000, 'x') + "\"}}}").text;
  CHECK(text.find("\", \"" + std::string(9'000, 'x')) != std::string::npos);
  for (const auto& line : text::split(text, '\n')) CHECK(line.size() <= 65'535);
}

TEST_CASE("caches are made, filled and emptied") {
  CHECK(part("{builder: {command: make, caches: [/c, {destination: '$D/x'}]}}") ==
        Lines{R"(RUN for p in "/c" "$D/x"; do p="${p%/}"; ! [ "$p/" -ef / ] || exit 1; if [ -e "$p" ] || [ -L "$p" ]; )"
              R"(then mv -- "$p" "$p.blubber-aside" || exit 1; fi; done && mkdir -p -- "/c" "$D/x" && chown -- )"
              R"("$LIVES_UID":"$LIVES_GID" "/c" "$D/x")",
              R"(RUN ["/bin/sh", "-c", "/bin/sh -c \"$1\" && rm -rf -- \"/c\"/..?* \"/c\"/.[!.]* \"/c\"/* && rm -rf -- )"
              R"(\"$D/x\"/..?* \"$D/x\"/.[!.]* \"$D/x\"/*", "builder", "make"])",
              R"(RUN for p in "$D/x" "/c"; do p="${p%/}"; rm -rf -- "$p" || exit 1; if [ -e "$p.blubber-aside" ] || [ -L )"
              R"("$p.blubber-aside" ]; then mv -- "$p.blubber-aside" "$p" || exit 1; fi; done)"});
}

TEST_CASE("mounts are copied before and removed after") {
  const std::string body = "base: debian\nvariants: {m: {}, a: {builder: {command: make, mounts: ";
  auto out = lines(body + "[{from: m, source: /src, destination: ./dist}]}}}");
  const auto aside = [](const std::string& path) {
    return "RUN for p in " + path +
           R"(; do p="${p%/}"; ! [ "$p/" -ef / ] || exit 1; if [ -e "$p" ] || [ -L "$p" ]; then mv -- "$p" )"
           R"("$p.blubber-aside" || exit 1; fi; done)";
  };
  const auto back = [](const std::string& path) {
    return "RUN for p in " + path +
           R"(; do p="${p%/}"; rm -rf -- "$p" || exit 1; if [ -e "$p.blubber-aside" ] || [ -L "$p.blubber-aside" ]; then mv -- )"
           R"("$p.blubber-aside" "$p" || exit 1; fi; done)";
  };
  CHECK(Lines(out.end() - 4, out.end()) ==
        Lines{aside(R"("/srv/app/dist")"), "COPY --chown=$LIVES_UID:$LIVES_GID --from=m [\"/src\", \"/srv/app/dist\"]",
              "RUN make", back(R"("/srv/app/dist")")});
  out = lines(body + "[local]}}}");
  CHECK(Lines(out.end() - 4, out.end()) == Lines{owned + R"([".", "/tmp/blubber-mount-1"])",
                                                 R"(WORKDIR "/tmp/blubber-mount-1")", "RUN make",
                                                 back(R"("/tmp/blubber-mount-1")")});
  CHECK(made(body + "[local]}}}").warnings.size() == 2);
}

TEST_CASE("requirements: by origin, then by destination") {
  CHECK(part("{builder: {requirements: [a, b/c, d/, ./e, ., {from: busybox, source: /bin/x}, f]}}") ==
        Lines{owned + R"(["a", "e", "f", "./"])", owned + R"(["b/c", "b/"])", owned + R"(["d/", "d/"])",
              owned + R"(["./", "."])", "COPY --chown=$LIVES_UID:$LIVES_GID --from=busybox [\"/bin/x\", \"/bin/\"]"});
}

TEST_CASE("copies") {
  const std::string from = "COPY --chown=$LIVES_UID:$LIVES_GID --from=";
  auto out = lines("base: debian\nvariants: {b: {lives: {in: /b}, runs: {in: /r}}, a: {copies: [local, b, {from: b, "
                   "source: ./z}, {from: busybox, source: x, destination: y}, {from: local, source: $m}]}}");
  CHECK(Lines(out.end() - 6, out.end()) == Lines{owned + R"([".", "."])", from + R"(b ["/srv/app", "/srv/app"])",
                                                 from + R"(b ["/opt/lib", "/opt/lib"])", from + R"(b ["/r/z", "./z"])",
                                                 from + R"(busybox ["x", "y"])", owned + R"(["\\$m", "\\$m"])"});
}

TEST_CASE("exclude goes through a stage of its own") {
  const auto out = lines("base: debian\nvariants: {a: {copies: [{from: local, exclude: ['*.md', '!R.md']}]}}");
  CHECK(out.at(0) == "FROM debian AS a-files-1");
  CHECK(out.at(1) == R"(COPY [".", "/blubber-files/"])");
  CHECK(out.at(2).ends_with(R"(, "exclude", "=^[^/]*[.]md(/.*)?$", "!^R[.]md(/.*)?$"])"));
  CHECK(out.at(3) == "FROM debian AS a");
  CHECK(out.at(4) == "COPY --chown=$LIVES_UID:$LIVES_GID --from=a-files-1 [\"/blubber-files/\", \".\"]");
}

TEST_CASE("an empty base: copies and an entrypoint, a warning for what is dropped") {
  const auto out = made("base: debian\nvariants: {a: {base: scratch, apt: {packages: [x1]}, runs: {in: /x}, copies: "
                        "[{from: local, source: p, destination: /p}], entrypoint: [/p]}}",
                        "a", {.version = "1"});
  CHECK(out.text == "FROM scratch AS a\nCOPY [\"p\", \"/p\"]\nENTRYPOINT [\"/p\"]\n"
                    "LABEL blubber.variant=\"a\" blubber.version=\"1\"\n");
  REQUIRE(out.warnings.size() == 2);
  CHECK(out.warnings[0].message == "'apt' has no effect in variant 'a', which has no base image");
}

TEST_CASE("what the build takes in is told apart") {
  const auto out = made("base: debian\nvariants: {b: {base: alpine}, a: {copies: [b, busybox]}}");
  CHECK(out.stages == Lines{"b", "a"});
  CHECK(out.images == Lines{"alpine", "debian", "busybox"});
  CHECK_FALSE(out.needs_context);
  CHECK(made("base: debian\nvariants: {a: {copies: [local]}}").needs_context);
}

TEST_CASE("nothing in a configuration becomes an instruction of its own") {
  const auto text =
      made("base: debian\nvariants: {a: {runs: {environment: {A: \"x\\nUSER evil\"}}, entrypoint: "
           "[\"a\\nUSER evil\"], builders: [{custom: {command: \"a\\nUSER evil\"}}, {custom: {command: "
           "[a, \"b\\nUSER evil\"]}}, {custom: {script: \"x\\nUSER evil\"}}, {custom: {command: 'x \\'}}], "
           "apt: {sources: [{url: 'http://h', distribution: d, signed-by: \"k\\nUSER evil\"}]}, "
           "arguments: {B: \"x\\nUSER evil\"}}}")
          .text;
  for (const auto& line : text::split(text, '\n')) {
    CHECK_FALSE(line.starts_with("USER evil"));
    CHECK_FALSE(line.ends_with('\\'));
  }
}

TEST_CASE("python with uv") {
  const std::string uv = "requirements: [pyproject.toml, uv.lock], version: python3, uv: ";
  const auto out = part("{python: {" + uv + "{version: 0.5}}}");
  CHECK(Lines(out.end() - 3, out.end()) ==
        Lines{R"(ENV UV_PROJECT_ENVIRONMENT="/opt/lib/venv" UV_PYTHON_DOWNLOADS="never")",
              R"(RUN python3 "-m" "pip" "install" "-U" "uv==0.5")",
              R"(RUN uv "sync" "--inexact" "--no-install-project" "--no-cache" "--locked" "--no-dev")"});
  CHECK(part("{python: {" + uv + "{version: '>=0.5', devel: true}}}").back().ends_with(R"("--locked")"));
  CHECK(part("{python: {" + uv + "{version: 0.5, only: web}}}").back().ends_with(R"("--only-group" "web")"));
  CHECK(part("{python: {" + uv + "{version: 0.5, without: docs}}}").back().ends_with(R"("--no-group" "docs")"));
  CHECK(part("{python: {requirements: [pyproject.toml], version: python3, uv: {version: 0.5}}}").back() ==
        R"(RUN uv "sync" "--inexact" "--no-install-project" "--no-cache" "--no-dev")");
  CHECK(part("{python: {requirements: [], version: python3, venv: own}}").at(0) ==
        R"(RUN python3 "-m" "venv" "/srv/app/own")");
}

TEST_CASE("an inherited installer is replaced, not joined") {
  const std::string body = "base: debian\npython: {version: python3, requirements: [], poetry: {version: 1.5}}\n"
                           "variants: {a: {python: {uv: {version: 0.5}}}, b: {includes: [a], python: {poetry: "
                           "{version: 2.0}}}}";
  CHECK(made(body, "a").text.find("poetry") == std::string::npos);
  CHECK(made(body, "b").text.find("\"uv") == std::string::npos);
}

TEST_CASE("for BuildKit: mounts, caches and excludes of its own") {
  const blubber::Options buildkit{.target = blubber::Target::buildkit};
  const std::string body = "base: debian\nruns: {environment: {C: /c/x, D: $C/y}}\nlives: {uid: 7}\n"
                           "variants: {m: {}, a: {copies: [{from: local, exclude: ['*.md', /sub]}, {from: local, source: s, "
                           "exclude: ['!x']}], builder: {command: make, caches: ['${C}/z', $D, 'a,b'], mounts: [m, "
                           "{from: local, source: q, destination: ./w}]}}}";
  const auto text = made(body, "a", buildkit).text;
  CHECK(text.starts_with("# For BuildKit only. "));
  CHECK(text.substr(0, text.find('\n')).find('=') == std::string::npos);
  // $D is made of another variable, and a comma ends a field of --mount: those take the classic form.
  CHECK(text.find("RUN --mount=type=cache,target=/c/x/z,id=/c/x/z,sharing=shared,uid=7,gid=65533,mode=0755 "
                  "--mount=type=bind,source=/,target=/srv/app,rw,from=m "
                  "--mount=type=bind,source=q,target=/srv/app/w,rw [\"/bin/sh\", \"-c\", ") != std::string::npos);
  CHECK(text.find("&& mkdir -p -- \"$D\" \"/srv/app/a,b\" && chown") != std::string::npos);
  CHECK(text.find("COPY --chown=$LIVES_UID:$LIVES_GID --exclude=*.md --exclude=sub [\".\", \".\"]") != std::string::npos);
  CHECK(text.find("FROM debian AS a-files-1") != std::string::npos);
  const auto out = made(body, "a", buildkit);
  CHECK(std::ranges::count_if(out.warnings, [](const auto& w) { return w.message.starts_with("the cache '"); }) == 2);
  CHECK(out.needs_context);
  CHECK(made(body, "a").text.find("--mount") == std::string::npos);
  CHECK(made("base: debian\nvariants: {a: {builder: {command: x, mounts: [{from: busybox}]}}}", "a", buildkit).images ==
        Lines{"debian", "busybox"});
}

TEST_CASE("labels, and the program as the last step") {
  const auto out = made("base: debian\nvariants: {a: {entrypoint: [./run, '$x']}}", "a",
                        {.version = "1",
                         .labels = {{"org.example", "a \"b\" $c"}},
                         .run_entrypoint = blubber::EntrypointRun{{"--all"}, {{"A", "b c"}}}});
  CHECK(out.text.ends_with("LABEL blubber.variant=\"a\" blubber.version=\"1\" org.example=\"a \\\"b\\\" \\$c\"\n"
                           "RUN [\"env\", \"A=b c\", \"./run\", \"$x\", \"--all\"]\n"));
  CHECK_THROWS_AS(made("base: debian\nvariants: {a: {}}", "a", {.run_entrypoint = blubber::EntrypointRun{{}, {}}}),
                  Error);
}

TEST_CASE("an image with the name of a stage is still an image") {
  const auto out = made("base: debian\nvariants: {debian: {}, a: {base: debian, copies: [debian, '0']}}");
  CHECK(out.text.find("FROM debian:latest AS debian\n") != std::string::npos);
  CHECK(out.text.find("FROM debian:latest AS a\n") != std::string::npos);
  CHECK(out.text.find("--from=debian [") != std::string::npos);
  CHECK(out.text.find("--from=0:latest [") != std::string::npos);
  CHECK_THROWS_AS(made("variants: {scratch: {base: debian}, a: {copies: [scratch]}}"), Error);
}

TEST_CASE("a relative cache is where the builder works, whatever its name begins with") {
  const auto text = made("base: debian\nlives: {in: /w}\nvariants: {a: {builder: {command: x, caches: [-rf, ./c/, .]}}}").text;
  CHECK(text.find("for p in \"/w/-rf\" \"/w/c\" \"/w\"; do") != std::string::npos);
  CHECK(text.find("rm -rf -- \\\"/w/-rf\\\"/..?*") != std::string::npos);
  // What is mounted over the working directory moves it, and with it the caches that are below.
  const auto moved = made("base: debian\nvariants: {a: {builder: {command: x, mounts: [local], caches: [c]}}}").text;
  CHECK(moved.find("for p in \"/tmp/blubber-mount-1/c\" \"/tmp/blubber-mount-1\"; do") != std::string::npos);
  CHECK(moved.find("\"/srv/app/c\"") == std::string::npos);
}

TEST_CASE("a cache is never the root") {
  CHECK_THROWS_AS(made("base: debian\nvariants: {a: {builder: {command: x, caches: [../../..]}}}"), Error);
  CHECK_THROWS_AS(made("base: debian\nvariants: {a: {builder: {command: x, caches: [/]}}}"), Error);
  CHECK_THROWS_AS(made("base: debian\nvariants: {a: {builder: {command: x, caches: [{destination: /a/..}]}}}"), Error);
}
