// SPDX-License-Identifier: Apache-2.0
// One request as libcurl sees it: all that its easy handle points to. How many run at once is client.cpp's.
// Only for this room.
#pragma once

#include "http/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace slipway::http {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

struct Transfer {
  Client::Id id = 0;
  Request request;
  Client::Done done;
  std::unique_ptr<CURL, EasyDeleter> easy;
  List headers;
  List connect_to;
  std::array<char, CURL_ERROR_SIZE> message{};
  Response response;
  std::chrono::steady_clock::time_point last_byte = std::chrono::steady_clock::now();
  bool began = false;         ///< a byte went either way
  std::uint64_t on_wire = 0;  ///< as the kernel last counted them
  bool too_large = false;
  bool aborted = false;
  bool cancelled = false;
  bool added = false;  ///< to the multi handle
  bool later = false;  ///< its body had nothing to send, or its owner no place for more, when last asked
  bool answered = false;
  std::exception_ptr thrown;

  void touch() {
    last_byte = std::chrono::steady_clock::now();
    began = true;
  }
};

/// Sets an option. @throws Error internal: one that this libcurl does not know
template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  if (const auto code = curl_easy_setopt(easy, option, value); code != CURLE_OK)
    throw Error(failure::internal,
                fmt::format("libcurl does not take option {}: {}", static_cast<int>(option), curl_easy_strerror(code)));
}

/// Makes the easy handle out of the request. The transfer must not move any more: the handle points into it.
/// @throws Error bad_input: no URL of http or https, a header with a line break; bad_setup: a key with a passphrase
void prepare(Transfer& transfer, const std::string& agent);

/// Whether a connection was there to send it by.
[[nodiscard]] bool is_connected(const Transfer& transfer);

/// What came of it, once libcurl has ended it with `code`.
[[nodiscard]] Result conclude(Transfer& transfer, CURLcode code);

}  // namespace slipway::http
