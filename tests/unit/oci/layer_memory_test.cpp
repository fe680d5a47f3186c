// SPDX-License-Identifier: Apache-2.0
#include "core/fs.hpp"
#include "oci/layer_memory.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

using namespace slipway;
using namespace slipway::oci;

namespace {

Digest digest(int n) { return Digest::of(std::to_string(n)); }

struct Home {
  fs::TempDir dir{"layer-memory-test"};
  std::filesystem::path file = dir.path() / "deep/er/layers";
  [[nodiscard]] std::string text() const { return fs::read_file(file); }
};

}  // namespace

TEST_CASE("what was remembered is found by the next program, the latest place last") {
  const Home home;
  LayerMemory memory(home.file);
  memory.remember(digest(1), "gzip", digest(2), 77, "r.io/a");
  memory.remember(digest(1), "gzip", digest(2), 77, "r.io/b");
  memory.remember(digest(1), "gzip:portable", digest(3), 78, "r.io/a");
  const LayerMemory next(home.file);
  for (const auto* m : {&std::as_const(memory), &next}) {
    const auto found = m->find(digest(1), "gzip");
    REQUIRE(found);
    CHECK(found->digest == digest(2));
    CHECK(found->size == 77);
    CHECK(found->places == std::vector<std::string>{"r.io/a", "r.io/b"});
    CHECK(m->find(digest(1), "gzip:portable")->digest == digest(3));
    CHECK_FALSE(m->find(digest(1), "zstd"));
    CHECK_FALSE(m->find(digest(2), "gzip"));
  }
  struct stat status{};
  REQUIRE(::stat(home.file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
}

TEST_CASE("what is known is not written again") {
  const Home home;
  LayerMemory memory(home.file);
  memory.remember(digest(1), "gzip", digest(2), 77, "r.io/a");
  const auto before = home.text();
  memory.remember(digest(1), "gzip", digest(2), 77, "r.io/a");
  LayerMemory(home.file).remember(digest(1), "gzip", digest(2), 77, "r.io/a");
  CHECK(home.text() == before);
}

TEST_CASE("a damaged line is no line, wherever the damage is") {
  const Home home;
  LayerMemory(home.file).remember(digest(1), "gzip", digest(2), 77, "r.io/a");
  const auto good = home.text();
  for (std::size_t i = 0; i + 1 < good.size(); ++i) {
    auto bad = good;
    bad[i] = bad[i] == 'a' ? 'b' : 'a';
    fs::write_file(home.file, bad, 0600);
    CHECK_FALSE(LayerMemory(home.file).find(digest(1), "gzip"));
    fs::write_file(home.file, good.substr(0, i), 0600);  // cut: and what is written after it can be read
    LayerMemory cut(home.file);
    CHECK_FALSE(cut.find(digest(1), "gzip"));
    cut.remember(digest(5), "gzip", digest(6), 7, "r.io/a");
    CHECK(LayerMemory(home.file).find(digest(5), "gzip"));
    CHECK_FALSE(LayerMemory(home.file).find(digest(1), "gzip"));
  }
}

TEST_CASE("a file that others can write is not believed") {
  const Home home;
  LayerMemory(home.file).remember(digest(1), "gzip", digest(2), 77, "r.io/a");
  REQUIRE(::chmod(home.file.c_str(), 0666) == 0);
  LayerMemory memory(home.file);
  CHECK_FALSE(memory.find(digest(1), "gzip"));
  const auto before = home.text();
  memory.remember(digest(3), "gzip", digest(2), 77, "r.io/a");
  CHECK(home.text() == before);
  // nor is one behind a link, which somebody may have laid into a shared directory
  const auto link = home.dir.path() / "link";
  REQUIRE(::chmod(home.file.c_str(), 0600) == 0);
  std::filesystem::create_symlink(home.file, link);
  CHECK_FALSE(LayerMemory(link).find(digest(1), "gzip"));
}

TEST_CASE("the file stays short, and the newest half stays") {
  const Home home;
  const std::string place = "registry.example.org/" + std::string(4000, 'p');
  LayerMemory memory(home.file);
  int n = 0;
  for (; n < 400; ++n) memory.remember(digest(n), "gzip", digest(-n), 7, place);
  CHECK(std::filesystem::file_size(home.file) <= LayerMemory::longest_file);
  const LayerMemory next(home.file);
  CHECK(next.find(digest(n - 1), "gzip"));
  CHECK(next.find(digest(n - 100), "gzip"));
  CHECK_FALSE(next.find(digest(0), "gzip"));
}

TEST_CASE("many writers at once, in threads and processes: no line is mixed, none is lost") {
  const Home home;
  constexpr int each = 40;
  const auto write = [&](int who) {
    LayerMemory memory(home.file);
    for (int i = 0; i < each; ++i) memory.remember(digest(who * 1000 + i), "gzip", digest(i), 7, "r.io/a");
  };
  std::vector<::pid_t> children;
  for (int who = 0; who < 3; ++who) {
    const auto child = ::fork();
    if (child == 0) {
      write(who);
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const auto child : children) ::waitpid(child, nullptr, 0);
  std::vector<std::thread> threads;
  for (int who = 3; who < 6; ++who) threads.emplace_back([&, who] { write(who); });
  for (auto& thread : threads) thread.join();
  const LayerMemory all(home.file);
  for (int who = 0; who < 6; ++who)
    for (int i = 0; i < each; ++i) CHECK(all.find(digest(who * 1000 + i), "gzip"));
}

TEST_CASE("no home, no file, no memory, no trouble") {
  CHECK_FALSE(LayerMemory::file_in({}));
  CHECK_FALSE(LayerMemory::file_in([](const std::string&) { return std::nullopt; }));
  const auto env = [](const char* name, const char* value) -> Environment {
    return [=](const std::string& asked) { return asked == name ? std::optional<std::string>(value) : std::nullopt; };
  };
  CHECK(LayerMemory::file_in(env("HOME", "/h")) == "/h/.cache/slipway/layers");
  CHECK(LayerMemory::file_in(env("XDG_CACHE_HOME", "/c")) == "/c/slipway/layers");
  CHECK_FALSE(LayerMemory::file_in(env("XDG_CACHE_HOME", "c")));
  LayerMemory none;
  none.remember(digest(1), "gzip", digest(2), 7, "r.io/a");
  CHECK_FALSE(none.find(digest(1), "gzip"));
  LayerMemory nowhere("/proc/no/such/place");
  nowhere.remember(digest(1), "gzip", digest(2), 7, "r.io/a");
  CHECK(nowhere.find(digest(1), "gzip"));  // for the rest of this run
}
