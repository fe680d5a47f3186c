// SPDX-License-Identifier: Apache-2.0
#include "support/planned.hpp"

#include "support/dockerfile_reader.hpp"

#include <array>
#include <cctype>

namespace slipway::testing {

namespace {

bool is_name(char c, bool first) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '_' || (byte < 0x80 && (first ? std::isalpha(byte) : std::isalnum(byte)) != 0);
}

std::string_view name_at(std::string_view s) {
  std::size_t length = 0;
  while (length < s.size() && is_name(s[length], length == 0)) ++length;
  return s.substr(0, length);
}

/// $NAME and ${NAME} are replaced, in values of ENV ${NAME:-WORD} and ${NAME:+WORD}, too (nested up to 20 times), and
/// any other dollar is one: blubber/expansion.hpp.
class Expected {
 public:
  Expected(std::string_view text, const Variables& variables, bool defaults)
      : rest_(text), variables_(variables), defaults_(defaults) {}

  std::string read() {
    std::string out;
    while (!rest_.empty()) {
      if (auto value = variable(0)) out += *value;
      else {
        out += rest_.front();
        rest_.remove_prefix(1);
      }
    }
    return out;
  }

 private:
  std::optional<std::string> variable(int depth) {
    if (rest_.front() != '$' || depth > 20) return std::nullopt;
    const auto back = rest_;
    rest_.remove_prefix(1);
    const bool braced = rest_.starts_with('{');
    if (braced) rest_.remove_prefix(1);
    const auto name = name_at(rest_);
    rest_.remove_prefix(name.size());
    const auto value = variables_(name);
    if (!name.empty()) {
      if (!braced) return value.value_or("");
      if (rest_.starts_with('}')) {
        rest_.remove_prefix(1);
        return value.value_or("");
      }
      if (defaults_ && (rest_.starts_with(":-") || rest_.starts_with(":+"))) {
        const bool instead = rest_[1] == '-';
        rest_.remove_prefix(2);
        if (auto word = word_in_braces(depth)) {
          const bool is_set = value && !value->empty();
          return instead ? (is_set ? *value : *word) : (is_set ? *word : "");
        }
      }
    }
    rest_ = back;
    return std::nullopt;
  }

  std::optional<std::string> word_in_braces(int depth) {
    std::string out;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '}') {
        rest_.remove_prefix(1);
        return out;
      }
      if (c == '$') {
        auto value = variable(depth + 1);
        if (!value) return std::nullopt;
        out += *value;
        continue;
      }
      const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                         std::string_view("_-./+:@%~,= ").find(c) != std::string_view::npos;
      if (!plain || static_cast<unsigned char>(c) >= 0x80) return std::nullopt;
      out += c;
      rest_.remove_prefix(1);
    }
    return std::nullopt;
  }

  std::string_view rest_;
  const Variables& variables_;
  bool defaults_;
};

struct Expectation {
  const Variables& variables;

  [[nodiscard]] std::string expand(std::string_view text, bool defaults = false) const {
    return Expected(text, variables, defaults).read();
  }

  /// No Dockerfile can say a line break in a value; a warning has said what it becomes.
  static std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '\n') out += "\\n";
      else if (c == '\r') out += "\\r";
      else out += c;
    }
    return out;
  }

  ReadInstruction operator()(const blubber::User& user) const {
    return {.keyword = "USER", .words = {expand(user.who)}};
  }

  ReadInstruction operator()(const blubber::Env& env) const {
    ReadInstruction out{.keyword = "ENV"};
    for (const auto& e : env.entries)
      out.pairs.emplace_back(e.name,
                             one_line(e.literal) + (e.expands ? expand(one_line(e.value), true) : one_line(e.value)));
    return out;
  }

  ReadInstruction operator()(const blubber::Arg& arg) const {
    return {.keyword = "ARG", .pairs = {{arg.name, arg.value ? std::optional(one_line(*arg.value)) : std::nullopt}}};
  }

  ReadInstruction operator()(const blubber::Workdir& workdir) const {
    return {.keyword = "WORKDIR", .words = {workdir.path}};
  }

  ReadInstruction operator()(const blubber::Copy& copy) const {
    ReadInstruction out{.keyword = "COPY", .is_json = true};
    if (copy.owned) out.flags.push_back("--chown=" + expand("$LIVES_UID") + ":" + expand("$LIVES_GID"));
    if (!copy.from.empty()) out.flags.push_back("--from=" + copy.from);
    for (const auto& pattern : copy.exclude) out.flags.push_back("--exclude=" + pattern);
    for (const auto& source : copy.sources) out.words.push_back(copy.expands ? expand(source) : source);
    out.words.push_back(copy.expands ? expand(copy.destination) : copy.destination);
    return out;
  }

  ReadInstruction operator()(const blubber::Run& run) const {
    ReadInstruction out{.keyword = "RUN"};
    for (const auto& mount : run.mounts)
      out.flags.push_back("--mount=" + mount.options + (mount.from.empty() ? "" : ",from=" + mount.from));
    out.is_json = true;
    out.words = {"/bin/sh", "-c", run.text};
    out.words.insert(out.words.end(), run.arguments.begin(), run.arguments.end());
    return out;
  }

  ReadInstruction operator()(const blubber::Exec& exec) const {
    return {.keyword = "RUN", .is_json = true, .words = exec.words};
  }
  ReadInstruction operator()(const blubber::Entrypoint& entrypoint) const {
    return {.keyword = "ENTRYPOINT", .is_json = true, .words = entrypoint.words};
  }

  ReadInstruction operator()(const blubber::Label& label) const {
    ReadInstruction out{.keyword = "LABEL"};
    for (const auto& [name, value] : label.entries) out.pairs.emplace_back(name, one_line(value));
    return out;
  }
};

