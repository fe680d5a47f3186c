// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "git/repository.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"
#include "support/repository.hpp"

#include <sys/stat.h>

using namespace slipway;
using git::Repository;
using slipway::testing::failed;
using slipway::testing::TestRepository;

namespace {

std::string message(const Failure& wanted, auto&& work) { return failed(wanted, work).message(); }

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string content(const Repository& repository, std::string_view path) {
  const auto blob = repository.read(repository.resolve(), path);
  return blob ? blob->content : "(absent)";
}

}  // namespace

TEST_CASE("an object id is exactly 40 hexadecimal digits") {
  const std::string hex(40, 'a');
  REQUIRE(git::ObjectId::parse(hex));
  CHECK(git::ObjectId::parse(hex)->hex() == hex);
  CHECK(git::ObjectId::parse(hex)->brief() == "aaaaaaaaaaaa");
  CHECK_FALSE(git::ObjectId::parse(hex + "a"));
  CHECK_FALSE(git::ObjectId::parse(hex.substr(1)));
  CHECK_FALSE(git::ObjectId::parse(std::string(40, 'g')));
  CHECK_FALSE(git::ObjectId::parse(""));
}

TEST_CASE("committed content is read, whatever lies in the work tree") {
  const TestRepository made;
  made.write("svc/values.yaml", "a: 1\n");
  const auto first = made.commit("one");
  made.write("svc/values.yaml", "a: 2\n");
  made.write("not-added", "x");

  const auto repository = Repository::open(made.path().string());
  CHECK(repository.location() == made.path().string());
  CHECK(repository.resolve().hex() == first);
  const auto blob = repository.read(repository.resolve(), "svc/values.yaml");
  REQUIRE(blob);
  CHECK(blob->content == "a: 1\n");
  CHECK(blob->path == "svc/values.yaml");
  CHECK(blob->id.hex() == made.git({"rev-parse", "HEAD:svc/values.yaml"}));
  CHECK_FALSE(repository.read(repository.resolve(), "not-added"));
  CHECK_FALSE(repository.read(repository.resolve(), "svc/values.yaml/below"));
  CHECK(content(repository, "/svc//./values.yaml") == "a: 1\n");

  const auto commit = repository.commit(repository.resolve());
  CHECK(commit.author == "A U Thor");
  CHECK(commit.subject == "one");
  CHECK(commit.tree.hex() == made.git({"rev-parse", "HEAD^{tree}"}));
  CHECK(std::chrono::duration_cast<std::chrono::seconds>(commit.time.time_since_epoch()).count() == 1795514400);
}

TEST_CASE("bare, linked, shared and file:// repositories are all the same") {
  const TestRepository made;
  made.write("f", "here");
  made.commit("one");
  const auto bare = made.beside("bare.git").string();
  made.git({"clone", "-q", "--bare", made.path().string(), bare});
  CHECK(content(Repository::open(bare), "f") == "here");
  CHECK(Repository::open(bare).location() == bare);
  CHECK(content(Repository::open("file://" + bare), "f") == "here");
  CHECK(content(Repository::open("file://localhost" + bare), "f") == "here");

  const auto odd = made.beside("a b%.git").string();
  made.git({"clone", "-q", "--bare", made.path().string(), odd});
  CHECK(content(Repository::open("file://" + made.beside("a%20b%25.git").string()), "f") == "here");

  const auto linked = made.beside("linked").string();
  made.git({"worktree", "add", "-q", linked, "-b", "other"});
  CHECK(content(Repository::open(linked), "f") == "here");

  const auto shared = made.beside("shared").string();
  made.git({"clone", "-q", "--shared", "--no-checkout", made.path().string(), shared});
  CHECK(content(Repository::open(shared), "f") == "here");
}

TEST_CASE("a repository is found from a folder inside it, and only then") {
  const TestRepository made;
  made.write("deep/er/f", "x");
  made.commit("one");
  const auto found = Repository::discover(made.path() / "deep" / "er");
  REQUIRE(found);
  CHECK(found->location() == made.path().string());
  CHECK_FALSE(Repository::discover(made.path().parent_path()));

  const auto error = failed(failure::not_found, [&] { static_cast<void>(Repository::open(made.path() / "deep")); });
  CHECK(contains(error.message(), "is not a git repository"));
  CHECK(contains(error.hint(), made.path().string()));
}

