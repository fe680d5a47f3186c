// SPDX-License-Identifier: Apache-2.0
#include "config/helmfile.hpp"

#include "config/goexpression.hpp"
#include "config/gotemplate.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "data/merge.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>

namespace slipway::config {

namespace {

using data::Kind;
using data::Value;

/// The parts of a state file between its `---` lines, each with the line it begins in.
std::vector<std::pair<std::string_view, int>> parts_of(std::string_view text) {
  std::vector<std::pair<std::string_view, int>> out;
  std::size_t begin = 0;
  int line = 1;
  int begin_line = 1;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto row = text.substr(at, end - at);
    ++line;
    if (row.starts_with("---") && text::trim(row.substr(3)).empty()) {
      out.emplace_back(text.substr(begin, at - begin), begin_line);
      begin = std::min(end + 1, text.size());
      begin_line = line;
    }
    at = end + 1;
  }
  out.emplace_back(text.substr(begin), begin_line);
  return out;
}

/// A part that was rendered and parsed; its marks count in the lines of the rendered text.
struct Part {
  RenderedTemplate rendered;
  Value root;
  int first_line = 1;
};

class StateReader {
 public:
  StateReader(const StateFile& state, std::string environment)
      : state_(state), environment_(std::move(environment)), known_(Value::mapping()) {
    // The values of an environment may stand below what uses them, so they are looked for first.
    const auto first = load(UnknownBlocks::drop, {});
    parts_ = load(UnknownBlocks::refuse, first);
    bases();
  }

  [[nodiscard]] std::vector<std::string> environments() const {
    std::vector<std::string> names;
    for (const auto& part : parts_)
      if (const auto* all = part.root.find("environments"))
        for (const auto& member : all->members()) names.push_back(member.key);
    return names;
  }

  [[nodiscard]] std::vector<Chain> releases() const {
    std::vector<Chain> out;
    for (const auto& part : parts_) {
      const auto* list = part.root.find("releases");
      if (list == nullptr) continue;
      for (const auto& release : list->items())
        if (auto chain = Reading(*this, part, inherited(part, release)).run()) out.push_back(std::move(*chain));
    }
    return out;
  }

 private:
  /// `inherit: [{template: NAME}]`: the template's members lie below the release's own.
  static Value inherited(const Part& part, const Value& release) {
    const auto* list = release.find("inherit");
    const auto* templates = part.root.find("templates");
    if (list == nullptr || templates == nullptr) return release;
    auto out = Value::mapping();
    for (const auto& item : list->items())
      if (const auto* name = item.find("template"))
        if (const auto* found = templates->find(name->text())) data::merge_layer(out, *found);
    data::merge_layer(out, release);
    out.erase("inherit");
    return out;
  }

  /// One release of one part.
  class Reading {
   public:
    Reading(const StateReader& reader, const Part& part, Value release)
        : reader_(reader), part_(part), release_(std::move(release)) {}

    std::optional<Chain> run() {
      chain_.release = word("name", true);
      chain_.name_space = word("namespace", false);
      if (!installed()) return std::nullopt;
      refuse({"condition", "needsTemplate", "strategicMergePatches", "jsonPatches", "values_template", "inherit"});
      const auto chart = word("chart", false);
      const auto slash = chart.rfind('/');
      const auto name = slash == std::string::npos ? chart : chart.substr(slash + 1);
      chain_.chart = chart.starts_with('.') ? below(chart) : name.empty() ? std::string() : "charts/" + name;
      const auto handler = word("missingFileHandler", false);
      required_ = handler.empty() || handler == "Error";
      layers("values", false);
      layers("valuesTemplate", false);
      layers("secrets", true);
      for (const auto* key : {"set", "setTemplate"}) sets(key, data::SetKind::typed);
      for (const auto* key : {"setString", "setStringTemplate"}) sets(key, data::SetKind::string);
      return std::move(chain_);
    }

