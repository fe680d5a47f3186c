// SPDX-License-Identifier: Apache-2.0
// The build context: the files of a directory as one tar that is the same for the same content,
// whoever builds it and wherever it lies. Sorted, owned by root, with git's two file modes. Symbolic
// links stay links, wherever they point; nothing of the tree is written to.
#pragma once

#include "http/client.hpp"
#include "ignore.hpp"

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace slipway::pipeline_build {

struct ContextEntry {
  enum class Kind { directory, file, link };
  Kind kind = Kind::file;
  std::string path;  ///< relative, with slashes
  std::uint64_t size = 0;
  bool executable = false;
  std::time_t modified = 0;
  std::string target;   ///< of a link
  std::string content;  ///< of a file that is not on disk
  bool made = false;    ///< `content` counts
};

struct Context {
  std::filesystem::path root;
  std::vector<ContextEntry> entries;  ///< sorted by path
  std::vector<std::string> left_out;  ///< sockets, pipes and devices, which no image can hold

  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::size_t files() const;
  /// The `count` largest files, largest first.
  [[nodiscard]] std::vector<const ContextEntry*> largest(std::size_t count) const;
};

/// The name under which the Dockerfile travels. Fixed, so that COPY of a directory hits the cache,
/// and named in the .dockerignore that travels along, so that no COPY sees it.
inline constexpr std::string_view dockerfile_name = ".pipeline-build.Dockerfile";

/// @param extra patterns that are added to those of the tree's .dockerignore
/// @param latest no file is given a later time (SOURCE_DATE_EPOCH)
/// @throws Error not_found, bad_input, read_failed
[[nodiscard]] Context read_context(const std::filesystem::path& root, const std::vector<std::string>& extra,
                                   std::optional<std::time_t> latest);
/// A context without any file.
[[nodiscard]] Context empty_context();
/// Puts the Dockerfile into the context.
void add_dockerfile(Context& context, std::string dockerfile);

/// The context as a tar stream; files are read as they are sent.
/// @throws Error (while reading) read_failed, also when a file shrinks meanwhile
[[nodiscard]] http::Body to_tar(Context context);

}  // namespace slipway::pipeline_build
