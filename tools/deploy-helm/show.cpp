// SPDX-License-Identifier: Apache-2.0
#include "show.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::deploy_helm {

namespace {

std::string cut(const std::string& text, std::size_t width) {
  if (text.size() <= width) return text;
  // Digests differ at their end of a long reference: both ends have to stay.
  const auto head = width / 3;
  return text.substr(0, head) + "..." + text.substr(text.size() - (width - head - 3));
}

std::string value_text(const std::optional<nlohmann::json>& value, std::size_t width) {
  if (!value) return "(none)";
  return cut(text::printable(value->is_string() ? value->get<std::string>() : value->dump()), width);
}

/// A text of several lines is told by the lines that differ, not by two blobs.
std::vector<std::string> line_changes(const std::string& before, const std::string& after, std::size_t width) {
  const auto old_lines = text::split(before, '\n');
  const auto new_lines = text::split(after, '\n');
  std::size_t start = 0;
  while (start < old_lines.size() && start < new_lines.size() && old_lines[start] == new_lines[start]) ++start;
  std::size_t end = 0;
  while (end < old_lines.size() - start && end < new_lines.size() - start &&
         old_lines[old_lines.size() - 1 - end] == new_lines[new_lines.size() - 1 - end])
    ++end;
  std::vector<std::string> out;
  constexpr std::size_t most = 6;
  const auto add = [&](char sign, const std::vector<std::string>& lines) {
    for (std::size_t i = start; i < lines.size() - end; ++i) {
      if (i - start == most) {
        out.push_back(fmt::format("{} ... {} more lines", sign, lines.size() - end - i));
        break;
      }
      out.push_back(fmt::format("{} {}", sign, cut(text::printable(lines[i]), 2 * width)));
    }
  };
  add('-', old_lines);
  add('+', new_lines);
  return out;
}

bool has_lines(const std::optional<nlohmann::json>& value) {
  return value && value->is_string() && value->get_ref<const std::string&>().find('\n') != std::string::npos;
}

void show_fields(std::string& out, const std::vector<FieldChange>& fields, const ShowLimits& limits) {
  std::size_t shown = 0;
  for (const auto& field : fields) {
    if (shown++ == limits.fields) {
      out += fmt::format("      ... {} more fields\n", fields.size() - limits.fields);
      break;
    }
    if (field.secret) {
      out += fmt::format("      {}  (secret, changed)\n", field.path);
    } else if (has_lines(field.before) && has_lines(field.after)) {
      out += fmt::format("      {}\n", field.path);
      for (const auto& line :
           line_changes(field.before->get<std::string>(), field.after->get<std::string>(), limits.width))
        out += fmt::format("        {}\n", line);
    } else {
      out += fmt::format("      {}  {} -> {}\n", field.path, value_text(field.before, limits.width),
                         value_text(field.after, limits.width));
    }
  }
}

void show_changes(std::string& out, const Deployment& deployment, const ShowLimits& limits) {
  for (const auto& change : deployment.changes) {
    const char sign = change.action == Action::add ? '+' : change.action == Action::remove ? '-' : '~';
    out += fmt::format("  {} {} {}\n", sign, name_of(change.action), change.key.text());
    show_fields(out, change.fields, limits);
    if (change.noise > 0)
      out += fmt::format("      ({} field{} that only follow{}: checksums, the chart's label)\n", change.noise,
                         change.noise == 1 ? "" : "s", change.noise == 1 ? "s" : "");
  }
}

void show_drift(std::string& out, const Deployment& deployment, const ShowLimits& limits) {
  for (const auto& object : deployment.drift) {
    if (object.missing) {
      out += fmt::format("  ! {} was deleted by hand: it is put back\n", object.key.text());
      continue;
    }
    std::vector<FieldChange> back;
    std::vector<FieldChange> stay;
    // drift() compares the release with what lives; the reader wants to see where it goes.
    for (const auto& field : object.fields)
      (field.extra ? stay : back)
          .push_back({.path = field.path, .before = field.after, .after = field.before, .secret = field.secret});
    if (!back.empty()) out += fmt::format("  ! {} was changed by hand: these fields are put back\n", object.key.text());
    show_fields(out, back, limits);
    if (!stay.empty())
      out += fmt::format("  ! {} was added to by hand: these fields stay, helm leaves them alone\n", object.key.text());
    for (auto& field : stay) {
      out += field.secret ? fmt::format("      {}\n", field.path)
                          : fmt::format("      {}  {}\n", field.path, value_text(field.before, limits.width));
    }
  }
}

std::string dash(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += i + 1 < row.size() ? fmt::format("{:<{}}  ", row[i], widths[i]) : row[i];
    while (line.ends_with(' ')) line.pop_back();
    out += line + '\n';
  }
  return out;
}

std::string short_image(std::string_view image) {
  if (image.empty()) return "-";
  const auto at = image.find("@sha256:");
  if (at != std::string_view::npos) return std::string(image.substr(at + 8, 12));
  if (image.starts_with("sha256:")) return std::string(image.substr(7, 12));
  return std::string(image);
}

std::string summary(const Deployment& deployment) {
  const auto count = [&](Action action) {
    return std::ranges::count(deployment.changes, action, &ObjectChange::action);
  };
  std::vector<std::string> parts;
  if (const auto n = count(Action::remove); n > 0) parts.push_back(fmt::format("{} removed", n));
  if (const auto n = count(Action::change); n > 0) parts.push_back(fmt::format("{} changed", n));
  if (const auto n = count(Action::add); n > 0) parts.push_back(fmt::format("{} added", n));
  if (const auto n = std::ranges::count_if(deployment.drift, &Drifted::put_back); n > 0)
    parts.push_back(fmt::format("{} put back", n));
  if (parts.empty()) return deployment.step == Step::unchanged ? "nothing" : "the release's record only";
  return text::join(parts, ", ");
}

std::string show(const Plan& plan, const ShowLimits& limits) {
  auto out = fmt::format("plan {} for {}: image {}, configuration {}\n", plan.digest().substr(0, 12), plan.service,
                         plan.image.text(), plan.commit.substr(0, 12));
  if (!plan.skip_staging.empty()) out += fmt::format("WITHOUT STAGING: {}\n", text::printable(plan.skip_staging));
  std::vector<std::vector<std::string>> rows{{"TARGET", "RELEASE", "STEP", "FROM", "IMAGE NOW", "APPROVAL", "CHANGES"}};
  for (const auto& d : plan.deployments)
    rows.push_back({d.target, d.name_space + '/' + d.release, std::string(name_of(d.step)),
                    d.base_revision == 0 ? "-" : fmt::format("{} {}", d.base_revision, d.base_status),
                    dash(short_image(d.base_image)), d.approval ? "a person" : "none", summary(d)});
  out += table(rows);
  for (const auto& d : plan.deployments) {
    if (d.step == Step::unchanged && d.warnings.empty() && d.drift.empty()) continue;
    out += fmt::format("{} {}/{}, chart {}\n", d.target, d.name_space, d.release, d.chart);
    for (const auto& warning : d.warnings) out += fmt::format("  warning: {}\n", warning);
    show_changes(out, d, limits);
    show_drift(out, d, limits);
    for (const auto& value : d.values)
      out += value.origin.empty() ? fmt::format("  value {} is gone\n", value.path)
                                  : fmt::format("  value {}  ({})\n", value.path, value.origin);
  }
  return out;
}

}  // namespace slipway::deploy_helm
