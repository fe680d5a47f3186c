// SPDX-License-Identifier: Apache-2.0
#include "data/yaml.hpp"

#include "core/base64.hpp"
#include "data/scalar.hpp"
#include "data/yaml_findings.hpp"
#include "data/yaml_pairs.hpp"
#include "data/yaml_text.hpp"
#include "data/yaml_traps.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cmath>
#include <istream>
#include <optional>
#include <ranges>
#include <streambuf>
#include <unordered_map>

namespace slipway::data {

namespace {

constexpr const char* no_document =
    "this does not belong to what stands above it: check its indentation, brackets and quotes";

constexpr std::string_view core_tag = "tag:yaml.org,2002:";

/// Text expanded from aliases may be this many times the size that a file may have.
constexpr std::size_t expansion = 4;

/// The text as a stream without a copy.
class View : public std::streambuf {
 public:
  explicit View(std::string_view text) {
    auto* begin = const_cast<char*>(text.data());  // streambuf's interface; nothing writes through it
    setg(begin, begin, begin + text.size());
  }
};

/// A key of a map that was read: at which place of the members, and whether it stood there itself or came by `<<`.
struct Seen {
  std::size_t at;
  bool merged;
};

struct Frame {
  Value container;
  YAML::anchor_t anchor = 0;
  std::size_t nodes_before = 0;
  std::size_t bytes_before = 0;
  // For a map: the key that waits for its value.
  bool has_key = false;
  bool is_merge = false;
  std::string key;
  Mark key_mark;
  std::unordered_map<std::string, Seen> seen;
};

struct Anchored {
  Value value;
  std::size_t nodes = 0;
  std::size_t bytes = 0;
  bool complete = false;
  bool plain = true;
};

/// Builds the value of one document from yaml-cpp's events.
class Builder : public YAML::EventHandler {
 public:
  Builder(const YamlFile& file, const EscapedPairs& pairs, YamlFindings& findings, const YamlLimits& limits)
      : text_(*file.text()), file_(file.name()), pairs_(pairs), findings_(findings), limits_(limits),
        is_scanned_well_(pairs.are_none() && !has_broken_escapes(text_)) {}

  Value take() { return std::move(root_); }
  /// Where the document's first word stands.
  [[nodiscard]] const YAML::Mark& begin() const { return begin_; }

  void OnDocumentStart(const YAML::Mark& mark) override { begin_ = mark; }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // A value that is missing has the key's place; one that is written has its own.
    auto rest = text_.substr(std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size()));
    Value value;
    for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
      if (rest.starts_with(word)) value.set_text(std::string(word));
    }
    scalar(mark, anchor, std::move(value), true);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (tag != "?") findings_.saw_quoted(mark);
    const bool is_plain = tag == "?";
    if (is_scanned_well_) scalar(mark, anchor, resolve(mark, tag, text), is_plain);
    else scalar(mark, anchor, resolve(mark, tag, repaired(mark, tag, text)), is_plain);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto& anchored = anchors_[anchor];
    if (!anchored.complete) fail(mark, "this alias stands inside the very value that it names");
    count(mark, anchored.nodes, anchored.bytes);
    place(mark, anchored.value, anchored.plain);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    begin(mark, tag, anchor, Value::sequence());
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    begin(mark, tag, anchor, Value::mapping());
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override { end(); }

  [[noreturn]] void refuse(const YAML::Exception& fault) const {
    findings_.refuse(fault, stack_.empty() ? nullptr : &stack_.back().container.mark());
  }

