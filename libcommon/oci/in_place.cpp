// SPDX-License-Identifier: Apache-2.0
#include "oci/in_place.hpp"

#include "core/error.hpp"
#include "oci/compress.hpp"
#include "oci/decode.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

namespace slipway::oci {

namespace {

constexpr std::size_t read_step = 256U << 10U;  ///< what a processor keeps near while it is hashed

}  // namespace

InPlace::InPlace(int fd, std::uint64_t base, std::string name)
    : file_(std::make_shared<Fd>(::fcntl(fd, F_DUPFD_CLOEXEC, 3))), base_(base), name_(std::move(name)) {}

std::size_t InPlace::read(std::uint64_t at, char* into, std::size_t size) const {
  while (true) {
    const auto got = ::pread(file_->get(), into, size, static_cast<off_t>(base_ + at));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR)
      throw Error(failure::read_failed, fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
  }
}

void InPlace::fill(std::uint64_t at, char* into, std::size_t size) const {
  for (std::size_t filled = 0; filled < size;) {
    const auto got = read(at + filled, into + filled, size - filled);
    if (got == 0) throw Error(failure::bad_input, fmt::format("{} became shorter while it was read", name_));
    filled += got;
  }
}

std::string InPlace::text(const Extent& part) const {
  std::string out(part.size, '\0');
  fill(part.offset, out.data(), out.size());
  return out;
}

void InPlace::each_piece(const Extent& part, const std::function<void(std::string_view)>& take) const {
  std::vector<char> buffer(read_step);
  for (std::uint64_t done = 0; done < part.size;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(part.size - done, buffer.size()));
    fill(part.offset + done, buffer.data(), size);
    take({buffer.data(), size});
    done += size;
  }
}

http::Body InPlace::packed(const Extent& part, std::uint64_t size, Profile profile) const {
  struct Place {
    explicit Place(Profile profile) : compressor(profile) {}
    std::uint64_t done = 0;
    std::string ready;
    std::size_t given = 0;
    std::optional<bool> kept;
    BlockCompressor compressor;
    std::string raw;
  };
  const auto place = std::make_shared<Place>(profile);
  const auto refill = [file = *this, part, place, block = std::uint64_t{block_of(profile)}] {
    place->raw.resize(static_cast<std::size_t>(std::min<std::uint64_t>(part.size - place->done, block)));
    file.fill(part.offset + place->done, place->raw.data(), place->raw.size());
    if (!place->kept) place->kept = packing_of(place->raw) != Packing::plain;
    place->done += place->raw.size();
    place->ready = *place->kept ? place->raw : std::string(place->compressor.compress(place->raw));
    place->given = 0;
  };
  return {.read = [part, place, refill](char* into, std::size_t most) -> std::size_t {
            if (place->given == place->ready.size()) {
              if (place->done == part.size) return 0;
              refill();
            }
            const auto got = place->ready.copy(into, most, place->given);
            place->given += got;
            return got;
          },
          .size = size,
          .rewind =
              [place] {
                place->done = 0;
                place->ready.clear();
                place->given = 0;
              }};
}

http::Body InPlace::plain(const Extent& part) const {
  const auto done = std::make_shared<std::uint64_t>(0);
  return {.read = [file = *this, part, done](char* into, std::size_t most) -> std::size_t {
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(most, part.size - *done));
            file.fill(part.offset + *done, into, size);
            *done += size;
            return size;
          },
          .size = part.size,
          .rewind = [done] { *done = 0; }};
}

}  // namespace slipway::oci
