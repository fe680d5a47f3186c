// SPDX-License-Identifier: Apache-2.0
// A tar reader that is fed: the same code reads a pipe, an engine's answer and a file whose layers are
// left out. Ours and not libarchive's because an archive that was cut must be told from a whole one
// (its two end blocks), and because the places of entries in a file are needed. POSIX pax and ustar, GNU.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::oci {

struct TarEntry {
  enum class Kind { file, directory, symlink, hard_link, other };
  std::string name;  ///< without a leading "./"
  Kind kind = Kind::file;
  std::uint64_t size = 0;    ///< of the data that follows
  std::string link;          ///< target of a link, as it is written
  std::uint64_t offset = 0;  ///< of the data, from the archive's first byte
};

class TarReader {
 public:
  struct Handler {
    std::function<void(const TarEntry&)> begin;
    std::function<void(std::string_view)> data;
    std::function<void()> end;  ///< of an entry, after its last byte
  };
  /// What throws in a handler passes through feed().
  explicit TarReader(Handler handler) : handler_(std::move(handler)) {}

  /// @throws Error bad_input with the place in the archive
  void feed(std::string_view bytes);
  /// Bytes of the current entry that have not come yet, padding included: these may be left out with skip().
  [[nodiscard]] std::uint64_t ahead() const { return state_ == State::data ? left_ + padding_ : 0; }
  /// Leaves out all of ahead(); the entry's data is not handed out, its end is.
  void skip();
  /// The end of the input. @throws Error bad_input when the archive was not complete
  void finish() const;
  [[nodiscard]] bool complete() const { return state_ == State::over; }
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

 private:
  enum class State { header, meta, data, over };

  void take_header();
  void take_meta();
  void begin_entry();
  void end_data();
  [[nodiscard]] std::uint64_t number_at(std::size_t at, std::size_t size, const char* what) const;
  void take_pax(std::string_view records);

  Handler handler_;
  State state_ = State::header;
  std::string block_;         ///< a header that is not complete yet
  std::uint64_t offset_ = 0;  ///< of the next byte
  std::uint64_t left_ = 0;    ///< data still to come, and then
  std::uint64_t padding_ = 0;
  int empty_blocks_ = 0;
  char meta_kind_ = 0;
  std::string meta_;
  std::optional<std::string> next_name_;  ///< from a GNU or pax header before the entry's own
  std::optional<std::string> next_link_;
  std::optional<std::uint64_t> next_size_;
  TarEntry entry_;
};

/// Whether 512 bytes are a tar header, by their checksum.
[[nodiscard]] bool is_tar_header(std::string_view block);

}  // namespace slipway::oci
