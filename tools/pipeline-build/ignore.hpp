// SPDX-License-Identifier: Apache-2.0
// .dockerignore: which files of a directory stay out of the build context. The pattern language is
// Go's filepath.Match with `**` and `!` as docker reads it; the last pattern that matches a path, or
// one of its parents, decides.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::pipeline_build {

class Ignore {
 public:
  Ignore() = default;
  /// @param file the name that errors show
  /// @throws Error bad_input with all malformed patterns
  /// @source docs.docker.com/reference/dockerfile, "dockerignore file"; moby/patternmatcher
  [[nodiscard]] static Ignore parse(std::string_view text, std::string_view file);

  /// Adds patterns of `more` behind ours.
  void append(Ignore more);

  /// @param path relative to the context, with slashes, without a leading one
  [[nodiscard]] bool excludes(std::string_view path) const;
  /// True when nothing below the excluded directory `path` can come back by a `!` pattern.
  [[nodiscard]] bool prunes(std::string_view path) const;
  [[nodiscard]] bool empty() const { return patterns_.empty(); }

 private:
  struct Pattern {
    std::string glob;
    bool negated = false;
  };
  std::vector<Pattern> patterns_;
};

/// One path against one pattern, whole against whole.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view path);

}  // namespace slipway::pipeline_build
