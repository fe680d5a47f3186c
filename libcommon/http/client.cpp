// SPDX-License-Identifier: Apache-2.0
// The only file that knows libcurl. One multi handle per Client; a Transfer owns everything that its
// easy handle points to. Callbacks run inside curl_multi_perform, where curl allows neither adding
// nor removing handles: both are put off until it has returned.
#include "http/client.hpp"

#include "core/text.hpp"
#include "http/wire.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <set>
#include <utility>

namespace slipway::http {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint64_t expect_from = 1U << 20U;

/// Set-up of the library, once per process and before any thread of ours.
struct Library {
  Library() {
    // Without clearing up at exit, and without its old table of ciphers, which only a key with a passphrase would be
    // looked up in (TLS asks for its ciphers in another way): together a twentieth of a short run.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_ADD_ALL_CIPHERS, nullptr);
    curl_global_init(CURL_GLOBAL_DEFAULT);
  }
};

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

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

struct Transfer {
  Client::Id id = 0;
  Request request;
  Client::Done done;
  std::unique_ptr<CURL, EasyDeleter> easy;
  List headers;
  List connect_to;
  std::array<char, CURL_ERROR_SIZE> message{};
  Response response;
  Clock::time_point last_byte = Clock::now();
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
    last_byte = Clock::now();
    began = true;
  }
};

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

curl_socket_t on_open_socket(void* context, curlsocktype, curl_sockaddr* address) {
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  static_cast<std::set<int>*>(context)->insert(fd);
  return fd;
}

int on_close_socket(void* context, curl_socket_t fd) {
  static_cast<std::set<int>*>(context)->erase(fd);
  return ::close(fd);
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

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  if (const auto code = curl_easy_setopt(easy, option, value); code != CURLE_OK)
    throw Error(failure::internal,
                fmt::format("libcurl does not take option {}: {}", static_cast<int>(option), curl_easy_strerror(code)));
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

/// Whether a connection was there to send it by.
bool is_connected(const Transfer& transfer) {
  curl_off_t ready = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_PRETRANSFER_TIME_T, &ready);
  return ready > 0;
}

Transport::Kind kind_of(CURLcode code, const Transfer& transfer, std::string_view message) {
  using Kind = Transport::Kind;
  if (transfer.too_large) return Kind::too_large;
  if (transfer.aborted) return Kind::aborted;
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

}  // namespace

struct Client::Impl {
  explicit Impl(std::string name) : agent(std::move(name)) {
    static const Library library;
    multi = curl_multi_init();
    if (multi == nullptr) throw std::bad_alloc();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    while (!transfers.empty()) remove(transfers.begin()->first);
    curl_multi_cleanup(multi);
  }

  std::string agent;
  CURLM* multi = nullptr;
  std::set<int> sockets;  ///< that curl has open
  std::map<Id, std::unique_ptr<Transfer>> transfers;
  Id next = 1;
  bool performing = false;

  std::unique_ptr<Transfer> remove(Id id) {
    const auto found = transfers.find(id);
    if (found == transfers.end()) return nullptr;
    auto transfer = std::move(found->second);
    transfers.erase(found);
    if (transfer->added) curl_multi_remove_handle(multi, transfer->easy.get());
    return transfer;
  }

  void add_waiting() {
    for (auto& [id, transfer] : transfers) {
      if (transfer->added) continue;
      transfer->added = true;
      transfer->last_byte = Clock::now();
      if (const auto code = curl_multi_add_handle(multi, transfer->easy.get()); code != CURLM_OK)
        throw Error(failure::internal, fmt::format("libcurl: {}", curl_multi_strerror(code)));
    }
  }

  void perform() {
    add_waiting();
    for (auto& [id, transfer] : transfers)
      if (std::exchange(transfer->later, false)) curl_easy_pause(transfer->easy.get(), CURLPAUSE_CONT);
    int running = 0;
    performing = true;
    const auto code = curl_multi_perform(multi, &running);
    performing = false;
    if (code != CURLM_OK) throw Error(failure::internal, fmt::format("libcurl: {}", curl_multi_strerror(code)));
    std::vector<Id> gone;
    for (const auto& [id, transfer] : transfers)
      if (transfer->cancelled) gone.push_back(id);
    for (const auto id : gone) remove(id);
    add_waiting();
  }

