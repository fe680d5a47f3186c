// SPDX-License-Identifier: Apache-2.0
#include "support/dockerfile_reader.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <unordered_map>

namespace slipway::testing {

namespace {

/// bufio.Scanner's buffer: a line of 65,536 bytes with its end does not fit.
constexpr std::size_t longest = 65'535;

// --- characters, as Go sees them

struct Rune {
  char32_t value = 0xfffd;
  std::size_t width = 1;
};

Rune decode(std::string_view s) {
  const auto byte = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
  if (width == 1 || s.size() < width) return {};
  char32_t value = lead & (0xffU >> (width + 1));
  for (std::size_t i = 1; i < width; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  return {value, width};
}

/// unicode.IsSpace
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

std::string_view trim_left(std::string_view s) {
  while (!s.empty()) {
    const auto rune = decode(s);
    if (!is_space(rune.value)) break;
    s.remove_prefix(rune.width);
  }
  return s;
}

/// strings.TrimSpace
std::string_view trim(std::string_view s) {
  s = trim_left(s);
  while (!s.empty()) {
    auto start = s.size() - 1;
    while (start > 0 && s.size() - start < 4 && (static_cast<unsigned char>(s[start]) & 0xc0U) == 0x80) --start;
    const auto rune = decode(s.substr(start));
    if (rune.width != s.size() - start || !is_space(rune.value)) break;
    s = s.substr(0, start);
  }
  return s;
}

bool is_letter(char32_t c) { return (c < 0x80 && std::isalpha(static_cast<int>(c)) != 0) || c > 0xbf; }
bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }

// --- the builder's word reader (shell.Lex): quotes, backslashes, variables

class Lexer {
 public:
  Lexer(std::string_view word, const Variables& variables) : variables_(variables), rest_(word) {
    // text/scanner leaves out a byte order mark at the very beginning.
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  }

  std::string read() { return read_until(0); }

 private:
  bool at_end() const { return rest_.empty(); }
  char32_t peek() const { return decode(rest_).value; }
  std::string next() {
    const auto rune = decode(rest_);
    auto out = std::string(rest_.substr(0, rune.width));
    rest_.remove_prefix(rune.width);
    return out;
  }

  std::string read_until(char32_t stop) {
    std::string out;
    while (!at_end()) {
      const auto c = peek();
      if (stop != 0 && c == stop) {
        next();
        return out;
      }
      if (c == '\'') out += read_single();
      else if (c == '"') out += read_double();
      else if (c == '$') out += read_dollar();
      else if (c == '\\') {
        next();
        if (at_end()) break;
        out += next();
      } else {
        out += next();
      }
    }
    if (stop != 0)
      throw std::runtime_error("unexpected end of statement while looking for matching " +
                               std::string(1, static_cast<char>(stop)));
    return out;
  }

  std::string read_single() {
    next();
    std::string out;
    while (!at_end()) {
      if (peek() == '\'') {
        next();
        return out;
      }
      out += next();
    }
    throw std::runtime_error("unexpected end of statement while looking for matching single-quote");
  }

  std::string read_double() {
    next();
    std::string out;
    while (!at_end()) {
      const auto c = peek();
      if (c == '"') {
        next();
        return out;
      }
      if (c == '$') {
        out += read_dollar();
        continue;
      }
      auto piece = next();
      if (c == '\\') {
        if (at_end()) continue;
        if (peek() == '"' || peek() == '$' || peek() == '\\') piece = next();
      }
      out += piece;
    }
    throw std::runtime_error("unexpected end of statement while looking for matching double-quote");
  }

  std::string read_name() {
    std::string name;
    while (!at_end()) {
      const auto c = peek();
      if (name.empty() && is_digit(c)) {
        while (!at_end() && is_digit(peek())) name += next();
        return name;
      }
      if (name.empty() && c < 0x80 && std::string_view("@*#?-$!").find(static_cast<char>(c)) != std::string_view::npos)
        return next();
      if (!is_letter(c) && !is_digit(c) && c != '_') break;
      name += next();
    }
    return name;
  }

