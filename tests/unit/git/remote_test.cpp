// SPDX-License-Identifier: Apache-2.0
#include "git/remote.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"

using namespace slipway;

namespace {

const std::string id(40, 'a');

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

Error said(std::string_view complaints, std::string_view url = "https://host.example/config.git") {
  return git::explain_failure(git::parse_remote(url), complaints);
}

}  // namespace

TEST_CASE("a revision is taken apart into what a server has to know") {
  CHECK(git::parse_revision("").base.empty());
  CHECK(git::parse_revision("HEAD").base.empty());
  CHECK(git::parse_revision("@").base.empty());
  CHECK(git::parse_revision("main").base == "main");
  CHECK_FALSE(git::parse_revision("main").history);
  CHECK(git::parse_revision("refs/heads/env/dc1").base == "env/dc1");
  CHECK(git::parse_revision("refs/tags/v1").base == "v1");
  for (const auto* text : {"main~2", "main^", "main^2~1"}) {
    CHECK(git::parse_revision(text).base == "main");
    CHECK(git::parse_revision(text).history);
  }
  CHECK(git::parse_revision("HEAD~1").base.empty());
  CHECK(git::parse_revision("@~1").history);
  CHECK_FALSE(git::parse_revision("v1^{commit}").history);
  CHECK(git::parse_revision(id).is_id);
  CHECK(git::parse_revision("abc1234").may_be_id);
  CHECK_FALSE(git::parse_revision("abc1234").is_id);
  CHECK_FALSE(git::parse_revision("main").may_be_id);
  for (const auto* text : {"main@{yesterday}", "@{1}", "main:file", ":/fix", "main^{/fix}", "-x", "--upload-pack=x"}) {
    INFO(text);
    testing::failed(failure::bad_usage, [&] { static_cast<void>(git::parse_revision(text)); });
  }
}

TEST_CASE("the credentials of a URL do not stay in it") {
  const auto url = git::parse_remote("https://reader:ge%23heim@host.example:8443/config.git");
  CHECK(url.text == "https://host.example:8443/config.git");
  CHECK(url.username == "reader");
  CHECK(url.password == "ge#heim");
  CHECK(url.host == "host.example");
  CHECK(url.port == "8443");
  CHECK_FALSE(url.is_ssh);
  CHECK(git::parse_remote("https://token@host.example/c.git").username == "token");
  CHECK(git::parse_remote("https://host.example/c.git").username.empty());
}

TEST_CASE("ssh in both its forms") {
  const auto url = git::parse_remote("ssh://git@[::1]:2222/srv/config.git");
  CHECK(url.is_ssh);
  CHECK(url.text == "ssh://git@[::1]:2222/srv/config.git");
  CHECK(url.host == "[::1]");
  CHECK(url.port == "2222");
  const auto brief = git::parse_remote("git@host.example:config.git");
  CHECK(brief.is_ssh);
  CHECK(brief.host == "host.example");
  CHECK(brief.text == "git@host.example:config.git");
}

TEST_CASE("what would run a program or be an option is refused, and shows no secret") {
  for (const auto* text :
       {"ext::sh -c id", "fd::3", "-oProxyCommand=id:x", "ssh://-oProxyCommand=id/x", "ftp://host/x", "ext://host/x",
        "ssh://git:geheim@host/x", "https:///x", "https://a:b%zz@host/x", "https://a:b%0ac@host/x"}) {
    INFO(text);
    const auto error = testing::failed(failure::bad_usage, [&] { static_cast<void>(git::parse_remote(text)); });
    CHECK_FALSE(contains(error.message(), "geheim"));
    CHECK_FALSE(contains(error.message(), "b%0ac"));
  }
}

TEST_CASE("what a server advertises") {
  const auto head = std::string(40, '1');
  const auto tag = std::string(40, '2');
  const auto told =
      git::parse_advertised("ref: refs/heads/trunk\tHEAD\n" + head + "\tHEAD\n" + tag + "\trefs/tags/v1\n" + head +
                            "\trefs/tags/v1^{}\n" + head + "\trefs/heads/v1\nwarning: something\n");
  CHECK(told.ref_for("") == "refs/heads/trunk");
  CHECK(told.refs.at("refs/heads/trunk") == head);
  CHECK(told.ref_for("v1") == "refs/tags/v1");  // as git does where both are there
  CHECK_FALSE(told.ref_for("v2"));
  CHECK(told.short_names() == std::vector<std::string>{"trunk", "v1", "v1"});
  const auto detached = git::parse_advertised(head + "\tHEAD\n");
  CHECK(detached.ref_for("") == "HEAD");
  CHECK(git::parse_advertised("").refs.empty());
}

TEST_CASE("what git and ssh complain about, and what it means") {
  CHECK(said("fatal: could not read Username for 'https://host.example': terminal prompts disabled").code() ==
        ExitCode::permission);
  CHECK(said("fatal: Authentication failed for 'https://host.example/config.git/'").code() == ExitCode::permission);
  CHECK(contains(said("fatal: Authentication failed for 'x'").message(), "~/.netrc or the git credential helper"));
  CHECK(contains(said("fatal: Authentication failed for 'x'", "https://a:b@host.example/c").message(), "from the URL"));
  CHECK(said("fatal: repository 'https://host.example/config.git/' not found").code() == ExitCode::no_input);
  CHECK(said("fatal: unable to access 'x': Could not resolve host: host.example").code() == ExitCode::unavailable);
  CHECK(said("fatal: unable to access 'x': SSL certificate problem: self-signed certificate").code() ==
        ExitCode::permission);
  CHECK(said("fatal: write error: No space left on device").code() == ExitCode::io);
  CHECK(said("fatal: couldn't find remote ref nope").code() == ExitCode::no_input);
  CHECK(said("upload-pack: not our ref " + id).code() == ExitCode::no_input);
  const auto* ssh = "ssh://git@host.example:2222/config.git";
  CHECK(said("git@host.example: Permission denied (publickey).", ssh).code() == ExitCode::permission);
  CHECK(said("ssh: connect to host host.example port 2222: Connection refused\nfatal: Could not read from remote "
             "repository.",
             ssh)
            .code() == ExitCode::unavailable);
  const auto changed =
      said("@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.", ssh);
  CHECK(changed.code() == ExitCode::permission);
  CHECK(contains(changed.hint(), "ssh-keygen -R '[host.example]:2222'"));
  const auto unknown = said("No ED25519 host key is known for [host.example]:2222 and you have requested strict "
                            "checking.\nHost key verification failed.",
                            ssh);
  CHECK(contains(unknown.hint(), "ssh-keyscan -p 2222 host.example"));
  CHECK(contains(unknown.message(), "is not in known_hosts"));
  CHECK(git::is_unknown_host("No ED25519 host key is known for h\nHost key verification failed."));
  CHECK(contains(said("fatal: the remote end hung up unexpectedly").message(), "the remote end hung up unexpectedly"));
}
