// SPDX-License-Identifier: Apache-2.0
#include "data/schema.hpp"

#include "core/error.hpp"
#include "data/yaml.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <exception>

namespace slipway::data {

namespace {

using nlohmann::json;

/// valijson's words for a place are "<root>", "[key]", "[0]".
std::vector<std::string> path_of(const std::vector<std::string>& context) {
  std::vector<std::string> out;
  for (const auto& one : context)
    if (one.size() >= 2 && one.front() == '[' && one.back() == ']') out.push_back(one.substr(1, one.size() - 2));
  return out;
}

/// The name that stands in single quotes at the end of a sentence.
std::string quoted_at_end(std::string_view text) {
  while (!text.empty() && text.back() == '.') text.remove_suffix(1);
  if (text.empty() || text.back() != '\'') return {};
  text.remove_suffix(1);
  const auto begin = text.rfind('\'');
  return begin == std::string_view::npos ? std::string() : std::string(text.substr(begin + 1));
}

/// Says only that something further in is wrong, which has been told.
bool is_outer(std::string_view text) {
  return text.starts_with("Failed to validate against schema associated with property") ||
         text.starts_with("Failed to validate item #") || text.starts_with("Failed to validate against child schema") ||
         text.starts_with("Failed to validate against additional properties schema");
}

std::string sentence(std::string_view text) {
  std::string out(text);
  while (!out.empty() && out.back() == '.') out.pop_back();
  if (!out.empty() && out.front() >= 'A' && out.front() <= 'Z')
    out.front() = static_cast<char>(out.front() - 'A' + 'a');
  return out;
}

const json* fetch_nothing(const std::string& uri) {
  throw Error(failure::bad_input, fmt::format("the schema refers to {}, which is not fetched", uri));
}
void free_nothing(const json* /*document*/) {}

}  // namespace

std::vector<SchemaFault> check_schema(std::string_view schema, const std::string& file, const Value& values) {
  const auto parsed = json::parse(schema, nullptr, false);
  if (parsed.is_discarded() || !(parsed.is_object() || parsed.is_boolean()))
    throw Error(failure::bad_input, fmt::format("{} is no JSON schema", file));
  valijson::Schema rules;
  try {
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(parsed), rules, fetch_nothing, free_nothing);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& problem) {
    throw Error(failure::bad_input, fmt::format("{} is no JSON schema: {}", file, problem.what()));
  }
  const auto document = json::parse(to_json(values));
  valijson::ValidationResults results;
  valijson::Validator validator;
  if (validator.validate(rules, valijson::adapters::NlohmannJsonAdapter(document), &results)) return {};
  std::vector<SchemaFault> out;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    if (is_outer(error.description)) continue;
    SchemaFault fault{path_of(error.context), {}};
    if (error.description.find("additionalProperties") != std::string::npos) {
      const auto key = quoted_at_end(error.description);
      fault.message = fmt::format("the schema has no key '{}' here", key);
      if (!key.empty()) fault.path.push_back(key);
    } else {
      fault.message = sentence(error.description);
    }
    out.push_back(std::move(fault));
  }
  // All of them were outer ones: better that than nothing.
  if (out.empty()) out.push_back({{}, "the values do not fit the schema"});
  std::ranges::stable_sort(out, {}, &SchemaFault::path);
  const auto same = std::ranges::unique(
      out, [](const SchemaFault& a, const SchemaFault& b) { return a.path == b.path && a.message == b.message; });
  out.erase(same.begin(), same.end());
  return out;
}

}  // namespace slipway::data
