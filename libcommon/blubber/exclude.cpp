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
  // Two slashes stand at the beginning of a path only, so a line without them goes on with a name that has a line
  // break in it. What is to be removed is written as commands, in single quotes: names are any bytes.
  const std::string_view read =
      "BEGIN { n = ARGC - 1; for (i = 1; i <= n; i++) { e[i] = ARGV[i]; ARGV[i] = \"\" } } "
      "function quoted(name, i, m, part, out) { m = split(name, part, \"\\047\"); out = \"\\047./\" part[1]; "
      "for (i = 2; i <= m; i++) out = out \"\\047\\042\\047\\042\\047\" part[i]; return out \"\\047\" } "
      "function decide(i, x, name) { if (p == \"\") return; x = 0; "
      "for (i = 1; i <= n; i++) if (p ~ substr(e[i], 2)) x = substr(e[i], 1, 1) == \"=\"; if (!x) return; ";
  // The last expression that matches decides. Without exceptions a folder goes whole, and what is
  // below it need not be looked at; with them it goes when nothing is left in it.
  const std::string_view whole =
      "if (last != \"\" && index(p, last \"/\") == 1) return; last = p; print \"rm -rf \" quoted(p) \" || exit 1\" } ";
  const std::string_view piecewise =
      "name = quoted(p); print \"if [ -d \" name \" ] && ! [ -L \" name \" ]; then rmdir \" name \" 2>/dev/null || :; "
      "else rm -f \" name \" || exit 1; fi\" } ";
  const std::string_view lines =
      "index($0, \".//.\") == 1 { decide(); p = substr($0, 6); next } { p = p \"\\n\" $0 } END { decide() }";
  // Through files: a pipe would hide that find or awk is missing, and everything would be copied.
  return fmt::format("l=$(mktemp) && cd {} && find .//. {}-print >\"$l\" && awk '{}{}{}' \"$@\" <\"$l\" >\"$l.x\" && "
                     ". \"$l.x\" && rm -f \"$l\" \"$l.x\"",
                     shell::quote(folder), takes_back ? "-depth " : "", read, takes_back ? piecewise : whole, lines);
}

}  // namespace slipway::blubber