 private:
  [[nodiscard]] Mark mark_of(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

  void warn(const YAML::Mark& mark, std::string_view code, std::string message, std::size_t width) {
    findings_.warn(mark, code, std::move(message), width);
  }
  [[noreturn]] void fail(const YAML::Mark& mark, std::string message) const {
    findings_.fail(mark, std::move(message));
  }

  void count(const YAML::Mark& mark, std::size_t nodes, std::size_t bytes) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ > limits_.nodes)
      fail(mark, fmt::format("more than {} values after aliases are expanded", limits_.nodes));
    if (bytes_ > expansion * limits_.bytes) fail(mark, "the text grows too large when its aliases are expanded");
  }

  /// The text of a scalar without what yaml-cpp makes of some escapes.
  [[nodiscard]] std::string repaired(const YAML::Mark& mark, const std::string& tag, const std::string& text) const {
    const bool has_escapes =
        tag != "?" && behind_properties(text_, static_cast<std::size_t>(mark.pos)).starts_with('"');
    return pairs_.restored(has_escapes ? in_whole_characters(text) : text, has_escapes);
  }

  Value resolve(const YAML::Mark& mark, const std::string& tag, const std::string& text) {
    if (tag == "?") return resolve_plain(text);
    if (tag == "!") return Value::of(text);
    if (!tag.starts_with(core_tag)) {
      warn(mark, "W008", fmt::format("the tag '{}' means nothing here and is dropped", tag), 1);
      return Value::of(text);
    }
    const auto name = std::string_view(tag).substr(core_tag.size());
    if (name == "str" || name == "timestamp") return Value::of(text);
    if (name == "binary") {
      auto bytes = base64::decode(text);
      if (!bytes) fail(mark, "a !!binary value that is not base64");
      // Neither JSON nor a Dockerfile has a form for it, and YAML only this one.
      if (find_bad_byte(*bytes)) fail(mark, "a !!binary value that is no text in UTF-8");
      return Value::of(std::move(*bytes));
    }
    auto value = resolve_plain(text);
    const auto wanted = name == "int"     ? Kind::integer
                        : name == "float" ? Kind::real
                        : name == "bool"  ? Kind::boolean
                        : name == "null"  ? Kind::null
                                          : Kind::string;
    if (wanted == Kind::string) {
      warn(mark, "W008", fmt::format("the tag '!!{}' means nothing here and is dropped", name), 1);
      return Value::of(text);
    }
    if (wanted == Kind::real && value.is(Kind::integer)) value = Value::of(value.as_real());
    if (!value.is(wanted)) fail(mark, fmt::format("'{}' cannot be read as !!{}", text, name));
    return value;
  }

  void scalar(const YAML::Mark& mark, YAML::anchor_t anchor, Value value, bool plain) {
    count(mark, 1, value.text().size());
    value.set_mark(mark_of(mark));
    if (anchor != 0) anchors_[anchor] = {value, 1, value.text().size(), true, plain};
    place(mark, std::move(value), plain);
  }

  void begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Value container) {
    if (stack_.size() >= static_cast<std::size_t>(limits_.depth))
      fail(mark, fmt::format("nested deeper than {} levels", limits_.depth));
    if (!stack_.empty() && stack_.back().container.is(Kind::mapping) && !stack_.back().has_key)
      fail(mark, fmt::format("{} cannot be a key", name_of(container.kind())));
    if (tag != "?" && tag != "!" && !tag.empty() && !tag.starts_with(core_tag))
      warn(mark, "W008", fmt::format("the tag '{}' means nothing here and is dropped", tag), 1);
    container.set_mark(mark_of(mark));
    stack_.emplace_back();
    auto& frame = stack_.back();
    frame.container = std::move(container);
    frame.anchor = anchor;
    frame.nodes_before = nodes_;
    frame.bytes_before = bytes_;
    if (anchor != 0) anchors_[anchor] = {};
    count(mark, 1, 0);
  }

  void end() {
    auto frame = std::move(stack_.back());
    stack_.pop_back();
    if (frame.anchor != 0)
      anchors_[frame.anchor] = {frame.container, nodes_ - frame.nodes_before, bytes_ - frame.bytes_before, true, false};
    const auto mark = yaml_mark(frame.container.mark());
    place(mark, std::move(frame.container), false);
  }

  /// Gives a finished value to what is open around it: the root, a list, or a map as key or value.
  void place(const YAML::Mark& mark, Value value, bool plain) {
    if (stack_.empty()) {
      if (plain) check_scalar(mark, value);
      root_ = std::move(value);
      return;
    }
    auto& frame = stack_.back();
    if (frame.container.is(Kind::sequence)) {
      if (plain) check_scalar(mark, value);
      frame.container.items().push_back(std::move(value));
    } else if (!frame.has_key) {
      frame.is_merge = plain && value.is(Kind::string) && value.text() == "<<";
      frame.key = key_of(mark, value, plain);
      frame.key_mark = mark_of(mark);
      frame.has_key = true;
    } else {
      frame.has_key = false;
      if (frame.is_merge) {
        merge(frame, value);
      } else {
        if (plain) check_scalar(mark, value);
        add(frame, std::move(value));
      }
    }
  }

  std::string key_of(const YAML::Mark& mark, const Value& value, bool plain) {
    if (value.is(Kind::string)) return value.text();
    if (!value.is_scalar()) fail(mark, fmt::format("{} cannot be a key", name_of(value.kind())));
    const bool as_written = plain && limits_.keys == YamlKeys::as_written && !value.text().empty();
    const auto helm = helm_key(value);
    if (as_written) {
      if (helm != value.text()) warn_of_key(mark, value, helm);
      return value.text();
    }
    if (!helm) fail(mark, value.is(Kind::null) ? "null cannot be a key; quote it" : "infinity cannot be a key");
    if (plain && value.is(Kind::boolean) && *helm != value.text()) warn_of_key(mark, value, helm);
    return *helm;
  }

  void warn_of_key(const YAML::Mark& mark, const Value& value, const std::optional<std::string>& helm) {
    auto message =
        limits_.keys == YamlKeys::as_written
            ? fmt::format("the key '{}' is taken as it is written; to most readers of YAML it is {}, so quote it",
                          value.text(), helm ? fmt::format("'{}'", *helm) : name_of(value.kind()))
            : fmt::format("the key '{}' is a boolean and becomes '{}'; quote it", value.text(), *helm);
    warn(mark, "W002", std::move(message), value.text().size());
  }

  void add(Frame& frame, Value value) {
    auto& members = frame.container.members();
    const auto [seen, is_new] = frame.seen.try_emplace(frame.key, Seen{members.size(), false});
    if (is_new) {
      members.push_back({std::move(frame.key), std::move(value), std::move(frame.key_mark)});
      return;
    }
    auto& member = members[seen->second.at];
    if (!seen->second.merged) {
      warn(yaml_mark(frame.key_mark), "W006",
           fmt::format("the key '{}' stands here a second time (first in line {}); the last one counts", frame.key,
                       member.key_mark.line),
           frame.key.size());
    }
    seen->second.merged = false;
    member.value = std::move(value);
    member.key_mark = std::move(frame.key_mark);
  }

  /// `<<`: yaml.v2 takes the members in at the place where the key stands, so they win over what
  /// stands before it and lose against what follows; of a list of maps the first wins.
  void merge(Frame& frame, const Value& value) {
    const auto mark = yaml_mark(frame.key_mark);
    if (value.is(Kind::mapping)) {
      merge_map(frame, value, mark);
      return;
    }
    if (!value.is(Kind::sequence) ||
        !std::ranges::all_of(value.items(), [](const Value& item) { return item.is(Kind::mapping); }))
      fail(mark, "'<<' takes a map or a list of maps");
    for (const auto& item : std::ranges::reverse_view(value.items())) merge_map(frame, item, mark);
  }

  void merge_map(Frame& frame, const Value& value, const YAML::Mark& mark) {
    auto& members = frame.container.members();
    for (const auto& member : value.members()) {
      const auto [seen, is_new] = frame.seen.try_emplace(member.key, Seen{members.size(), true});
      if (is_new) {
        members.push_back(member);
        continue;
      }
      auto& there = members[seen->second.at];
      if (!seen->second.merged && !(there.value == member.value))
        warn(mark, "W007",
             fmt::format("'<<' overrides the key '{}' of line {}, because it stands below it", member.key,
                         there.key_mark.line),
             2);
      seen->second.merged = true;
      there = member;
    }
  }

  /// Plain scalars that are not what they seem. Runs on values only; keys have W002.
  void check_scalar(const YAML::Mark& mark, const Value& value) {
    if (value.is(Kind::real) && !std::isfinite(value.as_real()))
      fail(mark, fmt::format("'{}' has no form in JSON", value.text()));
    if (auto trap = trap_in(value)) warn(mark, trap->code, std::move(trap->message), value.text().size());
  }

  std::string_view text_;
  std::shared_ptr<const std::string> file_;
  const EscapedPairs& pairs_;
  YamlFindings& findings_;
  const YamlLimits& limits_;
  bool is_scanned_well_;
  std::vector<Frame> stack_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  YAML::Mark begin_;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
  Value root_;
};

