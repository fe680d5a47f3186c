// SPDX-License-Identifier: Apache-2.0
#include "http/transfer.hpp"

#include "core/text.hpp"
#include "http/wire.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <utility>

namespace slipway::http {

namespace {

constexpr std::uint64_t expect_from = 1U << 20U;

void append(List& list, const std::string& text) {
  auto* longer = curl_slist_append(list.get(), text.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  [[maybe_unused]] auto* shorter = list.release();  // now the head of the longer one, or its tail
  list.reset(longer);
}

curl_blob blob_of(const std::string& text) {
  // NOCOPY: the Transfer keeps the text, and a key is not to lie about in a second place.
  return {const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
}

// A C++ exception must not pass through curl's frames: it is kept and thrown again by drive().
template <typename Result, typename Work>
Result guarded(Transfer& transfer, Result failed, Work&& work) {
  if (transfer.cancelled) return failed;
  try {
    return work();
  } catch (...) {
    transfer.thrown = std::current_exception();
    return failed;
  }
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  return guarded<std::size_t>(transfer, 0, [&] {
    transfer.touch();
    const auto line = text::trim(std::string_view(data, size));
    if (line.starts_with("HTTP/")) {  // a new block: after 100 Continue, a redirect, a proxy's answer
      transfer.response.headers.clear();
      transfer.response.body.clear();
    } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
      transfer.response.headers.emplace_back(text::lower(line.substr(0, colon)), text::trim(line.substr(colon + 1)));
    }
    return size;
  });
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  return guarded<std::size_t>(transfer, 0, [&]() -> std::size_t {
    transfer.touch();
    long status = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    if (transfer.request.on_data && status >= 200 && status < 300) {
      transfer.later = transfer.request.full && transfer.request.full();
      if (transfer.later) return CURL_WRITEFUNC_PAUSE;
      if (!std::exchange(transfer.answered, true) && transfer.request.on_answer)
        transfer.request.on_answer(static_cast<int>(status));
      if (transfer.request.on_data({data, size})) return size;
      transfer.aborted = true;
      return 0;
    }
    if (transfer.response.body.size() + size > transfer.request.max_body) {
      transfer.too_large = true;
      return 0;
    }
    transfer.response.body.append(data, size);
    return size;
  });
}

std::size_t on_read(char* into, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  return guarded<std::size_t>(transfer, CURL_READFUNC_ABORT, [&] {
    transfer.touch();
    const auto got = transfer.request.body->read(into, size);
    transfer.later = got == Body::later;
    return transfer.later ? std::size_t{CURL_READFUNC_PAUSE} : got;
  });
}

int on_seek(void* context, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (origin != SEEK_SET || offset != 0 || !transfer.request.body->rewind) return CURL_SEEKFUNC_CANTSEEK;
  return guarded<int>(transfer, CURL_SEEKFUNC_FAIL, [&] {
    transfer.request.body->rewind();
    return CURL_SEEKFUNC_OK;
  });
}

/// @source tcp(7), TCP_USER_TIMEOUT
int on_socket(void* context, curl_socket_t socket, curlsocktype) {
  const auto patience = static_cast<unsigned>(static_cast<Transfer*>(context)->request.dead_peer.count());
  // Where the system does not know it (a unix socket), the stall timeout still ends it.
  static_cast<void>(::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience));
  return CURL_SOCKOPT_OK;
}

bool names(const std::vector<Header>& headers, std::string_view name) {
  return std::ranges::any_of(headers, [&](const Header& h) { return text::lower(h.first) == name; });
}

void set_method(CURL* easy, const Request& request) {
  const auto& method = request.method;
  if (request.body) {
    set(easy, CURLOPT_UPLOAD, 1L);
    set(easy, CURLOPT_READFUNCTION, &on_read);
    set(easy, CURLOPT_SEEKFUNCTION, &on_seek);
    set(easy, CURLOPT_INFILESIZE_LARGE,
        request.body->size ? static_cast<curl_off_t>(*request.body->size) : curl_off_t{-1});
    if (method != "PUT") set(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  } else if (method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
  } else if (!request.content.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDS, request.content.c_str());
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.content.size()));
    if (method != "POST") set(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  } else if (method != "GET") {
    set(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

void set_headers(Transfer& transfer) {
  const auto& request = transfer.request;
  for (const auto& [name, value] : request.headers)
    // curl sends no header for "Name:"; "Name;" is its way to say one without a value
    append(transfer.headers, value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  // Large uploads keep Expect: a refusal then comes before the bytes. Small ones would only wait for a word.
  if (!request.body || request.body->size.value_or(expect_from) < expect_from) append(transfer.headers, "Expect:");
  if (!names(request.headers, "content-type")) append(transfer.headers, "Content-Type:");
  if (!names(request.headers, "accept")) append(transfer.headers, "Accept: */*");
}

/// The name to verify stands in the URL, because curl takes both SNI and the name from there; the
/// connection and the Host header go where the request says.
void set_server_name(Transfer& transfer, const Url& url, const std::string& name) {
  Url named = url;
  named.host = name;
  const bool v6 = url.host.find(':') != std::string::npos;
  const auto host = v6 ? "[" + url.host + "]" : url.host;
  append(transfer.connect_to, fmt::format("::{}:{}", host, url.effective_port()));
  if (!names(transfer.request.headers, "host"))
    append(transfer.headers, url.port ? fmt::format("Host: {}:{}", host, *url.port) : "Host: " + host);
  set(transfer.easy.get(), CURLOPT_CONNECT_TO, transfer.connect_to.get());
  set(transfer.easy.get(), CURLOPT_URL, named.text().c_str());
}

/// Nobody can be asked for a passphrase here, and libcurl 7.88 crashes where it should ask.
void check_key(const Tls& tls) {
  if (tls.key_pem && tls.key_pem->find("ENCRYPTED") != std::string::npos)
    throw Error(failure::bad_setup, "the client's key is protected by a passphrase, and there is no way to give one",
                "openssl pkey -in KEY -out PLAIN takes it off; keep that file as you keep the passphrase");
}

void set_tls(CURL* easy, const Tls& tls) {
  check_key(tls);
  if (!tls.verify) {  // nothing to compare with: reading the system's authorities takes 20 ms
    set<const char*>(easy, CURLOPT_CAINFO, nullptr);
    set<const char*>(easy, CURLOPT_CAPATH, nullptr);
  } else if (tls.ca_pem) {
    const auto blob = blob_of(*tls.ca_pem);
    set(easy, CURLOPT_CAINFO_BLOB, &blob);
    set<const char*>(easy, CURLOPT_CAPATH, nullptr);  // else the system's store counts as well
  }
  if (tls.cert_pem) {
    const auto blob = blob_of(*tls.cert_pem);
    set(easy, CURLOPT_SSLCERTTYPE, "PEM");
    set(easy, CURLOPT_SSLCERT_BLOB, &blob);
  }
  if (tls.key_pem) {
    const auto blob = blob_of(*tls.key_pem);
    set(easy, CURLOPT_SSLKEYTYPE, "PEM");
    set(easy, CURLOPT_SSLKEY_BLOB, &blob);
  }
  if (!tls.verify) {
    set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

}  // namespace

void prepare(Transfer& transfer, const std::string& agent) {
  const auto& request = transfer.request;
  const auto url = Url::parse(request.url);
  if (!url || (url->scheme != "http" && url->scheme != "https"))
    throw Error(failure::bad_input, fmt::format("'{}' is no http or https URL", safe_url(request.url)));
  for (const auto& [name, value] : request.headers)
    if ((name + value).find_first_of("\r\n") != std::string::npos)
      throw Error(failure::bad_input, fmt::format("the value of header {} holds a line break", text::printable(name)));

  transfer.easy.reset(curl_easy_init());
  auto* easy = transfer.easy.get();
  if (easy == nullptr) throw std::bad_alloc();
  set(easy, CURLOPT_PRIVATE, static_cast<void*>(&transfer));
  set(easy, CURLOPT_ERRORBUFFER, transfer.message.data());
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(easy, CURLOPT_BUFFERSIZE, 256L << 10);
  set(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
  set(easy, CURLOPT_USERAGENT, agent.c_str());
  set(easy, CURLOPT_URL, request.url.c_str());
  set(easy, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  set(easy, CURLOPT_MAXREDIRS, 10L);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, long{request.connect_timeout.count()});
  set(easy, CURLOPT_TIMEOUT_MS, long{request.total_timeout.count()});
  set(easy, CURLOPT_HEADERFUNCTION, &on_header);
  set(easy, CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(easy, CURLOPT_WRITEFUNCTION, &on_body);
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  set(easy, CURLOPT_READDATA, static_cast<void*>(&transfer));
  set(easy, CURLOPT_SEEKDATA, static_cast<void*>(&transfer));
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (request.compressed) set(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  if (request.share_connection) set(easy, CURLOPT_PIPEWAIT, 1L);
  if (request.dead_peer.count() > 0) {
    set(easy, CURLOPT_TCP_KEEPIDLE, 30L);
    set(easy, CURLOPT_TCP_KEEPINTVL, 10L);
    set(easy, CURLOPT_SOCKOPTFUNCTION, &on_socket);
    set(easy, CURLOPT_SOCKOPTDATA, static_cast<void*>(&transfer));
  }
  if (request.unix_socket) set(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket->c_str());
  if (request.proxy) set(easy, CURLOPT_PROXY, request.proxy->c_str());
  else if (request.unix_socket || url->is_loopback()) set(easy, CURLOPT_PROXY, "");
  set_method(easy, request);
  set_tls(easy, request.tls);
  set_headers(transfer);
  if (request.tls.server_name) set_server_name(transfer, *url, *request.tls.server_name);
  set(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
}

bool is_connected(const Transfer& transfer) {
  curl_off_t ready = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_PRETRANSFER_TIME_T, &ready);
  return ready > 0;
}

namespace {

/// An alert that is about what we have shown of ourselves, or have not. By TLS 1.3 it comes after the handshake.
/// @source RFC 8446, section 6.2; the words are those of OpenSSL for it
bool refuses_certificate(std::string_view message) {
  const auto alert = message.find(" alert ");
  if (alert == std::string_view::npos) return false;
  const auto said = message.substr(alert);
  return std::ranges::any_of(std::array<std::string_view, 3>{"certificate", "unknown ca", "access denied"},
                             [&](std::string_view what) { return said.find(what) != std::string_view::npos; });
}

Transport::Kind kind_of(CURLcode code, const Transfer& transfer, std::string_view message) {
  using Kind = Transport::Kind;
  if (transfer.too_large) return Kind::too_large;
  if (transfer.aborted) return Kind::aborted;
  if (refuses_certificate(message)) return Kind::certificate;
  switch (code) {
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY: return Kind::resolve;
  case CURLE_COULDNT_CONNECT:
  case CURLE_INTERFACE_FAILED: return Kind::connect;
  case CURLE_TOO_MANY_REDIRECTS: return Kind::aborted;  // a circle stays one
  case CURLE_OPERATION_TIMEDOUT: return is_connected(transfer) ? Kind::timeout : Kind::connect;
  case CURLE_SSL_CONNECT_ERROR:
    // A peer that hangs up during the handshake is a network fault, not one of trust.
    return message.find("SSL_ERROR_SYSCALL") != std::string_view::npos ||
                   message.find("reset by peer") != std::string_view::npos
               ? Kind::broken
               : Kind::tls;
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_ENGINE_INITFAILED:
  case CURLE_SSL_SHUTDOWN_FAILED: return Kind::tls;
  default: return Kind::broken;
  }
}

}  // namespace

Result conclude(Transfer& transfer, CURLcode code) {
  auto* easy = transfer.easy.get();
  curl_off_t sent = 0;
  curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &sent);
  if (code != CURLE_OK) {
    std::string message(transfer.message.data());
    if (message.empty()) message = curl_easy_strerror(code);
    // curl's words are about its own callback.
    if (code == CURLE_SEND_FAIL_REWIND) message = "a connection that was kept has been closed";
    if (transfer.too_large) message = fmt::format("more than {}", text::show_size(transfer.request.max_body));
    auto kind = kind_of(code, transfer, message);
    long proxy = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
    if (proxy >= 400) {  // a refusal that stays, or one that may pass, as 502
      message = fmt::format("{}{}", proxy_refuses, proxy);
      kind = proxy < 500 && proxy != 408 && proxy != 429 ? Transport::Kind::aborted : Transport::Kind::connect;
    }
    return {std::nullopt, Transport{.kind = kind,
                                    .message = text::printable(message),
                                    .sent = static_cast<std::uint64_t>(sent),
                                    .connected = is_connected(transfer)}};
  }
  long status = 0;
  long redirects = 0;
  const char* url = nullptr;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy, CURLINFO_REDIRECT_COUNT, &redirects);
  curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
  auto& response = transfer.response;
  response.status = static_cast<int>(status);
  response.url = redirects > 0 && url != nullptr ? url : transfer.request.url;
  response.sent = static_cast<std::uint64_t>(sent);
  return {std::move(response), std::nullopt};
}

}  // namespace slipway::http
