// SPDX-License-Identifier: Apache-2.0
#include "http/fetch.hpp"

#include "core/loaded.hpp"
#include "http/url.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <memory>

namespace slipway::http {

namespace {

/// The few functions that are needed, with the types that curl.h gives them.
struct Library {
  decltype(&curl_easy_init) init = nullptr;
  decltype(&curl_easy_setopt) setopt = nullptr;
  decltype(&curl_easy_perform) perform = nullptr;
  decltype(&curl_easy_getinfo) getinfo = nullptr;
  decltype(&curl_easy_strerror) strerror = nullptr;
  decltype(&curl_easy_cleanup) cleanup = nullptr;

  Library() {
    const LoadedLibrary library("libcurl.so.4", "a URL can only be read with libcurl", "libcurl4");
    library.find("curl_easy_init", init);
    library.find("curl_easy_setopt", setopt);
    library.find("curl_easy_perform", perform);
    library.find("curl_easy_getinfo", getinfo);
    library.find("curl_easy_strerror", strerror);
    library.find("curl_easy_cleanup", cleanup);
  }
};

struct Download {
  const io::Run& run;
  std::size_t limit;
  std::string body;
  bool is_too_large = false;
};

std::size_t take(char* data, std::size_t /*one*/, std::size_t size, void* into) {
  auto& download = *static_cast<Download*>(into);
  download.is_too_large = download.body.size() + size > download.limit;
  if (download.is_too_large) return 0;
  download.body.append(data, size);
  return size;
}

/// Asked several times a second: ends the transfer when the run has to end.
int watch(void* of, curl_off_t /*in_all*/, curl_off_t /*now*/, curl_off_t /*up_in_all*/, curl_off_t /*up*/) {
  const auto& run = static_cast<Download*>(of)->run;
  return run.stop.requested() || run.deadline.passed() ? 1 : 0;
}

const Failure& failure_of(CURLcode code) {
  switch (code) {
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE: return failure::denied;
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_URL_MALFORMAT: return failure::bad_input;
  case CURLE_TOO_MANY_REDIRECTS:
  case CURLE_WEIRD_SERVER_REPLY: return failure::protocol;
  default: return failure::unreachable;
  }
}

const Failure& failure_of(long status) {
  if (status == 404 || status == 410) return failure::not_found;
  if (status == 401 || status == 403) return failure::denied;
  return failure::protocol;
}

}  // namespace

std::string fetch(const std::string& url, std::size_t limit, const io::Run& run) {
  run.check();
  const Library curl;
  const std::unique_ptr<CURL, decltype(curl.cleanup)> easy(curl.init(), curl.cleanup);
  if (!easy) throw std::bad_alloc();
  Download download{run, limit, {}};
  std::array<char, CURL_ERROR_SIZE> message{};
  const auto set = [&](CURLoption option, auto value) { curl.setopt(easy.get(), option, value); };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 5L);
  set(CURLOPT_CONNECTTIMEOUT, 10L);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, 60L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, message.data());
  set(CURLOPT_WRITEFUNCTION, &take);
  set(CURLOPT_WRITEDATA, &download);
  set(CURLOPT_XFERINFOFUNCTION, &watch);
  set(CURLOPT_XFERINFODATA, &download);
  set(CURLOPT_NOPROGRESS, 0L);
  const auto place = "GET " + safe_url(url);
  const auto code = curl.perform(easy.get());
  run.check();
  if (download.is_too_large)
    throw Error(failure::bad_input, fmt::format("{} is larger than {} bytes", safe_url(url), limit)).add_place(place);
  if (code != CURLE_OK) {
    const std::string_view said = message.front() != '\0' ? message.data() : curl.strerror(code);
    throw Error(failure_of(code), fmt::format("{} cannot be read: {}", safe_url(url), said)).add_place(place);
  }
  long status = 0;
  curl.getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200)
    throw Error(failure_of(status), fmt::format("{} cannot be read (HTTP {})", safe_url(url), status)).add_place(place);
  return std::move(download.body);
}

}  // namespace slipway::http