TEST_CASE("what is no repository on this machine is said to be so") {
  const fs::TempDir empty("slipway-empty");
  CHECK(contains(message(failure::not_found, [&] { static_cast<void>(Repository::open(empty.path() / "x")); }),
                 "there is no repository"));
  CHECK(contains(message(failure::not_found, [&] { static_cast<void>(Repository::open(empty.path())); }),
                 "is not a git repository"));
  CHECK(failed(failure::bad_usage, [] { static_cast<void>(Repository::open("")); }).code() == ExitCode::usage);
  CHECK(failed(failure::bad_usage, [] { static_cast<void>(Repository::open("file://relative")); }).code() ==
        ExitCode::usage);
}

TEST_CASE("a repository of another user is refused with the command that allows it") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can give a repository away");
    return;
  }
  const TestRepository made;
  made.commit("one");
  for (const auto& path : {made.path(), made.path() / ".git"}) REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
  const auto error = failed(failure::denied, [&] { static_cast<void>(Repository::open(made.path().string())); });
  CHECK(contains(error.message(), "belongs to another user"));
  CHECK(error.hint() == "git config --global --add safe.directory " + made.path().string());
  failed(failure::denied, [&] { static_cast<void>(Repository::discover(made.path())); });
}

TEST_CASE("another host is refused without showing a password") {
  for (const auto* remote : {"https://git.example.org/config.git", "ssh://git@git.example.org/config.git",
                             "git@git.example.org:config.git", "git://git.example.org/x", "host:path/x"})
    CHECK(Repository::is_remote(remote));
  for (const auto* local : {"/srv/config.git", "config.git", "./a:b", "dir/a:b", "file:///srv/x", "."})
    CHECK_FALSE(Repository::is_remote(local));
  const auto error = failed(
      failure::bad_usage, [] { static_cast<void>(Repository::open("https://me:s3cret@git.example.org/config.git")); });
  CHECK_FALSE(contains(error.message() + error.hint(), "s3cret"));
  CHECK(contains(error.hint(), "git clone --bare https://git.example.org/config.git"));
}

TEST_CASE("branches, tags, ids and expressions resolve to commits") {
  const TestRepository made;
  made.write("f", "1");
  const auto first = made.commit("one");
  made.git({"tag", "-a", "-m", "t", "v1"});
  made.git({"branch", "staging"});
  made.write("f", "2");
  const auto second = made.commit("two");
  const auto repository = Repository::open(made.path().string());
  CHECK(repository.resolve("").hex() == second);
  CHECK(repository.resolve("main").hex() == second);
  CHECK(repository.resolve("staging").hex() == first);
  CHECK(repository.resolve("v1").hex() == first);
  CHECK(repository.resolve(first).hex() == first);
  CHECK(repository.resolve(first.substr(0, 10)).hex() == first);
  CHECK(repository.resolve("main~1").hex() == first);
  CHECK(repository.refs() == std::vector<std::string>{"main", "staging", "v1"});

  CHECK(contains(message(failure::not_found, [&] { static_cast<void>(repository.resolve("stagin")); }),
                 "did you mean 'staging'?"));
  failed(failure::not_found, [&] { static_cast<void>(repository.resolve(std::string(40, '1'))); });
  failed(failure::not_found, [&] { static_cast<void>(repository.resolve("main:f")); });
  failed(failure::bad_usage, [&] { static_cast<void>(repository.resolve("a..b^^{")); });
  failed(failure::not_found,
         [&] { static_cast<void>(repository.commit(*git::ObjectId::parse(std::string(40, '1')))); });

  const auto clone = made.beside("clone").string();
  made.git({"clone", "-q", made.path().string(), clone});
  CHECK(Repository::open(clone).resolve("staging").hex() == first);
}

TEST_CASE("a repository without a commit says so") {
  const TestRepository made;
  const auto repository = Repository::open(made.path().string());
  CHECK(contains(message(failure::not_found, [&] { static_cast<void>(repository.resolve()); }), "has no commit yet"));
}

TEST_CASE("a HEAD that names a branch which is not there says which branches are") {
  const TestRepository made;
  made.commit("one");
  made.git({"symbolic-ref", "HEAD", "refs/heads/gone"});
  const auto repository = Repository::open(made.path().string());
  const auto error = failed(failure::not_found, [&] { static_cast<void>(repository.resolve()); });
  CHECK(contains(error.hint(), "main"));
}

