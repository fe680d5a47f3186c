// SPDX-License-Identifier: Apache-2.0
// The pieces that errors and findings are printed with, and the two formats that other programs show
// beside the line. Used by diagnostic.cpp; everybody else asks events.hpp.
#pragma once

#include "core/error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace slipway::io {

[[nodiscard]] std::string_view word_for(Diagnostic::Severity severity);
/// The message with the nearest known word.
[[nodiscard]] std::string sentence_of(const Diagnostic& finding);
/// JSON must be UTF-8; what came from a file or a server may not be.
[[nodiscard]] std::string dump(const nlohmann::ordered_json& document);

/// A whole log with one run.
/// @param error what ended the run; null when nothing did
/// @source OASIS SARIF 2.1.0
[[nodiscard]] std::string sarif(std::string_view tool, const std::vector<Diagnostic>& findings, const Error* error);

/// A workflow command: `::error file=F,line=L,col=C::MESSAGE`.
/// @source GitHub, Workflow commands for GitHub Actions
[[nodiscard]] std::string github_line(const Diagnostic& finding);
[[nodiscard]] std::string github_line(std::string_view tool, const Error& error);

}  // namespace slipway::io