  std::string read_dollar() {
    next();
    if (at_end()) return "$";
    if (peek() != '{') {
      const auto name = read_name();
      return name.empty() ? "$" : variables_(name).value_or("");
    }
    next();
    if (at_end()) throw std::runtime_error("syntax error: missing '}'");
    if (peek() == '{' || peek() == '}' || peek() == ':') throw std::runtime_error("syntax error: bad substitution");
    const auto name = read_name();
    if (at_end()) throw std::runtime_error("syntax error: missing '}'");
    const auto sign = next();
    const auto value = variables_(name);
    if (sign == "}") return value.value_or("");
    if (sign != ":" || at_end()) throw std::runtime_error("unsupported modifier in substitution");  // "-" alone is new
    const auto modifier = next();
    const auto word = read_until('}');
    const bool is_set = value && !value->empty();
    if (modifier == "+") return is_set ? word : "";
    if (modifier == "-") return is_set ? *value : word;
    throw std::runtime_error("unsupported modifier in substitution");  // "?" is new
  }

  const Variables& variables_;
  std::string_view rest_;
};

// --- lines

class Reader {
 public:
  Reader(std::string_view text, Dialect dialect, const Variables& variables)
      : rest_(text), dialect_(dialect), variables_(variables) {}

  std::vector<ReadInstruction> read() {
    std::vector<ReadInstruction> out;
    while (auto line = logical_line()) {
      try {
        out.push_back(read_line(*line));
      } catch (const ReadError&) {
        throw;
      } catch (const std::exception& error) {
        throw ReadError(begun_, error.what());
      }
    }
    return out;
  }

 private:
  bool has_heredocs() const { return dialect_ == Dialect::buildkit; }

  std::optional<std::string_view> physical_line() {
    if (rest_.empty()) return std::nullopt;
    const auto end = rest_.find('\n');
    auto line = rest_.substr(0, end);
    ++number_;
    if (line.size() > longest) {
      // bufio.Scanner stops; imagebuilder does not look at its error.
      if (dialect_ == Dialect::buildah) {
        rest_ = {};
        return std::nullopt;
      }
      throw ReadError(number_, "dockerfile line greater than maximum allowed size of 65535");
    }
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return line;
  }

  static std::string_view without_end(std::string_view line) {
    while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
    return line;
  }

  /// Takes the continuation sign off. @return whether there was one
  bool takes_more(std::string& line) const {
    const auto last = line.find_last_not_of(" \t");
    if (last == std::string::npos || line[last] != '\\') return false;
    // Since BuildKit 0.10 a second backslash before it makes it an ordinary one.
    if (dialect_ == Dialect::buildkit && last > 0 && line[last - 1] == '\\') return false;
    line.resize(last);
    return true;
  }

  bool is_comment(std::string_view line, bool continued) const {
    if (dialect_ == Dialect::buildah && continued) return line.starts_with('#');
    return trim_left(line).starts_with('#');
  }

  std::optional<std::string> logical_line() {
    for (;;) {
      auto line = physical_line();
      if (!line) return std::nullopt;
      if (number_ == 1 && line->starts_with("\xef\xbb\xbf")) line->remove_prefix(3);
      auto stripped = trim_left(without_end(*line));
      begun_ = number_;
      if (stripped.starts_with('#')) {
        refuse_directive(stripped);
        continue;
      }
      directives_ = false;
      std::string out(stripped);
      if (!takes_more(out)) {
        if (out.empty()) continue;
        return out;
      }
      while (const auto more = physical_line()) {
        const auto piece = without_end(*more);
        if (is_comment(piece, true) || trim_left(piece).empty()) continue;
        std::string text(piece);
        const bool goes_on = takes_more(text);
        out += text;
        if (!goes_on) break;
      }
      return out;
    }
  }

