// SPDX-License-Identifier: Apache-2.0
#include "config/gotemplate.hpp"

#include "config/goexpression.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

namespace slipway::config {

namespace {

// Private-use characters: YAML takes them inside a plain scalar, and nobody writes them.
constexpr std::string_view marker_begin = "\xee\x80\x80";
constexpr std::string_view marker_end = "\xee\x80\x81";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

struct Token {
  bool action = false;
  std::string_view text;   ///< of an action: what stands between the braces, trimmed
  std::string_view whole;  ///< as it stands in the source
  int line = 0;
};

/// Cuts the source into text and actions; trim markers have taken their effect on the text.
class Lexer {
 public:
  Lexer(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  std::vector<Token> run() {
    std::vector<Token> out;
    std::size_t at = 0;
    int line = 1;
    bool trim_next = false;
    while (at < text_.size()) {
      const auto open = std::min(text_.find("{{", at), text_.size());
      auto plain = text_.substr(at, open - at);
      int begins = line;
      line += static_cast<int>(std::ranges::count(plain, '\n'));
      if (trim_next)
        while (!plain.empty() && is_blank(plain.front())) {
          begins += plain.front() == '\n' ? 1 : 0;
          plain.remove_prefix(1);
        }
      trim_next = false;
      if (open == text_.size()) {
        if (!plain.empty()) out.push_back({false, plain, plain, begins});
        break;
      }
      const auto close = end_of_action(open + 2, line);
      auto inside = text_.substr(open + 2, close - open - 2);
      if (inside.size() > 1 && inside.front() == '-' && is_blank(inside[1])) {
        inside.remove_prefix(1);
        while (!plain.empty() && is_blank(plain.back())) plain.remove_suffix(1);
      }
      if (inside.size() > 1 && inside.back() == '-' && is_blank(inside[inside.size() - 2])) {
        inside.remove_suffix(1);
        trim_next = true;
      }
      if (!plain.empty()) out.push_back({false, plain, plain, begins});
      out.push_back({true, text::trim(inside), text_.substr(open, close + 2 - open), line});
      line += static_cast<int>(std::ranges::count(inside, '\n'));
      at = close + 2;
    }
    return out;
  }

 private:
  /// Where the closing braces stand; those inside of strings and comments do not count.
  [[nodiscard]] std::size_t end_of_action(std::size_t at, int line) const {
    const auto begin = at;
    auto inside = text_.substr(at);
    if (inside.starts_with("- ")) inside.remove_prefix(2);
    if (inside.starts_with("/*")) {
      const auto end = text_.find("*/", at);
      at = end == std::string_view::npos ? text_.size() : end + 2;
    }
    char quote = 0;
    for (; at < text_.size(); ++at) {
      const char c = text_[at];
      if (quote != 0) {
        if (c == '\\' && quote == '"') ++at;
        else if (c == quote) quote = 0;
      } else if (c == '"' || c == '`') {
        quote = c;
      } else if (text_.substr(at).starts_with("}}")) {
        return at;
      }
    }
    const auto shown = text_.substr(begin - 2, text_.find('\n', begin) - begin + 2);
    throw Error(failure::bad_input, fmt::format("{}:{}: '{}' has no closing braces", file_, line, shown));
  }

  std::string_view text_;
  const std::string& file_;
};

struct Node {
  enum class Kind { text, output, condition, block };
  struct Branch {
    std::string_view condition;  ///< empty: else
    std::vector<Node> body;
  };
  Kind kind = Kind::text;
  std::string_view text;   ///< the text, the expression, the opening words of a block
  std::string_view whole;  ///< for blocks: from the opening braces to the closing ones
  int line = 0;
  std::vector<Branch> branches;
};

class TreeBuilder {
 public:
  TreeBuilder(std::vector<Token> tokens, const std::string& file) : tokens_(std::move(tokens)), file_(file) {}

  std::vector<Node> run() {
    auto nodes = body();
    if (at_ < tokens_.size())
      throw Error(failure::bad_input,
                  fmt::format("{}:{}: '{}' closes nothing", file_, tokens_[at_].line, tokens_[at_].whole));
    return nodes;
  }

 private:
  static std::string_view word(std::string_view text) { return text.substr(0, text.find_first_of(" \t\n")); }

  std::vector<Node> body() {
    std::vector<Node> out;
    for (; at_ < tokens_.size(); ++at_) {
      const auto& token = tokens_[at_];
      if (!token.action) {
        out.push_back({Node::Kind::text, token.text, token.whole, token.line, {}});
        continue;
      }
      const auto first = word(token.text);
      if (first == "end" || first == "else") return out;
      if (first.starts_with("/*")) continue;
      if (first == "if") out.push_back(block(Node::Kind::condition));
      else if (first == "range" || first == "with" || first == "define" || first == "block")
        out.push_back(block(Node::Kind::block));
      else out.push_back({Node::Kind::output, token.text, token.whole, token.line, {}});
    }
    return out;
  }

