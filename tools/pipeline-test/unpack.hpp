// SPDX-License-Identifier: Apache-2.0
// A tar stream from a container, which we do not trust, into a directory of ours, which nothing in it
// may leave: no `..`, no absolute path, no link that points out, no device, no way through a link.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace slipway::pipeline_test {

struct Unpacked {
  std::size_t files = 0;
  std::vector<std::string> refused;  ///< "PATH: why"
};

/// @param tar an open, seekable file at its beginning
/// @param strip leading path components to leave out (1 for the contents of a directory)
/// @throws Error bad_input for a broken archive; cannot_create, write_failed
Unpacked unpack(int tar, const std::filesystem::path& into, int strip);

}  // namespace slipway::pipeline_test
