// SPDX-License-Identifier: Apache-2.0
// Layers that are sent while they come into being. Their bytes can be had once, so what matters is whether any of
// them have been taken: a request that was refused before that is made again, from a pipe, too.
#include "core/text.hpp"
#include "oci/registry.hpp"
#include "oci/retry.hpp"

#include <fmt/format.h>

namespace slipway::oci {

namespace {

constexpr std::uint64_t piece_without_length = 4U << 20U;  ///< for who wants to know the length beforehand
constexpr std::chrono::milliseconds until_more{5};

bool is_success(const http::Result& result) {
  return result.response && result.response->status >= 200 && result.response->status < 300;
}

}  // namespace

bool Registry::upload(const std::string& repository, const BlobStream& stream) {
  const Lane lane(lanes_, [this] { courier_.check(); });
  Sending sending{.repository = repository, .session = open_session(repository), .cut = {}};
  if (most_at_once() != 0) return upload_in_pieces(sending, stream);
  std::uint64_t taken = 0;
  const auto line = progress_.begin(stream.name, std::nullopt);
  while (true) {
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
    const bool lost = status == 404 || status == 416;
    const bool again = status == 401 && renewed && !std::exchange(sending.renewed, true);
    if (taken == 0) {
      if (status == 411 || status == 413) {
        static_cast<void>(send_less(4 * piece_without_length, status == 411 ? "wants to know each body's length"
                                                                            : "takes no body of unknown size"));
        return upload_in_pieces(sending, stream);
      }
      if (again) continue;
      if (!lost) back_off(patch, result, ++sending.tries);
      if (lost) {
        if (lose(sending, patch, result) == Step::lost) sending.session = open_session(repository);
      } else if (!result.response) {
        find_out(sending);
        if (!sending.session) sending.session = open_session(repository);
      }
      continue;
    }
    if (!is_transient(result) && !lost && !again) throw failed(patch, result);
    abandon(repository, *sending.session);
    if (is_transient(result)) heed(result);
    return false;
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
