// SPDX-License-Identifier: Apache-2.0
#include "oci/compress.hpp"

#include "core/error.hpp"

#include <fmt/format.h>
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace slipway::oci {

namespace {

// Level 3 is not an option: its output differs between AVX-512, AVX2 and SSE machines.
constexpr std::uint32_t isal_level = 2;
constexpr int portable_level = 1;
constexpr int small_level = 6;
constexpr int zstd_level = 3;

constexpr std::array<std::pair<std::string_view, Profile>, 5> names{{{"gzip", Profile::fast},
                                                                     {"gzip:portable", Profile::portable},
                                                                     {"gzip:small", Profile::small},
                                                                     {"zstd", Profile::zstd},
                                                                     {"none", Profile::none}}};

struct Free {
  void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
  void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
};

}  // namespace

struct BlockCompressor::State {
  Profile profile;
  std::vector<std::uint8_t> work;  // of ISA-L
  std::vector<char> out;
  isal_zstream stream{};
  std::unique_ptr<libdeflate_compressor, Free> deflate;
  std::unique_ptr<ZSTD_CCtx, Free> zstd;

  explicit State(Profile p) : profile(p) {
    switch (profile) {
    case Profile::fast:
      out.resize(gzip_block + gzip_block / 8 + 4096);
      work.resize(ISAL_DEF_LVL2_DEFAULT);
      break;
    case Profile::portable:
    case Profile::small:
      deflate.reset(libdeflate_alloc_compressor(profile == Profile::small ? small_level : portable_level));
      if (!deflate) throw std::bad_alloc();
      out.resize(libdeflate_gzip_compress_bound(deflate.get(), gzip_block));
      break;
    case Profile::zstd:
      zstd.reset(ZSTD_createCCtx());
      if (!zstd) throw std::bad_alloc();
      out.resize(ZSTD_compressBound(zstd_block));
      break;
    case Profile::none: break;
    }
  }

  std::size_t by_isal(std::string_view raw) {
    isal_deflate_init(&stream);  // its gzip header: no time, no name, OS 255
    stream.level = isal_level;
    stream.level_buf = work.data();
    stream.level_buf_size = static_cast<std::uint32_t>(work.size());
    stream.gzip_flag = IGZIP_GZIP;
    stream.end_of_stream = 1;
    stream.flush = NO_FLUSH;
    stream.next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(raw.data()));
    stream.avail_in = static_cast<std::uint32_t>(raw.size());
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream.avail_out = static_cast<std::uint32_t>(out.size());
    const int code = isal_deflate(&stream);
    if (code != COMP_OK || stream.avail_in != 0 || stream.internal_state.state != ZSTATE_END)
      throw Error(failure::internal, fmt::format("ISA-L did not compress a block (error {})", code));
    return stream.total_out;
  }

  std::size_t by_libdeflate(std::string_view raw) {
    const auto size = libdeflate_gzip_compress(deflate.get(), raw.data(), raw.size(), out.data(), out.size());
    if (size == 0) throw Error(failure::internal, "libdeflate did not compress a block");
    return size;
  }

  std::size_t by_zstd(std::string_view raw) {
    const auto size = ZSTD_compressCCtx(zstd.get(), out.data(), out.size(), raw.data(), raw.size(), zstd_level);
    if (ZSTD_isError(size) != 0)
      throw Error(failure::internal, fmt::format("zstd did not compress a block: {}", ZSTD_getErrorName(size)));
    return size;
  }
};

BlockCompressor::BlockCompressor(Profile profile) : state_(std::make_unique<State>(profile)) {}
BlockCompressor::BlockCompressor(BlockCompressor&&) noexcept = default;
BlockCompressor& BlockCompressor::operator=(BlockCompressor&&) noexcept = default;
BlockCompressor::~BlockCompressor() = default;

std::string_view BlockCompressor::compress(std::string_view raw) {
  if (raw.size() > block_of(state_->profile)) throw Error(failure::internal, "a block is larger than blocks are");
  switch (state_->profile) {
  case Profile::fast: return {state_->out.data(), state_->by_isal(raw)};
  case Profile::portable:
  case Profile::small: return {state_->out.data(), state_->by_libdeflate(raw)};
  case Profile::zstd: return {state_->out.data(), state_->by_zstd(raw)};
  case Profile::none: break;
  }
  return raw;
}

Profile best_profile() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("sse4.2") != 0 ? Profile::fast : Profile::portable;
#else
  return Profile::portable;
#endif
}

std::string_view name_of(Profile profile) {
  return std::ranges::find(names, profile, &std::pair<std::string_view, Profile>::second)->first;
}

std::optional<Profile> profile_named(std::string_view name) {
  const auto found = std::ranges::find(names, name, &std::pair<std::string_view, Profile>::first);
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

Packing packing_of(Profile profile) {
  if (profile == Profile::none) return Packing::plain;
  return profile == Profile::zstd ? Packing::zstd : Packing::gzip;
}

std::string packed(std::string_view raw, Profile profile) {
  BlockCompressor compressor(profile);
  std::string out;
  do {
    const auto block = raw.substr(0, block_of(profile));
    out += compressor.compress(block);
    raw.remove_prefix(block.size());
  } while (!raw.empty());
  return out;
}

}  // namespace slipway::oci
