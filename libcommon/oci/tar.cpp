// SPDX-License-Identifier: Apache-2.0
#include "oci/tar.hpp"

#include "core/error.hpp"
#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

namespace slipway::oci {

namespace {

constexpr std::size_t block_size = 512;
constexpr std::uint64_t longest_meta = 1U << 20U;  // long names and pax records

/// Fields of a header: where they begin and how long they are.
/// @source POSIX.1-2017 pax, "ustar Interchange Format"
struct Field {
  std::size_t at;
  std::size_t size;
};
constexpr Field name_field{0, 100};
constexpr Field size_field{124, 12};
constexpr Field checksum_field{148, 8};
constexpr std::size_t type_at = 156;
constexpr Field link_field{157, 100};
constexpr Field magic_field{257, 6};
constexpr Field prefix_field{345, 155};

std::string_view text_at(std::string_view block, Field field) {
  const auto text = block.substr(field.at, field.size);
  return text.substr(0, text.find('\0'));
}

std::optional<std::uint64_t> octal(std::string_view field) {
  std::uint64_t value = 0;
  bool any = false;
  for (const char c : field) {
    if (c == ' ' && !any) continue;
    if (c == ' ' || c == '\0') break;
    if (c < '0' || c > '7' || value >> 61U != 0) return std::nullopt;
    value = value << 3U | static_cast<std::uint64_t>(c - '0');
    any = true;
  }
  return value;
}

/// GNU's form for what eleven octal digits cannot hold: the first bit set, the rest big-endian.
std::optional<std::uint64_t> base256(std::string_view field) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    auto byte = static_cast<unsigned char>(field[i]);
    if (i == 0) byte &= 0x7FU;
    if (value >> 55U != 0) return std::nullopt;
    value = value << 8U | byte;
  }
  return value;
}

bool is_empty(std::string_view block) {
  return std::ranges::all_of(block, [](char c) { return c == '\0'; });
}

std::string without_dot(std::string name) {
  while (name.starts_with("./")) name.erase(0, 2);
  return name;
}

}  // namespace

bool is_tar_header(std::string_view block) {
  if (block.size() < block_size || is_empty(block.substr(0, block_size))) return false;
  block = block.substr(0, block_size);
  const auto wanted = octal(block.substr(checksum_field.at, checksum_field.size));
  if (!wanted) return false;
  // Some old writers summed signed bytes; both are taken, as everywhere.
  std::uint64_t sum = 0;
  std::int64_t signed_sum = 0;
  for (std::size_t i = 0; i < block_size; ++i) {
    const bool in_sum = i >= checksum_field.at && i < checksum_field.at + checksum_field.size;
    const char c = in_sum ? ' ' : block[i];
    sum += static_cast<unsigned char>(c);
    signed_sum += static_cast<signed char>(c);
  }
  return sum == *wanted || signed_sum == static_cast<std::int64_t>(*wanted);
}

void TarReader::feed(std::string_view bytes) {
  while (!bytes.empty() && state_ != State::over) {
    if (state_ == State::header) {
      const auto part = bytes.substr(0, block_size - block_.size());
      block_ += part;
      offset_ += part.size();
      bytes.remove_prefix(part.size());
      if (block_.size() == block_size) take_header();
      continue;
    }
    if (left_ > 0) {
      const auto part = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
      left_ -= part.size();
      offset_ += part.size();
      bytes.remove_prefix(part.size());
      if (state_ == State::meta) meta_ += part;
      else handler_.data(part);
    }
    if (left_ > 0) continue;
    const auto gap = std::min<std::uint64_t>(padding_, bytes.size());
    padding_ -= gap;
    offset_ += gap;
    bytes.remove_prefix(static_cast<std::size_t>(gap));
    if (padding_ == 0) end_data();
  }
}

void TarReader::skip() {
  if (state_ != State::data) return;
  offset_ += left_ + padding_;
  left_ = padding_ = 0;
  end_data();
}

void TarReader::finish() const {
  if (state_ == State::over) return;
  if (offset_ == 0) throw Error(failure::empty_input, "the archive is empty: the step before failed");
  if (state_ == State::data)
    throw Error(
        failure::bad_input,
        fmt::format("the archive was cut: {} is {} short", text::printable(entry_.name), text::show_size(left_)),
        "run the step before again; nothing was tagged");
  throw Error(failure::bad_input, "the archive was cut: its end is missing",
              "run the step before again; nothing was tagged");
}

std::uint64_t TarReader::number_at(std::size_t at, std::size_t size, const char* what) const {
  const auto field = std::string_view(block_).substr(at, size);
  const bool binary = (static_cast<unsigned char>(field.front()) & 0x80U) != 0;
  const auto value = binary ? base256(field) : octal(field);
  if (!value)
    throw Error(failure::bad_input,
                fmt::format("the archive's header at byte {} has no valid {}", offset_ - block_size, what));
  return *value;
}

