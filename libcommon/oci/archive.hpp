// SPDX-License-Identifier: Apache-2.0
// A `docker save` archive, read once from its first byte to its last: small JSON entries are kept,
// layers are handed out as they pass, and at the end it is known which image is made of which layers.
// Image Specification v1.2, "Combined Image JSON + Filesystem Changeset Format".
#pragma once

#include "core/error.hpp"
#include "oci/digest.hpp"
#include "oci/tar.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::oci {

struct ArchivedImage {
  std::string config;               ///< name of the entry that holds its configuration
  std::vector<std::string> tags;    ///< RepoTags
  std::vector<std::string> layers;  ///< names of the entries, lowest first

  /// The hex digits of the configuration's digest, which is its entry's name: HEX.json, blobs/sha256/HEX.
  [[nodiscard]] std::string id() const;
};

/// What an archive said about itself.
class ArchiveContents {
 public:
  void keep(const std::string& name, std::string content);
  void link(const std::string& name, const std::string& target, bool symbolic);

  /// The content of a small entry, links followed; nothing when there is none.
  [[nodiscard]] const std::string* text(const std::string& name) const;
  /// The entry that a name leads to through hard and symbolic links.
  /// @throws Error bad_input for a loop
  [[nodiscard]] std::string resolve(const std::string& name) const;

  /// All, in the order of manifest.json. @throws Error bad_input without one, and for a broken one
  [[nodiscard]] std::vector<ArchivedImage> images() const;
  /// The image called `wanted` (a tag, or the digest of its configuration or a part of that), or the
  /// only one.
  /// @throws Error bad_input without or with a broken manifest.json, or when several are there and none
  /// was named (they are listed); not_found when the named one is not there
  [[nodiscard]] ArchivedImage select(const std::optional<std::string>& wanted) const;

 private:
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::string> links_;
  std::size_t bytes_ = 0;
};

class ArchiveReader {
 public:
  struct Layers {
    /// A layer begins, or a blob that is no JSON document. False leaves it out: its data is not handed out (and may be
    /// jumped over). `head` are its first bytes, as far as they were needed to tell what it is: for blobs that are
    /// named by their digest alone.
    std::function<bool(const TarEntry& entry, std::string_view head)> begin;
    std::function<void(std::string_view bytes)> data;
    std::function<void()> end;
    std::function<void(const TarEntry& entry)> file = {};  ///< any regular file, first of all
  };
  explicit ArchiveReader(Layers layers);
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  /// @throws Error bad_input
  void feed(std::string_view bytes) { tar_.feed(bytes); }
  /// Bytes that come next and that nobody wants; skip() leaves them out.
  [[nodiscard]] std::uint64_t ahead() const { return role_ == Role::unwanted ? tar_.ahead() : 0; }
  void skip() { tar_.skip(); }
  /// The end of the input. @throws Error empty_input, bad_input when the archive was cut
  [[nodiscard]] const ArchiveContents& finish() const;
  /// What has been kept so far.
  [[nodiscard]] const ArchiveContents& contents() const { return contents_; }
  [[nodiscard]] std::uint64_t offset() const { return tar_.offset(); }
  [[nodiscard]] bool complete() const { return tar_.complete(); }

 private:
  enum class Role { unwanted, text, layer, undecided };

  void begin(const TarEntry& entry);
  void data(std::string_view bytes);
  void end();
  void decide();

  Layers layers_;
  TarReader tar_;
  ArchiveContents contents_;
  TarEntry entry_;
  Role role_ = Role::unwanted;
  std::string text_;
};

}  // namespace slipway::oci