  /// `# escape=` and its like change how all the rest is read.
  void refuse_directive(std::string_view comment) {
    if (!directives_) return;
    auto word = trim_left(comment.substr(1));
    std::size_t length = 0;
    while (length < word.size() && std::isalnum(static_cast<unsigned char>(word[length])) != 0) ++length;
    if (length > 0 && trim_left(word.substr(length)).starts_with('='))
      throw ReadError(number_, "a parser directive: " + std::string(comment));
    directives_ = false;
  }

  ReadInstruction read_line(const std::string& whole) {
    const auto line = trim(whole);
    const auto blank = line.find_first_of("\t\v\f\r ");
    ReadInstruction out;
    for (const char c : line.substr(0, blank))
      out.keyword += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    std::string_view rest;
    if (blank != std::string_view::npos) {
      rest = line.substr(blank);
      rest.remove_prefix(std::min(rest.find_first_not_of("\t\v\f\r "), rest.size()));
    }
    rest = trim(read_flags(rest, out.flags));
    dispatch(out, rest);
    if (has_heredocs() && !out.is_json && (out.keyword == "RUN" || out.keyword == "COPY" || out.keyword == "ADD"))
      read_heredocs(out, line);
    return out;
  }

  /// extractBuilderFlags: goes over bytes, each of which it takes for a character.
  static std::string_view read_flags(std::string_view line, std::vector<std::string>& flags) {
    std::size_t at = 0;
    const auto space = [&](std::size_t i) { return is_space(static_cast<unsigned char>(line[i])); };
    for (;;) {
      while (at < line.size() && space(at)) ++at;
      if (at >= line.size()) return {};
      if (!line.substr(at).starts_with("--")) return line.substr(at);
      std::string word;
      bool quoted = false;
      char quote = 0;
      for (; at < line.size(); ++at) {
        const char c = line[at];
        if (quote == 0 && space(at)) break;
        if (quote != 0 && c == quote) quote = 0;
        else if (quote == 0 && (c == '"' || c == '\'')) {
          quote = c;
          quoted = true;
        } else if (c == '\\') {
          if (at + 1 < line.size()) word += line[++at];
        } else {
          word += c;
        }
      }
      if (word == "--") return line.substr(at);
      if (quoted || !word.empty()) flags.push_back(word);
    }
  }

  void dispatch(ReadInstruction& out, std::string_view rest) {
    static constexpr std::array<std::string_view, 4> exec{"RUN", "CMD", "ENTRYPOINT", "SHELL"};
    const auto& keyword = out.keyword;
    if (rest.empty()) throw std::runtime_error(keyword + " requires at least one argument");
    if (keyword == "FROM") {
      for (const auto& word : white_space_words(rest)) out.words.push_back(expand(word));
      const bool is_named = out.words.size() == 3 && (out.words[1] == "AS" || out.words[1] == "as");
      if (out.words.size() != 1 && !is_named) throw std::runtime_error("FROM requires either one or three arguments");
    } else if (keyword == "ENV" || keyword == "LABEL") {
      read_pairs(out, rest);
    } else if (keyword == "ARG") {
      read_arguments(out, rest);
    } else if (keyword == "USER" || keyword == "WORKDIR") {
      out.words.push_back(expand(rest));
      if (out.words.back().empty()) throw std::runtime_error(keyword + " with an empty value");
    } else if (keyword == "COPY") {
      out.is_json = read_json(out, rest);
      if (!out.is_json) out.words = white_space_words(rest);
      read_copy(out);
    } else if (std::ranges::find(exec, keyword) != exec.end()) {
      out.is_json = read_json(out, rest);
      if (!out.is_json) out.text = std::string(rest);
      else if (out.words.empty() && keyword == "RUN") throw std::runtime_error("RUN without a word");
    } else {
      throw std::runtime_error("unknown instruction: " + keyword);
    }
    if (keyword != "RUN") {
      for (auto& flag : out.flags) flag = expand(flag);
    }
  }

