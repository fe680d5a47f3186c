// SPDX-License-Identifier: Apache-2.0
// How helm puts values together: layers over each other (`-f a -f b`), then the outcome over a
// chart's own defaults. The two steps treat null differently, and versions of helm treat it
// differently in the second. Pure; every value keeps the mark of the file it came from.
#pragma once

#include "data/value.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::data {

/// Where versions of helm answer differently, a caller says which one counts.
enum class HelmSemantics { v3_19, v4_1, v4_3 };

/// Step 1: `over` wins. Maps merge key by key; anything else replaces whole, null included: it stays as a
/// value, and a map of a later layer then starts afresh. `{}` over a map changes nothing.
/// A side that is null at the root (an empty file) changes nothing.
/// @source helm pkg/cli/values, mergeMaps; all of 3.19, 4.1 and 4.3 agree
void merge_layer(Value& base, Value over);

/// Called for a map that meets something else under one key; the first argument is the dotted path.
using MergeWarning = std::function<void(std::string_view path, std::string_view message)>;

/// Step 2: the user's values over a chart's defaults. A null of the user's deletes the default's key; a null
/// with no default behind it stays; a map against a scalar keeps the user's side and warns.
/// @source helm pkg/chartutil (3) and pkg/chart/common/util (4), coalesceValues and coalesceTables
[[nodiscard]] Value over_defaults(Value user, const Value& defaults, HelmSemantics semantics,
                                  const MergeWarning& warn = {});

}  // namespace slipway::data