/// yaml-cpp replaces what is no UTF-8 without a word; here it is an error with its place.
void check_text(const YamlFile& file, const YamlFindings& findings) {
  const auto bad = find_bad_byte(*file.text());
  if (!bad) return;
  findings.fail(yaml_mark({nullptr, bad->line, bad->column}),
                bad->byte < 0x80 ? fmt::format("the control character 0x{:02x}", bad->byte)
                                 : fmt::format("the byte 0x{:02x} is not UTF-8", bad->byte));
}

/// The place of a byte.
YAML::Mark mark_at(std::string_view text, std::size_t at) {
  const auto before = text.substr(0, at);
  const auto line_start = before.rfind('\n') + 1;  // 0 when there is none
  return yaml_mark({nullptr, static_cast<int>(std::ranges::count(before, '\n')) + 1,
                    static_cast<int>(at - line_start) + 1});
}

void check_pairs(const EscapedPairs& pairs, const YamlFile& file, const YamlFindings& findings) {
  if (const auto at = pairs.excess())
    findings.fail(mark_at(*file.text(), *at),
                  "more different characters written as pairs of \\u than can be read; write them as they are");
}

/// yaml-cpp ends a document where a word does not fit and begins another with it, and never gets past some.
void check_begin(const YamlFile& file, const YamlFindings& findings, const YAML::Mark& mark) {
  if (!may_begin_document(*file.text(), static_cast<std::size_t>(mark.pos)))
    findings.fail(mark, no_document);
}