  [[nodiscard]] std::string expand(std::string_view word) const { return Lexer(word, variables_).read(); }

  static std::vector<std::string> white_space_words(std::string_view rest) {
    std::vector<std::string> out;
    while (!(rest = trim_left(rest)).empty()) {
      std::size_t end = 0;
      while (end < rest.size() && std::string_view("\t\v\f\r ").find(rest[end]) == std::string_view::npos) ++end;
      out.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end);
    }
    return out;
  }

  /// parseWords: cuts at white space outside of quotes; quotes and backslashes stay.
  static std::vector<std::string> quoted_words(std::string_view rest) {
    std::vector<std::string> out;
    std::string word;
    bool begun = false;
    char quote = 0;
    for (std::size_t at = 0; at < rest.size();) {
      const auto rune = decode(rest.substr(at));
      const auto piece = rest.substr(at, rune.width);
      at += rune.width;
      if (quote == 0 && is_space(rune.value)) {
        if (begun) out.push_back(std::exchange(word, {}));
        begun = false;
        continue;
      }
      begun = true;
      if (rune.value == '\\' && quote != '\'') {
        if (at == rest.size()) break;  // one at the very end is left out
        const auto next = decode(rest.substr(at));
        word += piece;
        word += rest.substr(at, next.width);
        at += next.width;
        continue;
      }
      if (quote == 0 && (rune.value == '"' || rune.value == '\'')) quote = static_cast<char>(rune.value);
      else if (quote != 0 && rune.value == static_cast<char32_t>(quote)) quote = 0;
      word += piece;
    }
    if (begun) out.push_back(word);
    return out;
  }

  void read_pairs(ReadInstruction& out, std::string_view rest) const {
    const auto words = quoted_words(rest);
    // The old form, `ENV NAME any text`, takes all of the line.
    if (words.front().find('=') == std::string::npos) throw std::runtime_error("ENV in its old form");
    for (const auto& word : words) {
      const auto equals = word.find('=');
      if (equals == std::string::npos)
        throw std::runtime_error("Syntax error - can't find = in \"" + word + "\". Must be of the form: name=value");
      const auto name = expand(std::string_view(word).substr(0, equals));
      if (name.empty()) throw std::runtime_error("names can not be blank");
      out.pairs.emplace_back(name, expand(std::string_view(word).substr(equals + 1)));
    }
  }

  void read_arguments(ReadInstruction& out, std::string_view rest) const {
    for (const auto& word : quoted_words(rest)) {
      const auto equals = word.find('=');
      if (equals == 0) throw std::runtime_error("ARG names can not be blank");
      if (equals == std::string::npos) out.pairs.emplace_back(expand(word), std::nullopt);
      else
        out.pairs.emplace_back(expand(std::string_view(word).substr(0, equals)),
                               expand(std::string_view(word).substr(equals + 1)));
    }
  }

  /// @return false for what is no list in JSON, which is then text for a shell
  bool read_json(ReadInstruction& out, std::string_view rest) const {
    const auto text = trim_left(rest);
    if (!text.starts_with('[')) return false;
    const auto* read = &parsed(text);
    nlohmann::json first;
    if (read->is_discarded() && dialect_ != Dialect::buildkit) {
      first = first_value(text);
      read = &first;
    }
    const auto& list = *read;
    if (list.is_discarded() || !list.is_array()) return false;
    for (const auto& item : list) {
      if (!item.is_string())
        throw std::runtime_error("When using JSON array syntax, arrays must be comprised of strings only.");
      out.words.push_back(item.get<std::string>());
    }
    return true;
  }

  /// One text is read by each dialect in turn, and most lines stand in every Dockerfile of a test.
  static const nlohmann::json& parsed(std::string_view text) {
    static std::unordered_map<std::string, nlohmann::json> known;
    if (known.size() > 1000) known.clear();
    const auto [at, is_new] = known.try_emplace(std::string(text));
    if (is_new) at->second = nlohmann::json::parse(text, nullptr, false);
    return at->second;
  }

