// SPDX-License-Identifier: Apache-2.0
#include "docker/stream.hpp"

#include <algorithm>

namespace slipway::docker {

void LogFrames::feed(std::string_view bytes) {
  constexpr std::size_t header_size = 8;
  while (!bytes.empty()) {
    if (left_ > 0) {
      const auto piece = bytes.substr(0, left_);
      sink_(stream_, piece);
      left_ -= piece.size();
      bytes.remove_prefix(piece.size());
      continue;
    }
    const auto piece = bytes.substr(0, header_size - header_.size());
    header_ += piece;
    bytes.remove_prefix(piece.size());
    if (header_.size() < header_size) return;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(header_[i]); };
    if (byte(0) > 2 || byte(1) != 0 || byte(2) != 0 || byte(3) != 0)
      throw Error(failure::protocol, "the engine's log stream is not in frames");
    stream_ = byte(0) == 2 ? Stream::err : Stream::out;
    left_ = (std::size_t{byte(4)} << 24U) | (std::size_t{byte(5)} << 16U) | (std::size_t{byte(6)} << 8U) | byte(7);
    header_.clear();
  }
}

void Lines::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, std::min(end, longest_ - partial_.size()));
    const bool whole = piece.size() == end;
    if (partial_.empty() && whole) {
      hand_out(piece);
    } else {
      partial_ += piece;
      if (whole || partial_.size() >= longest_) {
        hand_out(partial_);
        partial_.clear();
      }
    }
    bytes.remove_prefix(piece.size() + (whole ? 1 : 0));
  }
}

void Lines::finish() {
  if (!partial_.empty()) hand_out(partial_);
  partial_.clear();
}

void Lines::hand_out(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  take_(line);
}

std::string without_escapes(std::string_view line) {
  constexpr char escape = '\x1b';
  std::string out;
  while (!line.empty()) {
    const auto at = line.find(escape);
    out += line.substr(0, at);
    if (at == std::string_view::npos) break;
    line.remove_prefix(at + 1);
    if (line.starts_with('[')) {
      std::size_t end = 1;
      while (end < line.size() && (line[end] < '@' || line[end] > '~')) ++end;
      line.remove_prefix(std::min(end + 1, line.size()));
    } else if (line.starts_with(']')) {
      const auto end = line.find_first_of("\x07\x1b");
      line.remove_prefix(end == std::string_view::npos ? line.size() : line[end] == '\x07' ? end + 1 : end);
      if (line.starts_with("\x1b\\")) line.remove_prefix(2);
    } else if (!line.empty()) {
      line.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace slipway::docker