   private:
    [[noreturn]] void fail(const Value& at, std::string message) const {
      reader_.fail(part_, at.mark().line, std::move(message));
    }

    void refuse(std::initializer_list<std::string_view> keys) const {
      for (const auto& key : keys)
        if (const auto* value = release_.find(key))
          fail(*value, fmt::format("'{}' of a release decides on values and is not understood", key));
    }

    /// Second pass: what stood in backquotes, with the release known.
    std::string text(const Value& value) const {
      if (!value.is_scalar()) fail(value, fmt::format("a word is due here, not {}", name_of(value.kind())));
      const auto& raw = value.text();
      check(value, part_.rendered, raw);
      if (raw.find("{{") == std::string::npos) return raw;
      const auto rendered = render_template(raw, scope(), reader_.state_.path, UnknownBlocks::refuse);
      check(value, rendered, rendered.text);
      return rendered.text;
    }

    void check(const Value& at, const RenderedTemplate& in, const std::string& raw) const {
      if (const auto* unknown = in.unknown_in(raw))
        fail(at, fmt::format("the expression '{}' is not understood: {}", unknown->text, unknown->reason));
    }

    TemplateScope scope() const {
      return [this](const std::vector<std::string>& field) -> std::optional<Value> {
        if (field.size() == 2 && field[0] == "Release" && field[1] == "Name") return Value::of(chain_.release);
        if (field.size() == 2 && field[0] == "Release" && field[1] == "Namespace") return Value::of(chain_.name_space);
        return reader_.look_up(field);
      };
    }

    std::string word(std::string_view key, bool required) const {
      const auto* value = release_.find(key);
      if (value != nullptr) return value->is(Kind::null) ? std::string() : text(*value);
      if (required) fail(release_, fmt::format("a release without '{}'", key));
      return {};
    }

    /// installed, installedTemplate: whether this environment has the release at all.
    bool installed() const {
      for (const auto* key : {"installed", "installedTemplate"}) {
        const auto* value = release_.find(key);
        if (value == nullptr) continue;
        const auto answer = text(*value);
        if (answer == "false") return false;
        if (answer != "true") fail(*value, fmt::format("'{}' comes out as '{}', not as true or false", key, answer));
      }
      return true;
    }

    std::string below(const std::string& name) const {
      const auto path = (std::filesystem::path(reader_.state_.directory) / name).lexically_normal().string();
      return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
    }

    void layers(std::string_view key, bool secret) {
      const auto* list = release_.find(key);
      if (list == nullptr || list->is(Kind::null)) return;
      if (!list->is(Kind::sequence)) fail(*list, fmt::format("'{}' is a list, this is {}", key, name_of(list->kind())));
      for (const auto& item : list->items()) {
        PlannedLayer layer;
        layer.mark = reader_.mark(part_, item.mark());
        layer.secret = secret;
        if (item.is(Kind::mapping)) {
          layer.origin = Origin::inline_map;
          layer.path = reader_.state_.path;
          layer.values = filled(item);
        } else {
          file_layer(layer, item);
        }
        chain_.layers.push_back(std::move(layer));
      }
    }

    void file_layer(PlannedLayer& layer, const Value& item) const {
      const auto name = text(item);
      if (name.empty()) fail(item, "an empty name of a file");
      if (name.find("://") != std::string::npos) fail(item, fmt::format("'{}' lies in another place", name));
      if (name.ends_with(".gotmpl")) fail(item, fmt::format("'{}' is a template; only plain values are read", name));
      if (name.find_first_of("*?[") != std::string::npos) fail(item, fmt::format("'{}' is a pattern", name));
      if (name.front() == '/') {
        layer.origin = Origin::external;
        layer.path = name;
        // Where puppet puts what no one else may read.
        layer.secret = layer.secret || name.find("/private/") != std::string::npos;
      } else {
        layer.path = below(name);
        if (layer.path.starts_with("..")) fail(item, fmt::format("'{}' leads out of the repository", name));
        layer.required = required_;
      }
    }

