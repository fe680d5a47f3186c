// SPDX-License-Identifier: Apache-2.0
// HTTP for registries, container engines and Kubernetes: libcurl's multi interface behind one small
// class. Many requests run at once on one thread; bodies stream in both directions; unix sockets,
// HTTP/2, client certificates from memory. No retry and no authentication here: who retries what is
// the business of each protocol.
#pragma once

#include "http/url.hpp"
#include "io/events.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::http {

using Header = std::pair<std::string, std::string>;

struct Tls {
  std::optional<std::string> ca_pem;       ///< trusted instead of the system's store
  std::optional<std::string> cert_pem;     ///< client certificate and key, never written to a file
  std::optional<std::string> key_pem;      ///< without a passphrase
  std::optional<std::string> server_name;  ///< name to verify and to send as SNI
  bool verify = true;
};

/// A body that is produced while it is sent.
struct Body {
  /// What `read` returns when there is nothing to send just now: it is asked again after wake().
  static constexpr std::size_t later = SIZE_MAX;
  /// Fills at most `size` bytes and returns their number; 0 ends the body.
  std::function<std::size_t(char* into, std::size_t size)> read;
  std::optional<std::uint64_t> size;  ///< Content-Length; chunked without it
  std::function<void()> rewind;       ///< start again from the first byte; empty when it cannot
};

struct Request {
  std::string method = "GET";
  std::string url;
  std::vector<Header> headers;
  std::string content;       ///< a small body, or
  std::optional<Body> body;  ///< one that streams
  std::optional<std::string> unix_socket;
  Tls tls;
  std::optional<std::string> proxy;  ///< empty string: none; nothing: curl's own rules
  bool follow_redirects = false;
  bool compressed = false;        ///< take the answer with gzip; it is handed over unpacked
  bool share_connection = false;  ///< wait for a connection that can take one more stream (HTTP/2), open no other
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds total_timeout{0};       ///< zero: none but the run's own
  std::chrono::milliseconds stall_timeout{60'000};  ///< no byte either way for so long; zero: never
  std::chrono::milliseconds dead_peer{
      0};                             ///< unacknowledged for so long, the connection is broken; zero: the system's own
  std::size_t max_body = 64U << 20U;  ///< of an answer that is kept; more is Kind::too_large
  /// Gets the body of a 2xx answer as it comes, instead of Response::body; false stops the transfer
  /// (Transport::Kind::aborted). What it or Body::read throws ends the request and leaves drive(), unless
  std::function<bool(std::string_view bytes)> on_data;
  std::function<void(int status)> on_answer;  ///< before the first byte of a 2xx answer for on_data
  /// Asked before on_data: true leaves the bytes where they are, until wake().
  std::function<bool()> full;
  std::function<bool()>
      unwanted;              ///< asked in each step, so also after wake(): true ends it (Transport::Kind::aborted)
  bool keep_thrown = false;  ///< it is to be handed over in Transport::thrown, and others go on
};

struct Response {
  int status = 0;
  std::vector<Header> headers;  ///< of the last answer, names in lower case
  std::string body;
  std::string url;         ///< after redirects
  std::uint64_t sent = 0;  ///< bytes of the request's body that went out
  /// First header of that (lower-case) name.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
};

/// Why there is no (whole) answer. A value, because each protocol decides what to make of it.
struct Transport {
  /// `tls`: no connection that could be trusted; `certificate`: ours is not taken there, or the lack of one.
  enum class Kind { resolve, connect, tls, certificate, timeout, stalled, broken, aborted, too_large };
  Kind kind = Kind::broken;
  std::string message;  ///< curl's words
  std::uint64_t sent = 0;
  std::exception_ptr thrown = {};        ///< by the request's own code, with Request::keep_thrown
  bool connected = false;                ///< there was a connection, of https with the handshake behind it
  [[nodiscard]] bool transient() const;  ///< trying again can help
};

struct Result {
  std::optional<Response> response;    ///< the answer, or
  std::optional<Transport> transport;  ///< the reason that there is none
};

class Client {
 public:
  /// @param agent User-Agent, "registry-push/1.0.0"
  explicit Client(std::string agent);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  using Id = std::uint64_t;
  using Done = std::function<void(Result)>;

  /// Starts a request; `done` is called from within drive() or send() of this same thread, and may
  /// itself start, cancel and send. A loopback address never goes through curl's own proxy rules.
  /// @throws Error bad_input when the URL is no http or https URL; bad_setup: a key with a passphrase
  Id start(Request request, Done done);
  /// Ends it without calling `done`.
  void cancel(Id id);
  [[nodiscard]] std::size_t active() const;

  /// Works until nothing is active, or `until()` is true after a step, or `wait` has passed (zero
  /// takes one step).
  /// Wakes up for `run.stop`. @throws Error interrupted, timed_out
  void drive(const io::Run& run, std::chrono::milliseconds wait, const std::function<bool()>& until = {});
  /// Makes a drive() in another thread take a step, and ask bodies again that said `later`. Safe from any thread.
  void wake();

  /// One request to its end. A transport failure is an Error here: unreachable (with the address in
  /// it), denied for a certificate that does not verify, timed_out, protocol.
  [[nodiscard]] Response send(Request request, const io::Run& run);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The Error that send() throws for `transport`.
[[nodiscard]] Error to_error(const Transport& transport, const Request& request);

}  // namespace slipway::http
