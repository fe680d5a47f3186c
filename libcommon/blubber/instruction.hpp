// SPDX-License-Identifier: Apache-2.0
// The instructions of a Dockerfile as data: what each means, not how it is written. dockerfile.hpp
// writes them.
#pragma once

#include "data/value.hpp"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace slipway::blubber {

struct User {
  std::string who;  ///< a number, or $NAME
};

/// All values see the environment before the instruction.
struct Env {
  struct Entry {
    std::string name;
    std::string value;
    bool expands = true;  ///< variables in it are replaced, with their defaults: see expansion.hpp
    std::string literal;  ///< what stands before the value and is never replaced
  };
  std::vector<Entry> entries;
};

struct Arg {
  std::string name;
  std::optional<std::string> value;  ///< literal; nothing leaves it to the builder
  bool is_number = false;            ///< written without quotes
};

struct Workdir {
  std::string path;  ///< literal
};

struct Copy {
  bool owned = false;                ///< by the user that the files live as
  std::string from;                  ///< a stage or an image; empty for the build context
  std::vector<std::string> sources;  ///< literal but for the wildcards * ? [
  std::string destination;
  bool expands = false;              ///< plain variables in the paths are replaced: see expansion.hpp
  std::vector<std::string> exclude;  ///< patterns for --exclude, which only BuildKit has
};

/// --mount of a RUN, which only BuildKit and buildah have.
struct RunMount {
  std::string options;  ///< type=cache,target=...
  std::string from;     ///< a stage or an image; empty for the build context, and for a cache
  bool is_cache = false;
};

struct Run {
  std::string text;                    ///< for /bin/sh -c
  std::vector<std::string> arguments;  ///< $0, $1, ... of the text; with any, the exec form is used
  data::Mark mark;                     ///< what in the configuration asked for it
  std::vector<RunMount> mounts;
};

/// A program that is run without a shell.
struct Exec {
  std::vector<std::string> words;
};

struct Entrypoint {
  std::vector<std::string> words;
};

struct Label {
  std::vector<std::pair<std::string, std::string>> entries;  ///< literal
};

using Instruction = std::variant<User, Env, Arg, Workdir, Copy, Run, Exec, Entrypoint, Label>;

struct Stage {
  std::string name;
  std::string image;  ///< "scratch" for the empty one
  std::vector<Instruction> instructions;
  data::Mark mark;  ///< of the variant that it is for
};

}  // namespace slipway::blubber
