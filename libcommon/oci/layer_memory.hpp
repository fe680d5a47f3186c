// SPDX-License-Identifier: Apache-2.0
// What this machine has compressed and stored before: which blob a layer became, and where that blob was
// seen. All of it is a hint: a blob counts only when the registry confirms it by HEAD or mount, and a pair
// of diff id and blob is written down only by whoever has hashed both ends of it. Losing the file costs
// time, a damaged line is no line, and several programs may read and write at once.
#pragma once

#include "oci/credentials.hpp"
#include "oci/digest.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::oci {

/// A blob that a layer became, and the repositories that had it, HOST/PATH, the latest last.
struct RememberedBlob {
  Digest digest;
  std::uint64_t size = 0;
  std::vector<std::string> places;
};

class LayerMemory {
 public:
  /// Beyond it the older half is forgotten.
  static constexpr std::uint64_t longest_file = 1U << 20U;

  /// Remembers nothing.
  LayerMemory() = default;
  /// Reads `file`; one that is not there is made by the first remember(). One that others could have
  /// written (another owner, or writable by others) is neither read nor written.
  explicit LayerMemory(std::filesystem::path file);
  LayerMemory(const LayerMemory&) = delete;
  LayerMemory& operator=(const LayerMemory&) = delete;

  /// ${XDG_CACHE_HOME:-~/.cache}/slipway/layers; nothing without a home.
  [[nodiscard]] static std::optional<std::filesystem::path> file_in(const Environment& env);

  /// @param profile how it was packed, such as "gzip": the same layer gives another blob in another packing
  [[nodiscard]] std::optional<RememberedBlob> find(const Digest& diff_id, std::string_view profile) const;
  /// Never fails: what cannot be written down is not remembered.
  /// @param place HOST/PATH of a repository that has confirmed the blob
  void remember(const Digest& diff_id, std::string_view profile, const Digest& blob, std::uint64_t size,
                const std::string& place) noexcept;

 private:
  struct Key {
    Digest diff_id;
    std::string profile;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  void take(std::string_view text);
  [[nodiscard]] bool take_line(std::string_view line);
  void append(const std::string& line) const;

  std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::map<Key, RememberedBlob> blobs_;
};

}  // namespace slipway::oci
