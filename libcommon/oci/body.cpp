// SPDX-License-Identifier: Apache-2.0
#include "oci/body.hpp"

#include "core/error.hpp"

#include <fmt/format.h>

#include <memory>

namespace slipway::oci {

std::function<http::Body()> body_of(std::string content) {
  return [bytes = std::make_shared<const std::string>(std::move(content))] {
    const auto at = std::make_shared<std::size_t>(0);
    return http::Body{.read =
                          [bytes, at](char* into, std::size_t size) {
                            const auto got = bytes->copy(into, size, *at);
                            *at += got;
                            return got;
                          },
                      .size = bytes->size(),
                      .rewind = [at] { *at = 0; }};
  };
}

http::Body checked(http::Body body, const Descriptor& is, const std::string& where) {
  struct Place {
    explicit Place(std::string_view algorithm) : hasher(algorithm) {}
    std::uint64_t done = 0;
    Hasher hasher;
  };
  const auto place = std::make_shared<Place>(is.digest.algorithm());
  http::Body out{.read = {}, .size = is.size, .rewind = {}};
  if (body.rewind)
    out.rewind = [rewind = body.rewind, place] {
      rewind();
      place->done = 0;
      static_cast<void>(place->hasher.finish());
    };
  out.read = [read = std::move(body.read), is, where, place](char* into, std::size_t most) -> std::size_t {
    const auto got = read(into, most);
    if (got == http::Body::later) return got;
    place->hasher.update({into, got});
    place->done += got;
    if (place->done < is.size && got > 0) return got;
    const auto found = place->hasher.finish();
    if (place->done != is.size || (got > 0 && found != is.digest))
      throw Error(failure::bad_input,
                  fmt::format("{} from {} is damaged: it is {}", is.digest.text(), where,
                              place->done == is.size ? found.text() : "of another size"),
                  "no tag was moved");
    return got;
  };
  return out;
}

}  // namespace slipway::oci