TEST_CASE("links are followed inside the tree") {
  const TestRepository made;
  made.write("common/global.yaml", "shared");
  made.write("common/sub/deep.yaml", "deep");
  made.link("web/global.yaml", "../common/global.yaml");
  made.link("web/again.yaml", "global.yaml");
  made.link("alias", "web");
  made.link("web/sub", "../common/./sub/");
  made.commit("one");
  const auto repository = Repository::open(made.path().string());
  const auto commit = repository.resolve();
  CHECK(repository.read(commit, "web/global.yaml")->content == "shared");
  CHECK(repository.read(commit, "web/global.yaml")->path == "common/global.yaml");
  CHECK(repository.read(commit, "alias/again.yaml")->path == "common/global.yaml");
  CHECK(repository.read(commit, "alias/sub/deep.yaml")->path == "common/sub/deep.yaml");
  // A link to a directory that is there is no promise of the file below it.
  CHECK_FALSE(repository.read(commit, "alias/sub/other.yaml"));
  CHECK(repository.find(commit, "alias")->path == "web");
  CHECK(repository.tree_id(commit, "web/sub")->hex() == made.git({"rev-parse", "HEAD:common/sub"}));
  CHECK_FALSE(repository.tree_id(commit, "web/global.yaml"));

  const auto entries = repository.list(commit, "alias");
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].name == "again.yaml");
  CHECK(entries[0].kind == git::EntryKind::link);
  CHECK(repository.list(commit, "nowhere").empty());
}

TEST_CASE("links that leave the tree, lead nowhere or go in circles are errors that name them") {
  const TestRepository made;
  made.write("f", "x");
  made.link("a/out", "../../etc/passwd");
  made.link("a/absolute", "/etc/passwd");
  made.link("a/dangling", "../nothing.yaml");
  made.link("a/through", "../f/below");
  made.link("a/one", "two");
  made.link("a/two", "one");
  made.commit("one");
  const auto repository = Repository::open(made.path().string());
  const auto why = [&](std::string_view path) {
    return message(failure::bad_input, [&] { static_cast<void>(repository.read(repository.resolve(), path)); });
  };
  CHECK(why("a/out") == "the link a/out -> ../../etc/passwd leads out of the repository");
  CHECK(contains(why("a/absolute"), "a/absolute -> /etc/passwd"));
  CHECK(why("a/dangling") == "the link a/dangling -> ../nothing.yaml leads nowhere");
  CHECK(why("a/through") == "the link a/through -> ../f/below leads nowhere");
  CHECK(contains(why("a/one"), "more than 40 links"));
  CHECK(contains(why("../f"), "leads out of the repository"));
  CHECK(contains(why("a"), "is a directory"));
}

TEST_CASE("a file larger than the limit is refused") {
  const TestRepository made;
  made.write("big", std::string(1000, 'x'));
  made.commit("one");
  const auto repository = Repository::open(made.path().string());
  CHECK(repository.read(repository.resolve(), "big", 1000));
  CHECK(contains(
      message(failure::bad_input, [&] { static_cast<void>(repository.read(repository.resolve(), "big", 999)); }),
      "larger than 999 bytes"));
}

TEST_CASE("a shallow clone is read; an object that it lacks is said to be missing") {
  const TestRepository made;
  made.write("f", "1");
  const auto first = made.commit("one");
  made.write("f", "2");
  made.commit("two");
  const auto shallow = made.beside("shallow.git").string();
  made.git({"clone", "-q", "--bare", "--depth", "1", "file://" + made.path().string(), shallow});
  const auto repository = Repository::open(shallow);
  CHECK(content(repository, "f") == "2");
  failed(failure::not_found, [&] { static_cast<void>(repository.resolve(first)); });

  const auto blob = made.git({"rev-parse", "HEAD:f"});
  std::filesystem::remove(made.path() / ".git" / "objects" / blob.substr(0, 2) / blob.substr(2));
  const auto broken = Repository::open(made.path().string());
  CHECK(contains(message(failure::unreachable, [&] { static_cast<void>(broken.read(broken.resolve(), "f")); }), blob));
}