    /// An inline map with the expressions in its strings filled in; what is no string any more is read again.
    Value filled(const Value& value) const {
      auto out = value;
      out.set_mark(reader_.mark(part_, value.mark()));
      if (value.is(Kind::string)) {
        auto mark = out.mark();
        out = Value::of(text(value));
        out.set_mark(std::move(mark));
      }
      for (auto& item : out.items()) item = filled(item);
      for (auto& member : out.members()) {
        member.value = filled(member.value);
        member.key_mark = reader_.mark(part_, member.key_mark);
      }
      return out;
    }

    void sets(std::string_view key, data::SetKind kind) {
      const auto* list = release_.find(key);
      if (list == nullptr || list->is(Kind::null)) return;
      for (const auto& item : list->items()) {
        const auto* name = item.find("name");
        const auto* value = item.find("value");
        const auto* values = item.find("values");
        if (name == nullptr || (value == nullptr) == (values == nullptr))
          fail(item, fmt::format("'{}' takes a name with a value or values", key));
        std::string text_of_it;
        if (value != nullptr) {
          text_of_it = escaped(text(*value));
        } else {
          for (const auto& one : values->items()) text_of_it += (text_of_it.empty() ? "{" : ",") + escaped(text(one));
          text_of_it += text_of_it.empty() ? "{}" : "}";
        }
        chain_.sets.push_back({fmt::format("{}={}", text(*name), text_of_it), kind, reader_.state_.path,
                               reader_.mark(part_, item.mark())});
      }
    }

    /// helmfile hands values to helm with their commas escaped, and nothing else.
    static std::string escaped(std::string_view text) {
      std::string out;
      for (const char c : text) {
        if (c == ',') out += '\\';
        out += c;
      }
      return out;
    }

    const StateReader& reader_;
    const Part& part_;
    Value release_;
    Chain chain_;
    bool required_ = true;
  };

  [[nodiscard]] data::Mark mark(const Part& part, data::Mark mark) const {
    if (mark.line > 0) mark.line = part.rendered.source_line(mark.line) + part.first_line - 1;
    return mark;
  }

  [[noreturn]] void fail(const Part& part, int line, std::string message) const {
    Diagnostic finding;
    finding.file = state_.path;
    finding.line = line > 0 ? part.rendered.source_line(line) + part.first_line - 1 : 0;
    finding.source_line = data::source_line(state_.text, finding.line);
    const auto first = finding.source_line.find_first_not_of(' ');
    finding.column = first == std::string::npos ? 1 : static_cast<int>(first) + 1;
    finding.message = std::move(message);
    throw Error(failure::bad_input, fmt::format("{} cannot be read", state_.path), {std::move(finding)});
  }

  [[nodiscard]] std::optional<Value> look_up(const std::vector<std::string>& field) const {
    if (field.size() == 2 && field[0] == "Environment" && field[1] == "Name") return Value::of(environment_);
    std::size_t used = 0;
    if (field[0] == "Values" || field[0] == "StateValues") used = 1;
    else if (field.size() > 1 && field[0] == "Environment" && field[1] == "Values") used = 2;
    if (used == 0) return std::nullopt;
    const auto* at = &known_;
    for (auto i = used; i < field.size() && at != nullptr; ++i) at = at->find(field[i]);
    return at != nullptr ? std::optional(*at) : std::nullopt;
  }

  /// @param earlier the same parts as they came out once before: what comes out alike is not parsed again
  std::vector<Part> load(UnknownBlocks blocks, const std::vector<Part>& earlier) {
    std::vector<Part> out;
    for (const auto& [text, line] : parts_of(state_.text)) {
      const TemplateScope scope = [this](const auto& field) { return look_up(field); };
      Part part;
      part.first_line = line;
      part.rendered = with_line(line, [&] { return render_template(text, scope, state_.path, blocks); });
      const auto* same = out.size() < earlier.size() ? &earlier[out.size()] : nullptr;
      part.root = same != nullptr && same->rendered.text == part.rendered.text ? same->root : parse(part);
      take_values(part);
      out.push_back(std::move(part));
    }
    return out;
  }