void TarReader::take_header() {
  if (is_empty(block_)) {
    block_.clear();
    if (++empty_blocks_ == 2) state_ = State::over;
    return;
  }
  empty_blocks_ = 0;
  if (!is_tar_header(block_))
    throw Error(failure::bad_input, offset_ == block_size
                                        ? std::string("the input is no tar archive")
                                        : fmt::format("the archive is damaged at byte {}", offset_ - block_size));
  const auto size = number_at(size_field.at, size_field.size, "size");
  const char type = block_[type_at];
  left_ = size;
  if (type == 'L' || type == 'K' || type == 'x' || type == 'g') {
    if (size > longest_meta) throw Error(failure::bad_input, "a name in the archive is longer than 1 MiB");
    padding_ = (block_size - size % block_size) % block_size;
    meta_kind_ = type;
    meta_.clear();
    block_.clear();
    state_ = State::meta;
    if (left_ + padding_ == 0) end_data();
    return;
  }
  begin_entry();
}

void TarReader::begin_entry() {
  const auto prefix = text_at(block_, prefix_field);
  const bool ustar =
      std::string_view(block_).substr(magic_field.at, magic_field.size) == std::string_view("ustar\0", 6);
  std::string name(text_at(block_, name_field));
  if (ustar && !prefix.empty()) name = fmt::format("{}/{}", prefix, name);
  entry_.name = without_dot(next_name_.value_or(std::move(name)));
  entry_.link = next_link_.value_or(std::string(text_at(block_, link_field)));
  entry_.offset = offset_;
  using Kind = TarEntry::Kind;
  const char type = block_[type_at];
  switch (type) {
  case '0':
  case '\0':
  case '7': entry_.kind = entry_.name.ends_with('/') ? Kind::directory : Kind::file; break;
  case '1': entry_.kind = Kind::hard_link; break;
  case '2': entry_.kind = Kind::symlink; break;
  case '5': entry_.kind = Kind::directory; break;
  case 'S':
    throw Error(failure::bad_input, fmt::format("{} in the archive is a sparse file, which images do not have",
                                                text::printable(entry_.name)));
  default: entry_.kind = Kind::other;
  }
  if (next_size_) left_ = *next_size_;
  // Links say their target's size, directories may say anything: no data follows either.
  if (entry_.kind != Kind::file && entry_.kind != Kind::other) left_ = 0;
  entry_.size = left_;
  padding_ = (block_size - left_ % block_size) % block_size;
  next_name_.reset();
  next_link_.reset();
  next_size_.reset();
  block_.clear();
  state_ = State::data;
  handler_.begin(entry_);
  if (left_ + padding_ == 0) end_data();
}

void TarReader::end_data() {
  const auto was = state_;
  state_ = State::header;
  if (was == State::meta) take_meta();
  else handler_.end();
}

void TarReader::take_meta() {
  const auto text = std::string_view(meta_).substr(0, meta_.find('\0'));
  if (meta_kind_ == 'L') next_name_ = text;
  else if (meta_kind_ == 'K') next_link_ = text;
  else if (meta_kind_ == 'x') take_pax(meta_);
  // 'g': defaults for all entries. None that docker or podman write matters here.
}

void TarReader::take_pax(std::string_view records) {
  while (!records.empty()) {
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(records.data(), records.data() + records.size(), length);
    const auto begin = static_cast<std::size_t>(end - records.data()) + 1;  // after the blank
    if (error != std::errc{} || length > records.size() || begin >= length || records[length - 1] != '\n')
      throw Error(failure::bad_input, fmt::format("the archive has a malformed pax header before byte {}", offset_));
    const auto record = records.substr(begin, length - begin - 1);
    records.remove_prefix(length);
    const auto equals = record.find('=');
    if (equals == std::string_view::npos) continue;
    const auto key = record.substr(0, equals);
    const auto value = record.substr(equals + 1);
    if (key == "path") next_name_ = value;
    else if (key == "linkpath") next_link_ = value;
    else if (key == "size") {
      std::uint64_t size = 0;
      const auto [tail, bad] = std::from_chars(value.data(), value.data() + value.size(), size);
      if (bad != std::errc{} || tail != value.data() + value.size())
        throw Error(failure::bad_input, "the archive has a pax header without a valid size");
      next_size_ = size;
    } else if (key.starts_with("GNU.sparse.")) {
      throw Error(failure::bad_input, "a file in the archive is sparse, which images are not");
    }
  }
}

}  // namespace slipway::oci
