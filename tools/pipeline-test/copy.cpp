// SPDX-License-Identifier: Apache-2.0
#include "copy.hpp"

#include "core/fs.hpp"
#include "unpack.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace slipway::pipeline_test {

std::vector<Copy> parse_copies(const std::vector<std::string>& given, const std::string& workdir) {
  std::vector<Copy> copies;
  for (const auto& one : given) {
    const auto colon = one.find(':');
    Copy copy{one.substr(0, colon), colon == std::string::npos ? "." : one.substr(colon + 1), false};
    if (copy.source.empty() || copy.into.empty())
      throw Error(failure::bad_usage, fmt::format("--copy '{}' is not SRC[:DIR]", one));
    copy.contents = copy.source.ends_with('/');
    if (!copy.source.starts_with('/')) copy.source = (workdir.empty() ? "" : workdir) + "/" + copy.source;
    copies.push_back(std::move(copy));
  }
  return copies;
}

void copy_out(docker::Engine& engine, const std::string& container, const std::vector<Copy>& copies,
              const io::Run& run) {
  for (const auto& copy : copies) {
    const fs::TempDir spool("pipeline-test");
    const auto path = spool.path() / "archive.tar";
    const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file.open()) throw Error(failure::cannot_create, fmt::format("cannot create {}", path.string()));
    const bool found = engine.copy_out(
        container, copy.source,
        [&](std::string_view bytes) {
          fs::write_all(file.get(), bytes, path.string());
          return true;
        },
        run);
    if (!found) {
      run.events.warn(fmt::format("nothing to copy at {} in the container", copy.source));
      continue;
    }
    ::lseek(file.get(), 0, SEEK_SET);
    const auto done = unpack(file.get(), copy.into, copy.contents ? 1 : 0);
    for (const auto& refused : done.refused) run.events.warn(fmt::format("not copied: {}", refused));
    run.events.note(fmt::format("copied {} ({} files) into {}", copy.source, done.files, copy.into.string()));
  }
}

}  // namespace slipway::pipeline_test