  /// Errors of a part count its own lines; what leaves here counts the file's.
  template <typename Body>
  RenderedTemplate with_line(int first_line, Body&& body) const {
    try {
      return body();
    } catch (const Error& error) {
      auto findings = error.findings();
      if (findings.empty()) throw;
      for (auto& finding : findings)
        if (finding.line > 0) {
          finding.line += first_line - 1;
          finding.source_line = data::source_line(state_.text, finding.line);
        }
      throw Error(error.failure(), error.message(), std::move(findings));
    }
  }

  [[nodiscard]] Value parse(const Part& part) const {
    try {
      auto root = data::parse_yaml(part.rendered.text, state_.path).root;
      if (!root.is(Kind::mapping) && !root.is(Kind::null))
        fail(part, root.mark().line, fmt::format("a state file is a map, this is {}", name_of(root.kind())));
      return root;
    } catch (const Error& error) {
      auto findings = error.findings();
      for (auto& finding : findings) {
        finding.line = part.rendered.source_line(finding.line) + part.first_line - 1;
        finding.source_line = data::source_line(state_.text, finding.line);
      }
      throw Error(error.failure(), error.message(), std::move(findings));
    }
  }

  /// What `.Environment.Values` holds: the inline maps of the environment and of the file's own `values`.
  void take_values(const Part& part) {
    if (const auto* own = part.root.find("values")) take_list(*own);
    const auto* all = part.root.find("environments");
    const auto* mine = all != nullptr ? all->find(environment_) : nullptr;
    const auto* list = mine != nullptr ? mine->find("values") : nullptr;
    if (list != nullptr) take_list(*list);
  }

  void take_list(const Value& list) {
    for (const auto& item : list.items()) {
      if (item.is(Kind::mapping)) {
        data::merge_layer(known_, item);
        continue;
      }
      const auto& name = item.text();
      const auto path = (std::filesystem::path(state_.directory) / name).lexically_normal().string();
      const auto inside = !name.starts_with('/') && !path.starts_with("..") && !name.ends_with(".gotmpl");
      const auto content = inside ? state_.read(path) : std::nullopt;
      if (content) data::merge_layer(known_, data::parse_yaml(*content, path).root);
      else known_.set(std::string(open_map_key), Value::of(true));
    }
  }

  /// `bases:` may hold settings of helmfile itself; one that brings releases or environments is not understood.
  void bases() const {
    for (const auto& part : parts_) {
      const auto* list = part.root.find("bases");
      if (list == nullptr) continue;
      for (const auto& item : list->items()) {
        const auto path = (std::filesystem::path(state_.directory) / item.text()).lexically_normal().string();
        const auto text = path.starts_with("..") ? std::nullopt : state_.read(path);
        if (!text) fail(part, item.mark().line, fmt::format("the base '{}' is not there", item.text()));
        const TemplateScope scope = [this](const auto& field) { return look_up(field); };
        const auto rendered = render_template(*text, scope, path, UnknownBlocks::refuse);
        const auto root = data::parse_yaml(rendered.text, path).root;
        for (const auto* key : {"releases", "environments", "values", "bases", "templates"})
          if (root.find(key) != nullptr)
            fail(part, item.mark().line,
                 fmt::format("the base '{}' brings '{}', which is not understood", item.text(), key));
      }
    }
  }

  const StateFile& state_;
  std::string environment_;
  Value known_;
  std::vector<Part> parts_;
};

}  // namespace

StateReading read_state(const StateFile& state, const std::string& environment) {
  const StateReader reader(state, environment);
  return {reader.environments(), reader.releases()};
}

std::vector<std::string> state_environments(const StateFile& state) { return StateReader(state, {}).environments(); }

}  // namespace slipway::config