/// Looks where the next document begins, and reads none of it.
class Glance : public Builder {
 public:
  struct Seen {};
  using Builder::Builder;
  void OnDocumentStart(const YAML::Mark& mark) override {
    Builder::OnDocumentStart(mark);
    throw Seen();
  }
};

std::vector<YamlDocument> read(std::string_view text, std::string name, const YamlLimits& limits, bool all) {
  if (text.size() > limits.bytes)
    throw Error(failure::bad_input, fmt::format("{} is larger than {} bytes", name, limits.bytes));
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const YamlFile file(std::move(name), text);
  YamlFindings findings(file);
  check_text(file, findings);

  const EscapedPairs pairs(*file.text());
  check_pairs(pairs, file, findings);

  std::vector<YamlDocument> documents;
  View buffer(pairs.text());
  std::istream stream(&buffer);
  std::optional<Builder> builder;
  int begun = 0;
  try {
    YAML::Parser parser(stream);
    do {
      builder.emplace(file, pairs, findings, limits);
      if (!parser.HandleNextDocument(*builder)) break;
      if (!documents.empty()) check_begin(file, findings, builder->begin());
      // It never gets past some words that `...` lets begin one, and takes each try for a document.
      if (!documents.empty() && builder->begin().pos <= begun) findings.fail(builder->begin(), no_document);
      begun = builder->begin().pos;
      findings.check_last_quote();
      documents.push_back({builder->take(), findings.take(), file.text()});
    } while (all);
    if (!all && !documents.empty()) {
      Glance next(file, pairs, findings, limits);
      try {
        (void)parser.HandleNextDocument(next);
      } catch (const Glance::Seen&) {
        check_begin(file, findings, next.begin());
      }
    }
  } catch (const YAML::Exception& fault) {
    if (!builder) builder.emplace(file, pairs, findings, limits);
    builder->refuse(fault);
  }
  if (documents.empty() && !all) documents.push_back({{}, {}, file.text()});
  return documents;
}

}  // namespace

YamlDocument parse_yaml(std::string_view text, std::string file, const YamlLimits& limits) {
  return std::move(read(text, std::move(file), limits, false).front());
}

std::vector<YamlDocument> parse_yaml_stream(std::string_view text, std::string file, const YamlLimits& limits) {
  return read(text, std::move(file), limits, true);
}

std::string source_line(std::string_view source, int line) {
  for (int at = 1; at < line; ++at) {
    const auto end = source.find('\n');
    if (end == std::string_view::npos) return {};
    source.remove_prefix(end + 1);
  }
  source = source.substr(0, source.find('\n'));
  if (source.ends_with('\r')) source.remove_suffix(1);
  return std::string(source);
}

}  // namespace slipway::data
