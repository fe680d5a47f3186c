// SPDX-License-Identifier: Apache-2.0
// What makes up the configuration of one service, environment and release, before anything of it is
// read: the layers in their order with their names filled in. Both a layout and a helmfile state file
// come down to this. Data only.
#pragma once

#include "data/set.hpp"
#include "data/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace slipway::config {

enum class Origin { file, inline_map, external, set, chart };

[[nodiscard]] std::string_view name_of(Origin origin);  ///< "file", "inline", "external", "set", "chart"

struct PlannedLayer {
  Origin origin = Origin::file;
  std::string path;       ///< file: from the registry's root; external: as named; inline and set: where it is written
  bool required = false;  ///< absent is an error
  bool secret = false;    ///< its values are masked for people
  data::Value values;     ///< of an inline map
  data::Mark mark;        ///< where the chain says so
};

/// A value that comes after every layer, as in `helm --set`.
struct PlannedSet {
  std::string text;
  data::SetKind kind = data::SetKind::typed;
  std::string file;  ///< where it is written, or the option
  data::Mark mark;
};

struct Chain {
  std::string release;
  std::string name_space;
  std::string chart;  ///< its directory in the registry; empty when nobody says
  std::vector<PlannedLayer> layers;
  std::vector<PlannedSet> sets;
};

}  // namespace slipway::config
