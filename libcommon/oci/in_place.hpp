// SPDX-License-Identifier: Apache-2.0
// A regular file that is read where it lies, by several threads at once: nothing of it is copied to a disk,
// and what was read once can be read again. Only for the sources of a push.
#pragma once

#include "core/fs.hpp"
#include "http/client.hpp"
#include "oci/compress.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace slipway::oci {

class InPlace {
 public:
  struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  /// Has a descriptor of its own: an upload may still read when whoever opened the file has given up.
  /// @param base where the content begins in the file
  InPlace(int fd, std::uint64_t base, std::string name);

  /// @return 0 at the end. @throws Error read_failed
  [[nodiscard]] std::size_t read(std::uint64_t at, char* into, std::size_t size) const;
  /// @throws Error bad_input when the file ends before
  [[nodiscard]] std::string text(const Extent& part) const;
  /// The part in pieces.
  void each_piece(const Extent& part, const std::function<void(std::string_view)>& take) const;

  /// A layer as it is sent, packed anew, `size` bytes of it; one that is packed already as it is.
  [[nodiscard]] http::Body packed(const Extent& part, std::uint64_t size, Profile profile) const;
  /// The bytes as they are.
  [[nodiscard]] http::Body plain(const Extent& part) const;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  void fill(std::uint64_t at, char* into, std::size_t size) const;

  std::shared_ptr<Fd> file_;
  std::uint64_t base_;
  std::string name_;
};

}  // namespace slipway::oci