TEST_CASE("a damaged repository is called that, with what helps") {
  const TestRepository made;
  made.write("f", "1");
  const auto commit = made.commit("one");
  const auto object = [&](const std::string& id) {
    const auto path = made.path() / ".git" / "objects" / id.substr(0, 2) / id.substr(2);
    std::filesystem::permissions(path, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
    return path;
  };
  const auto help = "git -C " + made.path().string() + " fsck says what is damaged; clone it again";
  const auto why = [&](const Failure& failure) {
    const auto repository = Repository::open(made.path().string());
    const auto error = failed(failure, [&] { static_cast<void>(repository.read(repository.resolve(), "f")); });
    CHECK(error.hint() == help);
    return error.message();
  };
  // What a crash of the machine leaves: a file without its content. And what a bad disk leaves.
  const auto blob = made.git({"rev-parse", "HEAD:f"});
  for (const auto* content : {"", "no zlib at all"}) {
    fs::write_file(object(blob), content);
    CHECK(contains(why(failure::read_failed), "cannot read the file " + blob));
  }
  fs::write_file(object(commit), "");
  CHECK(contains(why(failure::read_failed), "cannot resolve 'HEAD'"));
  std::filesystem::remove(object(commit));
  CHECK(contains(why(failure::unreachable), "lacks the object " + commit + " that 'HEAD' names"));
}

TEST_CASE("a subtree is exported with links as what they lead to") {
  const TestRepository made;
  made.write("charts/svc/Chart.yaml", "name: svc\n");
  made.write("charts/svc/templates/a.yaml", "a");
  made.write("charts/svc/run", "#!/bin/sh\n");
  std::filesystem::permissions(made.path() / "charts/svc/run", std::filesystem::perms::owner_all);
  made.write("charts/common/_helpers.tpl", "shared");
  made.link("charts/svc/templates/_helpers.tpl", "../../common/_helpers.tpl");
  made.link("charts/svc/common", "../common");
  made.commit("one");
  const auto repository = Repository::open(made.path().string());
  const fs::TempDir into("slipway-export");
  repository.export_tree(repository.resolve(), "charts/svc", into.path());
  CHECK(fs::read_file(into.path() / "Chart.yaml") == "name: svc\n");
  CHECK(fs::read_file(into.path() / "templates/a.yaml") == "a");
  CHECK(fs::read_file(into.path() / "templates/_helpers.tpl") == "shared");
  CHECK(fs::read_file(into.path() / "common/_helpers.tpl") == "shared");
  CHECK_FALSE(std::filesystem::is_symlink(into.path() / "common"));
  struct stat run{};
  REQUIRE(::stat((into.path() / "run").c_str(), &run) == 0);
  CHECK((run.st_mode & 0100U) != 0);

  const fs::TempDir small("slipway-export");
  failed(failure::bad_input, [&] { repository.export_tree(repository.resolve(), "charts/svc", small.path(), 10); });
  failed(failure::not_found, [&] { repository.export_tree(repository.resolve(), "charts/other", small.path()); });
}

TEST_CASE("an export writes nothing outside its directory and ends") {
  const TestRepository made;
  const fs::TempDir into("slipway-export");
  made.link("loop/self", "../loop");
  made.commit("one");
  auto repository = Repository::open(made.path().string());
  CHECK(
      contains(message(failure::bad_input, [&] { repository.export_tree(repository.resolve(), "loop", into.path()); }),
               "a link in a circle?"));

  // git itself never makes such a tree; a hostile one can hold it.
  const auto blob = made.git({"hash-object", "-w", "--stdin"}, "evil");
  std::string raw = "100644 ..";
  raw += '\0';
  for (std::size_t i = 0; i < 40; i += 2) raw += static_cast<char>(std::stoi(blob.substr(i, 2), nullptr, 16));
  const auto tree = made.git({"hash-object", "-w", "-t", "tree", "--literally", "--stdin"}, raw);
  const auto commit = made.git({"commit-tree", "-m", "evil", tree});
  const fs::TempDir clean("slipway-export");
  failed(failure::bad_input, [&] { repository.export_tree(repository.resolve(commit), "", clean.path()); });
  CHECK(std::filesystem::is_empty(clean.path()));
}

TEST_CASE("a submodule is neither a file nor something to export") {
  const TestRepository made;
  made.git({"update-index", "--add", "--cacheinfo", "160000," + std::string(40, '1') + ",charts/sub"});
  made.git({"commit", "-q", "-m", "one"});
  const auto repository = Repository::open(made.path().string());
  CHECK(repository.find(repository.resolve(), "charts/sub")->kind == git::EntryKind::submodule);
  CHECK_FALSE(repository.read(repository.resolve(), "charts/sub/x"));
  CHECK(contains(
      message(failure::bad_input, [&] { static_cast<void>(repository.read(repository.resolve(), "charts/sub")); }),
      "is a submodule"));
  const fs::TempDir into("slipway-export");
  failed(failure::bad_input, [&] { repository.export_tree(repository.resolve(), "charts", into.path()); });
}
