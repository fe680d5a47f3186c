// SPDX-License-Identifier: Apache-2.0
// One multi handle per Client; a Transfer (transfer.hpp) is one request. Callbacks run inside curl_multi_perform,
// where curl allows neither adding nor removing handles: both are put off until it has returned.
#include "http/client.hpp"

#include "core/text.hpp"
#include "http/transfer.hpp"
#include "http/wire.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace slipway::http {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Set-up of the library, once per process and before any thread of ours.
struct Library {
  Library() {
    // Without clearing up at exit, and without its old table of ciphers, which only a key with a passphrase would be
    // looked up in (TLS asks for its ciphers in another way): together a twentieth of a short run.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_ADD_ALL_CIPHERS, nullptr);
    curl_global_init(CURL_GLOBAL_DEFAULT);
  }
};

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
