// SPDX-License-Identifier: Apache-2.0
// What a variant is once all that it includes is merged into it, and which variants have to be built
// before it. Merging makes new values and never changes what was read, so that no variant leaks into
// another (both upstream programs do that with `builders`).
#pragma once

#include "blubber/config.hpp"
#include "blubber/report.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::blubber {

class Resolver {
 public:
  /// Both have to outlive the resolver.
  Resolver(const Config& config, Report& report) : config_(config), report_(report) {}

  /// The variant with all that it inherits: the top level, then what it includes, depth first, each
  /// once, then itself. Null, and an error in the report, when the includes go in a circle.
  [[nodiscard]] const Variant* expanded(const std::string& name);

  /// The variants to build, each after those it copies from, the target last. Empty, and errors in
  /// the report, when that cannot be told.
  [[nodiscard]] std::vector<const Variant*> stages(const std::string& target);

 private:
  bool layers(const Variant& variant, std::vector<std::string>& open, std::vector<const Variant*>& out);
  bool visit(const std::string& name, std::vector<std::string>& open, std::vector<const Variant*>& out);

  /// Told once, from whichever of its variants it was met first.
  void report_circle(std::string_view what, const std::vector<std::string>& open, const Text& again,
                     const std::string& in);

  const Config& config_;
  Report& report_;
  std::set<std::vector<std::string>> circles_;
  std::map<std::string, Variant, std::less<>> expanded_;
};

/// Where the files of a variant come from: names of variants and images, and "local", with places.
[[nodiscard]] Texts origins(const Variant& expanded);

/// Whether the variant starts from the empty image.
[[nodiscard]] bool is_scratch(const Variant& expanded);

}  // namespace slipway::blubber
