// SPDX-License-Identifier: Apache-2.0
#include "oci/decode.hpp"

#include "core/error.hpp"
#include "oci/tar.hpp"

#include <fmt/format.h>
#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace slipway::oci {

using namespace std::string_view_literals;

Packing packing_of(std::string_view first) {
  if (first.starts_with("\x1f\x8b"sv)) return Packing::gzip;
  if (first.starts_with("\x28\xb5\x2f\xfd"sv)) return Packing::zstd;
  if (first.starts_with("\xfd"
                        "7zXZ"sv))
    return Packing::xz;
  if (first.starts_with("BZh"sv) && first.size() > 3 && first[3] >= '1' && first[3] <= '9') return Packing::bzip2;
  return Packing::plain;
}

bool is_archive(std::string_view first) { return packing_of(first) != Packing::plain || is_tar_header(first); }

struct Decoder::Engine {
  explicit Engine(Sink s) : sink(std::move(s)), out(256U << 10U) {}
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;
  virtual void feed(std::string_view bytes) = 0;
  virtual void finish() = 0;

  Sink sink;
  std::vector<char> out;
};

namespace {

struct Plain final : Decoder::Engine {
  using Engine::Engine;
  void feed(std::string_view bytes) override { sink(bytes); }
  void finish() override {}
};

struct Gzip final : Decoder::Engine {
  explicit Gzip(Decoder::Sink s) : Engine(std::move(s)) { begin_member(); }

  void begin_member() {
    isal_inflate_init(&state);
    state.crc_flag = ISAL_GZIP;
    inside = false;
  }

  void feed(std::string_view bytes) override {
    if (tail) return;
    while (!bytes.empty() || more) {
      if (!inside && !bytes.empty()) {
        // Tapes and some writers pad with zeros after the last member.
        if (members > 0 && bytes.front() == '\0') {
          tail = true;
          return;
        }
        inside = true;
      }
      state.next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
      state.avail_in = static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), 1U << 30U));
      const auto given = state.avail_in;
      state.next_out = reinterpret_cast<std::uint8_t*>(out.data());
      state.avail_out = static_cast<std::uint32_t>(out.size());
      const int code = isal_inflate(&state);
      if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT)
        throw Error(failure::bad_input, fmt::format("the gzip stream is damaged (igzip error {})", code));
      bytes.remove_prefix(given - state.avail_in);
      const auto made = out.size() - state.avail_out;
      if (made > 0) sink({out.data(), made});
      more = state.avail_out == 0;
      if (state.block_state == ISAL_BLOCK_FINISH) {
        ++members;
        more = false;
        begin_member();
      }
    }
  }

  void finish() override {
    if (inside || members == 0) throw Error(failure::bad_input, "the gzip stream was cut");
  }

  inflate_state state{};
  int members = 0;
  bool inside = false;  ///< a member that has begun
  bool more = false;    ///< the output was full: there may be more without further input
  bool tail = false;
};

struct Zstd final : Decoder::Engine {
  explicit Zstd(Decoder::Sink s) : Engine(std::move(s)), stream(ZSTD_createDStream()) {
    if (stream == nullptr) throw std::bad_alloc();
  }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;
  ~Zstd() override { ZSTD_freeDStream(stream); }

  void feed(std::string_view bytes) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    bool full = false;
    while (in.pos < in.size || full) {
      ZSTD_outBuffer made{out.data(), out.size(), 0};
      hint = ZSTD_decompressStream(stream, &made, &in);
      if (ZSTD_isError(hint) != 0)
        throw Error(failure::bad_input, fmt::format("the zstd stream is damaged: {}", ZSTD_getErrorName(hint)));
      if (made.pos > 0) sink({out.data(), made.pos});
      full = made.pos == made.size && hint != 0;
    }
  }
  void finish() override {
    if (hint != 0) throw Error(failure::bad_input, "the zstd stream was cut");
  }

  ZSTD_DStream* stream;
  std::size_t hint = 1;  ///< 0 between two frames
};

std::unique_ptr<Decoder::Engine> engine_for(Packing packing, Decoder::Sink sink) {
  switch (packing) {
  case Packing::plain: return std::make_unique<Plain>(std::move(sink));
  case Packing::gzip: return std::make_unique<Gzip>(std::move(sink));
  case Packing::zstd: return std::make_unique<Zstd>(std::move(sink));
  case Packing::xz:
    throw Error(failure::bad_input, "the archive is packed with xz, which is not read", "xz -dc | registry-push ...");
  case Packing::bzip2:
    throw Error(failure::bad_input, "the archive is packed with bzip2, which is not read",
                "bzip2 -dc | registry-push ...");
  }
  throw Error(failure::internal, "an unknown packing");
}

}  // namespace

Decoder::Decoder(Packing packing, Sink sink) : engine_(engine_for(packing, std::move(sink))) {}
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

void Decoder::feed(std::string_view bytes) { engine_->feed(bytes); }
void Decoder::finish() { engine_->finish(); }

}  // namespace slipway::oci
