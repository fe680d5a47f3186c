// SPDX-License-Identifier: Apache-2.0
// A git repository in a temporary directory, made by the git program, for tests of what reads one.
#pragma once

#include "core/fs.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::testing {

class TestRepository {
 public:
  explicit TestRepository(std::vector<std::string> init = {"-b", "main"}) : directory_("slipway-repository") {
    std::filesystem::create_directory(path());
    init.insert(init.begin(), {"init", "-q"});
    init.push_back(path().string());
    run(init);
  }

  [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "config"; }
  /// An empty place beside the repository, for clones and work trees.
  [[nodiscard]] std::filesystem::path beside(std::string_view name) const { return directory_.path() / name; }

  void write(const std::string& file, std::string_view text) const {
    std::filesystem::create_directories((path() / file).parent_path());
    fs::write_file(path() / file, text);
  }
  void link(const std::string& file, const std::string& target) const {
    std::filesystem::create_directories((path() / file).parent_path());
    std::filesystem::create_symlink(target, path() / file);
  }
  /// Everything in the work tree; returns the commit's id.
  std::string commit(const std::string& message) const {
    git({"add", "-A"});
    git({"commit", "-q", "--allow-empty", "-m", message});
    return git({"rev-parse", "HEAD"});
  }
  /// git in the repository; returns what it printed, without the last newline.
  std::string git(std::vector<std::string> arguments, std::string_view in = {}) const {
    arguments.insert(arguments.begin(), {"-C", path().string()});
    return run(arguments, in);
  }

 private:
  static std::string run(const std::vector<std::string>& arguments, std::string_view in = {}) {
    const Fd input(::memfd_create("in", MFD_CLOEXEC));
    const Fd output(::memfd_create("out", MFD_CLOEXEC));
    fs::write_all(input.get(), in, "memfd");
    ::lseek(input.get(), 0, SEEK_SET);
    std::vector<std::string> words{"git"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    // The user's own settings must not matter, nor a repository that the test runs in.
    std::vector<std::string> environment{"GIT_CONFIG_GLOBAL=/dev/null",
                                         "GIT_CONFIG_NOSYSTEM=1",
                                         "GIT_AUTHOR_NAME=A U Thor",
                                         "GIT_AUTHOR_EMAIL=author@example.org",
                                         "GIT_AUTHOR_DATE=2026-11-24T10:00:00Z",
                                         "GIT_COMMITTER_NAME=C O Mitter",
                                         "GIT_COMMITTER_EMAIL=committer@example.org",
                                         "GIT_COMMITTER_DATE=2026-11-24T10:00:00Z",
                                         "PATH=/usr/local/bin:/usr/bin:/bin"};
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> out;
      for (auto& text : texts) out.push_back(text.data());
      out.push_back(nullptr);
      return out;
    };
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output.get(), STDOUT_FILENO);
    pid_t child = 0;
    const int failed =
        ::posix_spawnp(&child, "git", &actions, nullptr, pointers(words).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    if (failed != 0 || ::waitpid(child, &status, 0) != child || status != 0)
      throw std::runtime_error("git " + arguments[arguments.size() > 2 ? 2 : 0] + " failed");
    ::lseek(output.get(), 0, SEEK_SET);
    auto text = fs::read_all(output.get(), "memfd");
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }

  fs::TempDir directory_;
};

}  // namespace slipway::testing