  /// Go's json.Decoder, which the older builders use, takes the first value and leaves the rest.
  static nlohmann::json first_value(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const char c = text[at];
      if (quoted) {
        if (c == '\\') ++at;
        else if (c == '"') quoted = false;
      } else if (c == '"') {
        quoted = true;
      } else if (c == '[' || c == '{') {
        ++depth;
      } else if ((c == ']' || c == '}') && --depth == 0) {
        return nlohmann::json::parse(text.substr(0, at + 1), nullptr, false);
      }
    }
    return nlohmann::json::parse("", nullptr, false);
  }

  void read_copy(ReadInstruction& out) const {
    if (out.words.size() < 2) throw std::runtime_error("COPY requires at least two arguments");
    for (const auto& word : out.words) {
      // A path that looks like one is a heredoc in the exec form, too: an empty file, since no content follows.
      if (has_heredocs() && out.is_json && heredoc_name(word))
        throw std::runtime_error("'" + word + "' is taken for a heredoc");
    }
    for (auto& word : out.words) word = expand(word);
  }

  struct Heredoc {
    std::string name;
    bool chomps = false;
  };

  /// ^(\d*)<<(-?)([^<]*)$ with a name that is one word
  static std::optional<Heredoc> heredoc_name(std::string_view word) {
    word.remove_prefix(std::min(word.find_first_not_of("0123456789"), word.size()));
    if (!word.starts_with("<<")) return std::nullopt;
    word.remove_prefix(2);
    Heredoc out;
    if (word.starts_with('-')) {
      out.chomps = true;
      word.remove_prefix(1);
    }
    if (word.empty() || word.find('<') != std::string_view::npos) return std::nullopt;
    for (const char c : word) {
      if (c != '"' && c != '\'' && c != '\\') out.name += c;
    }
    if (out.name.empty()) return std::nullopt;
    return out;
  }

  void read_heredocs(ReadInstruction& out, std::string_view line) {
    if (line.find("<<") == std::string_view::npos) return;
    for (const auto& word : quoted_words(line)) {
      const auto heredoc = heredoc_name(word);
      if (!heredoc) continue;
      std::string content;
      bool closed = false;
      while (const auto next = physical_line()) {
        auto end = without_end(*next);
        if (heredoc->chomps) end.remove_prefix(std::min(end.find_first_not_of('\t'), end.size()));
        if (end == heredoc->name) {
          closed = true;
          break;
        }
        content += *next;
        content += '\n';
      }
      if (!closed) throw ReadError(begun_, "unterminated heredoc " + heredoc->name);
      out.heredocs.emplace_back(heredoc->name, std::move(content));
    }
  }

  std::string_view rest_;
  Dialect dialect_;
  const Variables& variables_;
  std::size_t number_ = 0;
  std::size_t begun_ = 0;
  bool directives_ = true;
};

}  // namespace

std::vector<ReadInstruction> read_dockerfile(std::string_view text, Dialect dialect, const Variables& variables) {
  return Reader(text, dialect, variables).read();
}

std::string describe(const ReadInstruction& instruction) {
  nlohmann::json out{{"keyword", instruction.keyword}};
  if (!instruction.flags.empty()) out["flags"] = instruction.flags;
  if (instruction.is_json) out["json"] = true;
  if (!instruction.words.empty()) out["words"] = instruction.words;
  for (const auto& [name, value] : instruction.pairs)
    out["pairs"].push_back({name, value ? nlohmann::json(*value) : nlohmann::json()});
  if (!instruction.text.empty()) out["text"] = instruction.text;
  for (const auto& [name, content] : instruction.heredocs) out["heredocs"].push_back({name, content});
  auto said = out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (said.size() > 2000) said = said.substr(0, 1000) + " ... " + said.substr(said.size() - 500);
  return said;
}

}  // namespace slipway::testing