  /// Hands finished transfers to their owners. An owner may start, cancel and send meanwhile.
  void reap() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto code = message->data.result;
      void* context = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &context);
      const auto transfer = remove(static_cast<Transfer*>(context)->id);
      finish(*transfer, code);
    }
  }

  static void finish(Transfer& transfer, CURLcode code) {
    if (transfer.thrown && !transfer.request.keep_thrown) std::rethrow_exception(transfer.thrown);
    auto result = conclude(transfer, code);
    if (transfer.thrown && result.transport) {
      result.transport->kind = Transport::Kind::aborted;
      result.transport->thrown = transfer.thrown;
    }
    if (transfer.done) transfer.done(std::move(result));
  }

  static long local_port(const Transfer& transfer) {
    long port = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_LOCAL_PORT, &port);
    return port;
  }

  /// A connection that carries one request shows by its bytes whether that one moves; where several share it
  /// (HTTP/2), the bytes could be those of another.
  void look_at_wire(Transfer& transfer) const {
    const long port = local_port(transfer);
    if (port <= 0) return;
    if (std::ranges::count_if(transfers, [&](const auto& t) { return local_port(*t.second) == port; }) != 1) return;
    const int fd = socket_with_port(sockets, static_cast<int>(port));
    const auto moved = fd < 0 ? std::nullopt : bytes_moved(fd);
    if (moved && std::exchange(transfer.on_wire, *moved) != *moved) transfer.touch();
  }

  void end_stalled() {
    const auto now = Clock::now();
    for (const auto& [id, transfer] : transfers) {
      // Also where others share the connection (HTTP/2), and bytes on the wire say nothing of this one.
      if (transfer->added && !transfer->began && is_connected(*transfer)) transfer->touch();
      if (transfer->added && now - transfer->last_byte >= transfer->request.stall_timeout / 4) look_at_wire(*transfer);
    }
    std::vector<Id> stalled;
    for (const auto& [id, transfer] : transfers) {
      const auto& request = transfer->request;
      if (request.stall_timeout.count() == 0 || !transfer->added) continue;
      // Until the first byte the connection itself may take its own time on top.
      const auto patience = request.stall_timeout + (transfer->began ? milliseconds{0} : request.connect_timeout);
      if (now - transfer->last_byte >= patience) stalled.push_back(id);
    }
    for (const auto id : stalled) {
      const auto transfer = remove(id);
      if (!transfer) continue;
      curl_off_t sent = 0;
      curl_easy_getinfo(transfer->easy.get(), CURLINFO_SIZE_UPLOAD_T, &sent);
      const auto message = fmt::format("no byte for {}", text::show_duration(transfer->request.stall_timeout));
      if (transfer->done)
        transfer->done({std::nullopt, Transport{Transport::Kind::stalled, message, static_cast<std::uint64_t>(sent)}});
    }
  }

  void end_unwanted() {
    std::vector<Id> unwanted;
    for (const auto& [id, transfer] : transfers)
      if (transfer->request.unwanted && transfer->request.unwanted()) unwanted.push_back(id);
    for (const auto id : unwanted)
      if (const auto transfer = remove(id); transfer && transfer->done)
        transfer->done({std::nullopt, Transport{Transport::Kind::aborted, "nobody wants it any more", 0}});
  }

  [[nodiscard]] bool watches_for_stalls() const {
    return std::ranges::any_of(transfers, [](const auto& t) { return t.second->request.stall_timeout.count() != 0; });
  }

  void sleep(const io::Run& run, milliseconds most) {
    if (watches_for_stalls()) {
      auto shortest = milliseconds{1000};
      for (const auto& [id, transfer] : transfers)
        if (transfer->request.stall_timeout.count() != 0)
          shortest = std::min(shortest, std::max(transfer->request.stall_timeout / 4, milliseconds{5}));
      most = std::min(most, shortest);
    }
    most = run.deadline.left(most);
    std::array<curl_waitfd, 1> extra{{{run.stop.fd(), CURL_WAIT_POLLIN, 0}}};
    const unsigned count = run.stop.fd() >= 0 ? 1 : 0;
    const auto code = curl_multi_poll(multi, count == 0 ? nullptr : extra.data(), count,
                                      static_cast<int>(std::min<std::int64_t>(most.count(), 60'000)), nullptr);
    if (code != CURLM_OK) throw Error(failure::internal, fmt::format("libcurl: {}", curl_multi_strerror(code)));
  }
};

Client::Client(std::string agent) : impl_(std::make_unique<Impl>(std::move(agent))) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Client::Id Client::start(Request request, Done done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->id = impl_->next++;
  transfer->request = std::move(request);
  transfer->done = std::move(done);
  prepare(*transfer, impl_->agent);
  set(transfer->easy.get(), CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  set(transfer->easy.get(), CURLOPT_OPENSOCKETDATA, static_cast<void*>(&impl_->sockets));
  set(transfer->easy.get(), CURLOPT_CLOSESOCKETFUNCTION, &on_close_socket);
  set(transfer->easy.get(), CURLOPT_CLOSESOCKETDATA, static_cast<void*>(&impl_->sockets));
  const auto id = transfer->id;
  impl_->transfers.emplace(id, std::move(transfer));
  return id;
}

void Client::cancel(Id id) {
  const auto found = impl_->transfers.find(id);
  if (found == impl_->transfers.end()) return;
  if (impl_->performing) found->second->cancelled = true;
  else impl_->remove(id);
}

std::size_t Client::active() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(impl_->transfers, [](const auto& t) { return !t.second->cancelled; }));
}

void Client::drive(const io::Run& run, milliseconds wait, const std::function<bool()>& until) {
  if (impl_->performing) throw Error(failure::internal, "http::Client::drive called from inside a callback of curl");
  const auto end = Clock::now() + wait;
  while (true) {
    run.check();
    impl_->perform();
    impl_->reap();
    impl_->end_stalled();
    impl_->end_unwanted();
    if (active() == 0 || (until && until())) return;
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    if (left.count() <= 0) return;
    // What a callback started just now has not been looked at yet: no sleep before the first step.
    const bool fresh = std::ranges::any_of(impl_->transfers, [](const auto& t) { return !t.second->added; });
    if (!fresh) impl_->sleep(run, left);
  }
}

void Client::wake() { curl_multi_wakeup(impl_->multi); }

Response Client::send(Request request, const io::Run& run) {
  const Request shown{.method = request.method,
                      .url = request.url,
                      .headers = {},
                      .content = {},
                      .body = std::nullopt,
                      .unix_socket = request.unix_socket,
                      .tls = {},
                      .proxy = std::nullopt,
                      .on_data = {}};
  std::optional<Result> result;
  const auto id = start(std::move(request), [&](Result r) { result = std::move(r); });
  try {
    while (!result) drive(run, std::chrono::hours{1}, [&] { return result.has_value(); });
  } catch (...) {
    cancel(id);
    throw;
  }
  if (result->transport) throw to_error(*result->transport, shown);
  return std::move(*result->response);
}

}  // namespace slipway::http
