// SPDX-License-Identifier: Apache-2.0
// The formats of -o: values into text. Pure.
#pragma once

#include "config/bundle.hpp"
#include "config/keypath.hpp"
#include "data/value.hpp"

#include <string>
#include <string_view>

namespace slipway::config_get {

/// A scalar without quotes and a newline; null is an empty line. Numbers as helm makes them.
/// @throws Error bad_usage for a list or a map
[[nodiscard]] std::string as_line(const data::Value& value, std::string_view path);

enum class Assignment { env, shell };

/// NAME=value lines, sorted by name: keys joined by '_', upper case, other bytes '_'. Lists, and maps deeper than
/// `depth` keys (0: no limit), are JSON. `env` has no quoting, as docker --env-file reads it; `shell` is
/// safe for eval in any POSIX shell.
/// @param path of `value`; only its last key takes part in the names, and only when `value` is no map
/// @throws Error bad_input when two keys get one name, or a value of `env` has a line break in it
[[nodiscard]] std::string as_assignments(const data::Value& value, const config::KeyPath& path, Assignment form,
                                         int depth);

/// One key as a document of its own: `--json -k PATH`.
[[nodiscard]] std::string as_key_document(const config::Bundle& bundle, std::string_view path,
                                          const data::Value& value);

/// A value on one line, shortened, for a person.
[[nodiscard]] std::string shown(const data::Value& value);

}  // namespace slipway::config_get
