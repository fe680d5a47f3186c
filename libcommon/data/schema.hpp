// SPDX-License-Identifier: Apache-2.0
// Values against a JSON schema (draft 7), as helm checks them against a chart's values.schema.json; what is wrong is
// told by its path, so that a caller can name the file and line. Nothing is fetched: a schema that refers to another
// place is refused. The only user of valijson, because it takes long to compile.
#pragma once

#include "data/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace slipway::data {

struct SchemaFault {
  std::vector<std::string> path;  ///< keys, and indexes as digits
  std::string message;            ///< one sentence, no full stop
};

/// What in `values` the schema does not allow; the innermost complaint of each place only.
/// @param file what errors call the schema
/// @throws Error bad_input when the schema itself is none
[[nodiscard]] std::vector<SchemaFault> check_schema(std::string_view schema, const std::string& file,
                                                    const Value& values);

}  // namespace slipway::data
