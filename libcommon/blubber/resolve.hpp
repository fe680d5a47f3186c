// SPDX-License-Identifier: Apache-2.0
// What a variant is once all that it includes is merged into it, and which variants have to be built
// before it. Merging makes new values and never changes what was read, so that no variant leaks into
// another (both upstream programs do that with `builders`).
#pragma once

#include "blubber/config.hpp"
#include "blubber/report.hpp"

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace slipway::blubber {

/// What resolving may come to: a few lines of includes can ask for more than any memory holds.
struct ResolveLimits {
  std::size_t depth = 2000;      ///< of includes, and of variants that copy from each other
  std::size_t values = 250'000;  ///< in all expanded variants together
};

class Resolver {
 public:
  /// Both have to outlive the resolver.
  Resolver(const Config& config, Report& report, const ResolveLimits& limits = {})
      : config_(config), report_(report), limits_(limits) {}

  /// The variant with all that it inherits: the top level, then what it includes, depth first, each
  /// once, then itself. Null, and an error in the report, when the includes go in a circle.
  [[nodiscard]] const Variant* expanded(const std::string& name);

  /// The variants to build, each after those it copies from, the target last. Empty, and errors in
  /// the report, when that cannot be told.
  [[nodiscard]] std::vector<const Variant*> stages(const std::string& target);

  /// Every variant once, each after those it copies from, but for those with errors.
  [[nodiscard]] std::vector<const Variant*> all();

 private:
  using Chain = std::vector<const Variant*>;

  /// The layers of a variant, the first one first. Empty, and an error, when that cannot be told.
  Chain layers(const Variant& variant);
  bool add_layers(const Variant& variant, std::vector<std::string>& open, Chain& out,
                  std::unordered_set<const Variant*>& done);
  const Variant* merged(const Variant& variant);
  bool visit(const std::string& name, std::vector<std::string>& open, Chain& out, std::set<std::string>& done);
  bool too_deep(const std::vector<std::string>& open, std::string_view what);
  void check_letters(const Chain& stages);

  /// Told once, from whichever of its variants it was met first.
  void report_circle(std::string_view what, const std::vector<std::string>& open, const Text& again,
                     const std::string& in);

  const Config& config_;
  Report& report_;
  ResolveLimits limits_;
  std::set<std::vector<std::string>> circles_;
  std::unordered_map<std::string, Variant> merged_;
  std::size_t values_ = 0;
  bool is_too_large_ = false;
};

/// Where the files of a variant come from: names of variants and images, and "local", with places.
[[nodiscard]] Texts origins(const Variant& expanded);

/// Whether the variant starts from the empty image.
[[nodiscard]] bool is_scratch(const Variant& expanded);

}  // namespace slipway::blubber