std::string without_blanks(std::string_view s) {
  while (s.starts_with(' ') || s.starts_with('\t')) s.remove_prefix(1);
  while (s.ends_with(' ') || s.ends_with('\t')) s.remove_suffix(1);
  return std::string(s);
}

/// The shell form says the same as the exec form with a shell; blanks around a text mean nothing to one.
ReadInstruction in_exec_form(ReadInstruction read, const ReadInstruction& wanted) {
  if (read.keyword != "RUN" || read.is_json || !wanted.is_json || wanted.words.size() != 3) return read;
  if (read.text != without_blanks(wanted.words[2])) return read;
  read.text.clear();
  read.is_json = true;
  read.words = wanted.words;
  return read;
}

std::string_view name_of(Dialect dialect) {
  switch (dialect) {
  case Dialect::buildkit: return "BuildKit";
  case Dialect::classic: return "classic docker";
  case Dialect::buildah: break;
  }
  return "buildah";
}

/// @param asked whether the outcome may depend on `all_set`
std::optional<std::string> difference(std::span<const blubber::Stage> planned, std::string_view text, Dialect dialect,
                                      bool all_set, bool& asked) {
  const Variables variables = [&](std::string_view name) -> std::optional<std::string> {
    const bool always = name.starts_with("LIVES_") || name.starts_with("RUNS_");
    if (!always) asked = true;
    if (all_set || always) return "<" + std::string(name) + ">";
    return std::nullopt;
  };
  std::vector<ReadInstruction> wanted;
  for (const auto& stage : planned) {
    wanted.push_back({.keyword = "FROM", .words = {stage.image, "AS", stage.name}});
    for (const auto& instruction : stage.instructions)
      wanted.push_back(std::visit(Expectation{variables}, instruction));
  }
  std::vector<ReadInstruction> read;
  try {
    read = read_dockerfile(text, dialect, variables);
  } catch (const ReadError& error) {
    return std::string(name_of(dialect)) + " refuses " + error.what();
  }
  for (std::size_t i = 0; i < std::max(read.size(), wanted.size()); ++i) {
    if (i < read.size() && i < wanted.size()) {
      const auto got = in_exec_form(read[i], wanted[i]);
      if (got == wanted[i]) continue;
    }
    return std::string(name_of(dialect)) + " reads instruction " + std::to_string(i) + " as " +
           (i < read.size() ? describe(read[i]) : "nothing") + ", planned was " +
           (i < wanted.size() ? describe(wanted[i]) : "nothing");
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> difference(std::span<const blubber::Stage> planned, std::string_view text) {
  for (const auto dialect : {Dialect::buildkit, Dialect::classic, Dialect::buildah}) {
    bool asked = false;
    if (auto found = difference(planned, text, dialect, true, asked)) return found;
    if (!asked) continue;
    if (auto found = difference(planned, text, dialect, false, asked)) return found;
  }
  return std::nullopt;
}

// --- the shell (POSIX, Shell Command Language, 2.2 and 2.3)

namespace {

class Structure {
 public:
  explicit Structure(std::string_view text) : rest_(text) {}

  std::string read() {
    bool in_word = false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == ' ' || c == '\t') {
        in_word = false;
        take();
        continue;
      }
      if (std::string_view("\n;&|()<>").find(c) != std::string_view::npos || (c == '#' && !in_word)) {
        in_word = false;
        out_ += c;
        take();
        continue;
      }
      if (!in_word) out_ += 'w';
      in_word = true;
      if (c == '\\') {
        take();
        if (!rest_.empty()) take();
      } else if (c == '\'') {
        take();
        while (!rest_.empty() && rest_.front() != '\'') take();
        close("'");
      } else if (c == '"') {
        read_double();
      } else {
        read_special();
      }
    }
    return out_;
  }

 private:
  void take() { rest_.remove_prefix(1); }
  void close(std::string_view sign) {
    if (rest_.empty()) out_ += "?" + std::string(sign);  // never closed
    else take();
  }

  void read_double() {
    take();
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') {
        take();
        if (!rest_.empty()) take();
      } else {
        read_special();
      }
    }
    close("\"");
  }

  void read_special() {
    const char c = rest_.front();
    take();
    if (c == '`') out_ += '`';
    if (c != '$') return;
    if (rest_.starts_with('(')) {
      out_ += "$(";
      take();
    } else if (rest_.starts_with('{')) {
      take();
      const auto name = name_at(rest_);
      rest_.remove_prefix(name.size());
      std::size_t digits = 0;  // ${10}
      while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') ++digits;
      rest_.remove_prefix(digits);
      if (rest_.starts_with('}')) take();
      else out_ += "${";
    }
  }

  std::string_view rest_;
  std::string out_;
};

}  // namespace

std::string shell_structure(std::string_view text) { return Structure(text).read(); }

}  // namespace slipway::testing
