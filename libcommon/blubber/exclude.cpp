// SPDX-License-Identifier: Apache-2.0
#include "blubber/exclude.hpp"

#include "blubber/grammar.hpp"
#include "blubber/shell.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::blubber {

namespace {

constexpr std::string_view special = ".+()|{}^$*?[]\\";

/// One character as itself; a class is read alike by every awk, a backslash is not.
std::string literal(char c) {
  if (c == '^') return "\\^";
  if (c == '\\') return "\\\\";
  if (special.find(c) == std::string_view::npos) return {c};
  return std::string("[") + c + "]";
}

}  // namespace

std::optional<std::string> exclude_expression(std::string_view pattern) {
  pattern = text::trim(pattern);
  char sign = '=';
  if (pattern.starts_with('!')) {
    sign = '!';
    pattern = text::trim(pattern.substr(1));
  }
  if (pattern.empty()) return std::nullopt;
  auto path = grammar::clean_path(pattern);
  if (path.starts_with('/')) path.erase(0, 1);
  if (path.empty() || path == ".") return std::string(1, sign) + ".";
  std::string_view rest = path;

  std::string out{sign, '^'};
  while (!rest.empty()) {
    if (rest.starts_with("**/")) {
      out += "(.*/)?";
      rest.remove_prefix(3);
    } else if (rest.starts_with("**")) {
      out += ".*";
      rest.remove_prefix(2);
    } else if (rest.front() == '*' || rest.front() == '?') {
      out += rest.front() == '*' ? "[^/]*" : "[^/]";
      rest.remove_prefix(1);
    } else if (const auto end = rest.find(']', 2); rest.front() == '[' && end != std::string_view::npos) {
      out += rest.substr(0, end + 1);
      rest.remove_prefix(end + 1);
    } else if (rest.front() == '\\' && rest.size() > 1) {
      out += literal(rest[1]);
      rest.remove_prefix(2);
    } else {
      out += literal(rest.front());
      rest.remove_prefix(1);
    }
  }
  return out + "(/.*)?$";
}

std::string exclude_script(std::string_view folder, const std::vector<std::string>& expressions) {
  const bool takes_back = std::ranges::any_of(expressions, [](const std::string& e) { return e.starts_with('!'); });
  // The last expression that matches decides. Without exceptions a folder goes whole, and what is
  // below it need not be looked at; with them it goes when nothing is left in it.
  const std::string_view decide = "BEGIN { n = ARGC - 1; for (i = 1; i <= n; i++) { e[i] = ARGV[i]; ARGV[i] = \"\" } } "
                                  "{ p = substr($0, 3); if (p == \"\") next; x = 0; "
                                  "for (i = 1; i <= n; i++) if (p ~ substr(e[i], 2)) x = substr(e[i], 1, 1) == \"=\"; ";
  const std::string_view whole = "if (x && !(last != \"\" && index(p, last \"/\") == 1)) { last = p; print p } }";
  const std::string_view piecewise = "if (x) print p }";
  // Through files: a pipe would hide that find or awk is missing, and everything would be copied.
  const std::string_view remove =
      takes_back ? "if [ -d \"$p\" ] && ! [ -L \"$p\" ]; then rmdir \"./$p\" 2>/dev/null || :; else rm -f \"./$p\"; fi"
                 : "rm -rf \"./$p\"";
  return fmt::format("l=$(mktemp) && cd {} && find . {}-print >\"$l\" && awk '{}{}' \"$@\" <\"$l\" >\"$l.x\" && "
                     "while IFS= read -r p; do {} || exit 1; done <\"$l.x\" && rm -f \"$l\" \"$l.x\"",
                     shell::quote(folder), takes_back ? "-depth " : "", decide, takes_back ? piecewise : whole, remove);
}

}  // namespace slipway::blubber
