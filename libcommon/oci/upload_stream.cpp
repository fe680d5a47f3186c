// SPDX-License-Identifier: Apache-2.0
// Layers that are sent while they come into being. Their bytes can be had once, so what matters is how many of them have
// been taken: the first ones are kept, since a refusal often comes behind them (HTTP/2 has no "Expect" in practice, and
// what comes before the answer is what the windows and the kernel's buffers hold). Such a request is made again, from a
// pipe, too.
#include "core/text.hpp"
#include "oci/registry.hpp"
#include "oci/retry.hpp"

#include <fmt/format.h>

namespace slipway::oci {

namespace {

constexpr std::uint64_t piece_without_length = 4U << 20U;  ///< for who wants to know the length beforehand
constexpr std::chrono::milliseconds until_more{5};
constexpr std::size_t most_kept = 1U << 20U;

bool is_success(const http::Result& result) {
  return result.response && result.response->status >= 200 && result.response->status < 300;
}

/// A stream that can be begun again as long as little of it has been taken.
class Replay {
 public:
  explicit Replay(const BlobStream& stream) : stream_(stream) {}

  std::size_t read(char* into, std::size_t size) {
    if (at_ < kept_.size()) {
      const auto got = kept_.copy(into, size, at_);
      at_ += got;
      return got;
    }
    const auto got = stream_.read(into, size);
    if (got == http::Body::later || !all_kept_) return got;
    all_kept_ = kept_.size() + got <= most_kept;
    if (all_kept_) kept_.append(into, got);
    else std::string().swap(kept_);
    at_ = kept_.size();
    return got;
  }
  /// False when some of it is gone.
  [[nodiscard]] bool rewind() {
    at_ = 0;
    return all_kept_;
  }

 private:
  const BlobStream& stream_;
  std::string kept_;
  std::size_t at_ = 0;
  bool all_kept_ = true;
};

}  // namespace

bool Registry::upload(const std::string& repository, const BlobStream& once) {
  const Lane lane(lanes_, [this] { courier_.check(); });
  Replay replay(once);
  const BlobStream stream{.name = once.name,
                          .read = [&](char* into, std::size_t size) { return replay.read(into, size); },
                          .finish = once.finish,
                          .again = once.again};
  Sending sending{.repository = repository, .session = open_session(repository), .cut = {}};
  if (most_at_once() != 0) return upload_in_pieces(sending, stream);
  const auto line = progress_.begin(stream.name, std::nullopt);
  while (true) {
    std::uint64_t taken = 0;
    const Ask patch{.method = "PATCH",
                    .url = sending.session->url,
                    .repository = repository,
                    .need = Authorizer::Need::push,
                    .headers = {{"Content-Type", "application/octet-stream"}},
                    .open =
                        [&] {
                          return http::Body{.read =
                                                [&](char* into, std::size_t size) {
                                                  const auto granted = pace_.take(size);
                                                  if (granted == 0) return http::Body::later;
                                                  const auto got = stream.read(into, granted);
                                                  if (got == http::Body::later) return got;
                                                  taken += got;
                                                  line->at(taken);
                                                  return got;
                                                },
                                            .size = std::nullopt,
                                            .rewind = {}};
                        },
                    .own = sending.session->own,
                    .once = true};
    wait_for_turn();
    bool renewed = false;
    const auto result = attempt(patch, &renewed);
    const int status = result.response ? result.response->status : 0;
    if (is_success(result)) {
      // Where the answer names no new location, the old one stays good (seen with proxies that drop it).
      if (const auto location = result.response->header("location"); location && !location->empty()) {
        forget(*sending.session);
        sending.session = session_of(patch, *result.response);
      }
      const auto [digest, size] = stream.finish();
      if (status == 201 && has_blob(repository, digest, size)) {
        forget(*sending.session);
        return true;
      }
      sending.at = sending.given = size;
      return close_session(sending, digest, size);
    }
    const bool whole = replay.rewind();
    const bool lost = status == 404 || status == 416;
    const bool again = status == 401 && renewed && !std::exchange(sending.renewed, true);
    const bool in_pieces = status == 411 || status == 413;
    if (in_pieces && (whole || stream.again))
      static_cast<void>(send_less(4 * piece_without_length, status == 411 ? "wants to know each body's length"
                                                                          : "takes no body of unknown size"));
    else if (!is_transient(result) && !lost && !again) throw failed(patch, result);
    if (whole && !in_pieces && !again && !lost) back_off(patch, result, ++sending.tries);
    // What a session has taken of a body that was not answered well, only it knows.
    if (lost) {
      lose(sending, patch, result);
    } else if (!whole || taken > 0 || !result.response) {
      abandon(repository, *sending.session);
      sending.session.reset();
    }
    if (!whole) {
      if (is_transient(result)) heed(patch, result);
      return false;
    }
    if (!sending.session) sending.session = open_session(repository);
    if (in_pieces) return upload_in_pieces(sending, stream);
  }
}

/// The last request, without a body: it can be made as often as it takes.
bool Registry::close_session(Sending& sending, const Digest& digest, std::uint64_t size) {
  const Part rest{.until = size, .whole = std::pair{digest, size}, .take = {}};
  while (true) {
    const auto step = send(sending, rest);
    if (step == Step::stored) return true;
    if (step == Step::lost || !sending.session || sending.at != size) {
      if (sending.session) abandon(sending.repository, *sending.session);
      return false;
    }
  }
}

/// Pieces whose length is known: each is kept until the registry has it.
bool Registry::upload_in_pieces(Sending& sending, const BlobStream& stream) {
  std::string piece;
  std::uint64_t begins = 0;
  bool ended = false;
  Part part{.until = 0, .whole = std::nullopt, .take = [&](std::uint64_t from, std::uint64_t size) {
              const auto at = std::make_shared<std::size_t>(from - begins);
              const auto end = from - begins + size;
              return http::Body{.read =
                                    [this, &piece, at, end](char* into, std::size_t most) {
                                      const auto wanted = std::min(most, end - *at);
                                      const auto granted = pace_.take(wanted);
                                      if (granted == 0 && wanted > 0) return http::Body::later;
                                      const auto got = piece.copy(into, granted, *at);
                                      *at += got;
                                      return got;
                                    },
                                .size = size,
                                .rewind = {}};
            }};
  while (true) {
    if (sending.at == begins + piece.size() && !ended) {
      begins = sending.at;
      piece.resize(most_at_once());
      std::size_t filled = 0;
      while (filled < piece.size()) {
        const auto got = stream.read(piece.data() + filled, piece.size() - filled);
        if (got == http::Body::later) courier_.pause(until_more);
        else if (got == 0) break;
        else filled += got;
      }
      ended = filled < piece.size();
      piece.resize(filled);
      if (ended) part.whole = stream.finish();
    }
    if (!sending.session) {
      if (begins != 0) return false;  // what came before is gone
      sending.session = open_session(sending.repository);
    }
    if (sending.at < begins) {
      abandon(sending.repository, *sending.session);
      return false;
    }
    part.until = std::min(begins + piece.size(), sending.at + most_at_once());
    if (send(sending, part) == Step::stored) return true;
  }
}

}  // namespace slipway::oci
