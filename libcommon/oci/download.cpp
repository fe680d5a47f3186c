// SPDX-License-Identifier: Apache-2.0
// Blobs out of a registry, on their way into another one.
#include "oci/registry.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::oci {

bool Registry::download(const std::string& repository, const Digest& digest, std::uint64_t size, const Receiver& to) {
  std::uint64_t at = 0;
  for (int tries = 0;;) {
    wait_for_turn();
    const auto begins = at;
    std::uint64_t known = 0;  // bytes of an answer that have come before
    const Receiver receiver{.take =
                                [&](std::string_view bytes) {
                                  const auto skipped = std::min<std::uint64_t>(known, bytes.size());
                                  known -= skipped;
                                  bytes.remove_prefix(static_cast<std::size_t>(skipped));
                                  if (bytes.size() > size - at)
                                    throw Error(failure::protocol, fmt::format("{} sends more than the {} bytes of {}",
                                                                               name_, size, digest.text()));
                                  at += bytes.size();
                                  to.take(bytes);
                                },
                            .full = to.full,
                            .unwanted = to.unwanted};
    Ask get{.method = "GET",
            .url = url(repository, "blobs/" + digest.text()),
            .repository = repository,
            .need = usual_,
            .follow = true,
            .into = &receiver,
            .on_answer = [&](int status) { known = status == 206 ? 0 : begins; }};
    if (begins > 0) get.headers.emplace_back("Range", fmt::format("bytes={}-", begins));
    const auto result = attempt(get);
    if (to.unwanted()) return false;
    if (at == size && (at > begins || (result.response && result.response->status == 200))) return true;
    if (result.response && result.response->status == 404)
      throw Error(failure::not_found, fmt::format("{}/{} lacks {}", name_, repository, digest.text()));
    if (result.response && result.response->status < 300)
      throw Error(failure::protocol,
                  fmt::format("{} sends {} bytes of {} instead of {}", name_, at, digest.text(), size));
    if (at > begins) tries = 0;
    back_off(get, result, ++tries);
  }
}

}  // namespace slipway::oci