  Node block(Node::Kind kind) {
    const auto opening = tokens_[at_];
    Node node{kind, opening.text, opening.whole, opening.line, {}};
    auto condition = text::trim(opening.text.substr(word(opening.text).size()));
    for (;;) {
      ++at_;
      node.branches.push_back({condition, body()});
      if (at_ >= tokens_.size())
        throw Error(failure::bad_input, fmt::format("{}:{}: '{}' has no end", file_, opening.line, opening.whole));
      const auto& token = tokens_[at_];
      if (word(token.text) == "end") {
        const auto* begin = opening.whole.data();
        const auto* end = token.whole.data() + token.whole.size();
        node.whole = std::string_view(begin, static_cast<std::size_t>(end - begin));
        return node;
      }
      const auto rest = text::trim(token.text.substr(std::string_view("else").size()));
      condition = word(rest) == "if" ? text::trim(rest.substr(2)) : std::string_view();
    }
  }

  std::vector<Token> tokens_;
  const std::string& file_;
  std::size_t at_ = 0;
};

class Renderer {
 public:
  Renderer(std::string_view source, const TemplateScope& scope, const std::string& file, UnknownBlocks blocks)
      : source_(source), scope_(scope), file_(file), blocks_(blocks) {}

  RenderedTemplate run(const std::vector<Node>& nodes) {
    out_.lines.push_back(1);
    fresh_ = true;
    render(nodes);
    return std::move(out_);
  }

 private:
  void render(const std::vector<Node>& nodes) {
    for (const auto& node : nodes) {
      switch (node.kind) {
      case Node::Kind::text: put(node.text, node.line); break;
      case Node::Kind::output: output(node); break;
      case Node::Kind::condition: condition(node); break;
      case Node::Kind::block: unknown(node, "blocks other than 'if' are not understood"); break;
      }
    }
  }

  void put(std::string_view text, int line) {
    for (const char c : text) {
      if (fresh_) out_.lines.back() = line;
      fresh_ = false;
      out_.text += c;
      if (c != '\n') continue;
      ++line;
      out_.lines.push_back(line);
      fresh_ = true;
    }
  }

  void output(const Node& node) {
    std::string reason;
    const auto value = evaluate_expression(node.text, scope_, reason);
    const auto text = value ? printed(*value) : std::nullopt;
    if (text) put(*text, node.line);
    else unknown(node, value ? "a list or a map has no text here" : reason);
  }

  void condition(const Node& node) {
    for (const auto& branch : node.branches) {
      if (branch.condition.empty()) return render(branch.body);
      std::string reason;
      const auto value = evaluate_expression(branch.condition, scope_, reason);
      if (!value) return unknown(node, reason);
      if (is_true(*value)) return render(branch.body);
    }
  }

  void unknown(const Node& node, const std::string& reason) {
    if (node.whole.find('\n') != std::string_view::npos || is_own_line(node.whole)) {
      if (blocks_ == UnknownBlocks::drop) return;
      throw Error(failure::bad_input, fmt::format("{} cannot be read", file_), {finding(node, reason)});
    }
    put(fmt::format("{}{}{}", marker_begin, out_.unknown.size(), marker_end), node.line);
    out_.unknown.push_back({std::string(node.whole), node.line, reason});
  }

  /// Whether nothing else stands in the expression's line: it may print anything then, layers included.
  [[nodiscard]] bool is_own_line(std::string_view whole) const {
    const auto begin = static_cast<std::size_t>(whole.data() - source_.data());
    const auto before = source_.rfind('\n', begin);
    const auto first = begin == 0 || before == std::string_view::npos ? 0 : before + 1;
    const auto last = std::min(source_.find('\n', begin + whole.size()), source_.size());
    return text::trim(source_.substr(first, begin - first)).empty() &&
           text::trim(source_.substr(begin + whole.size(), last - begin - whole.size())).empty() &&
           source_.find('\n') != std::string_view::npos;
  }

  [[nodiscard]] Diagnostic finding(const Node& node, const std::string& reason) const {
    Diagnostic out;
    out.file = file_;
    out.line = node.line;
    out.source_line = data::source_line(source_, node.line);
    const auto first = node.whole.substr(0, node.whole.find('\n'));
    const auto at = out.source_line.find(first);
    out.column = at == std::string::npos ? 1 : static_cast<int>(at) + 1;
    out.width = static_cast<int>(first.size());
    out.message = fmt::format("the expression '{}' is not understood: {}", first, reason);
    return out;
  }

  std::string_view source_;
  const TemplateScope& scope_;
  const std::string& file_;
  UnknownBlocks blocks_;
  RenderedTemplate out_;
  bool fresh_ = true;
};

}  // namespace

int RenderedTemplate::source_line(int line) const {
  if (line < 1 || lines.empty()) return line;
  return lines[std::min(static_cast<std::size_t>(line), lines.size()) - 1];
}

const UnknownExpression* RenderedTemplate::unknown_in(std::string_view part) const {
  const auto begin = part.find(marker_begin);
  if (begin == std::string_view::npos) return nullptr;
  const auto digits = part.substr(begin + marker_begin.size());
  std::size_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number < unknown.size() ? &unknown[number] : nullptr;
}

RenderedTemplate render_template(std::string_view text, const TemplateScope& scope, const std::string& file,
                                 UnknownBlocks blocks) {
  const auto nodes = TreeBuilder(Lexer(text, file).run(), file).run();
  return Renderer(text, scope, file, blocks).run(nodes);
}

}  // namespace slipway::config
