// SPDX-License-Identifier: Apache-2.0
#include "oci/compress.hpp"

#include "core/error.hpp"

#include <fmt/format.h>
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>

#include <algorithm>
#include <vector>

namespace slipway::oci {

namespace {

// Level 3 is not an option: its output differs between AVX-512, AVX2 and SSE machines.
constexpr std::uint32_t isal_level = 2;
constexpr int portable_level = 1;

struct FreeDeflate {
  void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
};

}  // namespace

struct GzipCompressor::State {
  Profile profile;
  std::vector<std::uint8_t> work;  // of ISA-L
  std::vector<char> out;
  isal_zstream stream{};
  std::unique_ptr<libdeflate_compressor, FreeDeflate> portable;

  explicit State(Profile p) : profile(p), out(gzip_block + gzip_block / 8 + 4096) {
    if (profile == Profile::fast) {
      work.resize(ISAL_DEF_LVL2_DEFAULT);
    } else {
      portable.reset(libdeflate_alloc_compressor(portable_level));
      if (!portable) throw std::bad_alloc();
    }
  }

  std::size_t fast(std::string_view raw) {
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
};

GzipCompressor::GzipCompressor(Profile profile) : state_(std::make_unique<State>(profile)) {}
GzipCompressor::GzipCompressor(GzipCompressor&&) noexcept = default;
GzipCompressor& GzipCompressor::operator=(GzipCompressor&&) noexcept = default;
GzipCompressor::~GzipCompressor() = default;

std::string_view GzipCompressor::compress(std::string_view raw) {
  if (raw.size() > gzip_block) throw Error(failure::internal, "a block is larger than blocks are");
  auto& out = state_->out;
  const auto size = state_->profile == Profile::fast ? state_->fast(raw)
                                                     : libdeflate_gzip_compress(state_->portable.get(), raw.data(),
                                                                                raw.size(), out.data(), out.size());
  if (size == 0) throw Error(failure::internal, "libdeflate did not compress a block");
  return {out.data(), size};
}

GzipCompressor::Profile GzipCompressor::best_profile() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("sse4.2") != 0 ? Profile::fast : Profile::portable;
#else
  return Profile::portable;
#endif
}

std::string_view GzipCompressor::name_of(Profile profile) {
  return profile == Profile::fast ? "gzip" : "gzip:portable";
}

std::string gzip(std::string_view raw) {
  GzipCompressor compressor;
  std::string out;
  do {
    const auto block = raw.substr(0, gzip_block);
    out += compressor.compress(block);
    raw.remove_prefix(block.size());
  } while (!raw.empty());
  return out;
}

}  // namespace slipway::oci
