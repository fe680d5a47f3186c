// SPDX-License-Identifier: Apache-2.0
// One question to the service and what its answer must be. Checks come from a checks file, from a
// service's own OpenAPI specification, or from --url; they are all run alike.
#pragma once

#include "match.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace slipway::pipeline_test {

using Pairs = std::vector<std::pair<std::string, std::string>>;
using Vars = std::map<std::string, std::string>;

struct Retry {
  std::chrono::milliseconds lasts{10'000};  ///< from the first try on
  std::chrono::milliseconds every{1'000};
  /// Statuses that are tried again. A wrong body never is: that would wait until it is right by chance.
  std::vector<int> statuses{502, 503, 504};
};

struct Question {
  std::string method = "GET";
  std::string path;  ///< begins with a slash
  Pairs query;       ///< added to what the path holds
  Pairs headers;
  std::optional<std::string> body;
  std::optional<nlohmann::json> json;  ///< sent as application/json
  std::optional<Pairs> form;           ///< sent as application/x-www-form-urlencoded
};

struct Expectation {
  std::vector<int> statuses;  ///< any of these; empty for every status
  Pairs headers;
  std::optional<nlohmann::json> json;
  std::optional<std::string> body;
  std::optional<std::string> not_body;
  std::optional<std::chrono::milliseconds> within;
  TextRule header_rule = TextRule::prefix;
  TextRule json_rule = TextRule::equal;  ///< for strings in `json`
  TextRule body_rule = TextRule::contains;
};

struct Check {
  std::string name;
  std::string origin;  ///< where it was written: "checks.yaml:12", "spec /paths/~1_info/get"
  Question question;
  Expectation expect;
  Pairs save;  ///< variable, and JSON pointer (with a slash in front) or header
  Retry retry;
  std::chrono::milliseconds timeout{5'000};
  bool has_vars = false;  ///< ${NAME} counts in it
};

/// `${NAME}` replaced; `$${` stands for a plain `${`. Unknown names are added to `missing`.
[[nodiscard]] std::string expand(std::string_view text, const Vars& vars, std::vector<std::string>& missing);

/// The question with its variables filled in, percent-encoded where they land in the path.
/// @throws Error bad_input for a variable that no earlier check has saved
[[nodiscard]] Check expand(const Check& check, const Vars& vars);

/// Path and query as they go into the request line; what may not stand there is percent-encoded.
[[nodiscard]] std::string target_of(const Question& question);

/// The body that is sent, and its type; an empty type when there is no body of a known kind.
[[nodiscard]] std::pair<std::string, std::string> content_of(const Question& question);

/// The same request as a line for a shell. Values of headers that carry credentials are left out.
[[nodiscard]] std::string curl_line(const Question& question, const std::string& base);

}  // namespace slipway::pipeline_test
