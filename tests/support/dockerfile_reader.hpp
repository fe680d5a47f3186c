// SPDX-License-Identifier: Apache-2.0
// Reads a Dockerfile as the builders do, to tell what they would make of a text. It shares no code with
// libcommon/blubber, which writes such texts: each is there to find the other's mistakes.
//
// Sources: moby/buildkit frontend/dockerfile (parser, instructions, shell), the same packages as vendored by
// docker 20.10, and openshift/imagebuilder, which buildah and podman use. Where these three differ, Dialect tells
// them apart.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::testing {

enum class Dialect {
  buildkit,  ///< BuildKit 0.9 and later, and kaniko: heredocs
  classic,   ///< docker 20.10 without BuildKit
  buildah,   ///< buildah and podman: a line that is too long ends the file without a word
};

/// What a builder would refuse: the line and why.
class ReadError : public std::runtime_error {
 public:
  ReadError(std::size_t line, const std::string& what)
      : std::runtime_error("line " + std::to_string(line) + ": " + what) {}
};

/// One instruction as a builder understands it: words are unquoted, and variables replaced where the builder does it.
struct ReadInstruction {
  std::string keyword;             ///< in capitals
  std::vector<std::string> flags;  ///< "--from=x"
  bool is_json = false;            ///< the exec form
  std::vector<std::string> words;  ///< COPY: paths; exec forms: words; FROM: its words; USER, WORKDIR: the one
  std::vector<std::pair<std::string, std::optional<std::string>>> pairs;  ///< ENV, LABEL, ARG
  std::string text;                                                       ///< of a RUN for the shell
  std::vector<std::pair<std::string, std::string>> heredocs;              ///< name and content

  friend bool operator==(const ReadInstruction&, const ReadInstruction&) = default;
};

/// The value of a variable while the Dockerfile is read; nothing when it is not set.
using Variables = std::function<std::optional<std::string>(std::string_view name)>;

/// @throws ReadError what the builder would refuse, and parser directives, which none of our texts should hold
[[nodiscard]] std::vector<ReadInstruction> read_dockerfile(std::string_view text, Dialect dialect,
                                                           const Variables& variables);

/// For messages.
[[nodiscard]] std::string describe(const ReadInstruction& instruction);

}  // namespace slipway::testing
