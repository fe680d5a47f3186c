// SPDX-License-Identifier: Apache-2.0
// The grammars of names that a configuration may hold. Whatever passes is safe in the place of a
// Dockerfile or shell text that it ends up in, together with the quoting done there.
#pragma once

#include <string>
#include <string_view>

namespace slipway::blubber::grammar {

/// `[domain[:port]/]path[:tag][@digest]`.
/// @source distribution/reference, ReferenceRegexp
[[nodiscard]] bool is_image_reference(std::string_view s);
/// A variant's name, which becomes a stage's name.
[[nodiscard]] bool is_variant_name(std::string_view s);
/// `name`, `name=version` or `name/release`.
[[nodiscard]] bool is_debian_package(std::string_view s);
/// A release, distribution or component: no blanks, quotes or control characters.
[[nodiscard]] bool is_apt_word(std::string_view s);
[[nodiscard]] bool is_environment_name(std::string_view s);
[[nodiscard]] bool is_http_url(std::string_view s);
/// A URL whose host can stand in a file of apt's configuration outside of quotes.
[[nodiscard]] bool has_plain_host(std::string_view url);
[[nodiscard]] bool is_node_environment(std::string_view s);
[[nodiscard]] bool is_python_version(std::string_view s);    ///< 1.2.3: begins with a digit
[[nodiscard]] bool is_python_specifier(std::string_view s);  ///< >=1.2,<2
[[nodiscard]] bool is_user_name(std::string_view s);         ///< never root
[[nodiscard]] bool is_absolute_path(std::string_view s);     ///< and not the root itself
[[nodiscard]] bool stays_inside(std::string_view path);      ///< relative, and no `..` leads out
[[nodiscard]] bool has_control(std::string_view s);

/// Go's path.Clean: no `.`, `..` or repeated slashes; "." when nothing is left.
[[nodiscard]] std::string clean_path(std::string_view path);

}  // namespace slipway::blubber::grammar
