// SPDX-License-Identifier: Apache-2.0
// A small real HTTP/1.1 server for tests: plain sockets on 127.0.0.1 (or a unix socket), a thread per
// connection, answers from a function, every request recorded. It can also do what good servers do
// not: hang, hang up half way, trickle.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace slipway::test {

struct Seen {
  std::string method;
  std::string target;                          ///< as sent: path and query
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  int connection = 0;  ///< counts from 0
};

struct Answer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::vector<std::string> chunks;       ///< sent one by one, chunked, instead of `body`
  std::chrono::milliseconds between{0};  ///< pause before each chunk
  std::chrono::milliseconds delay{0};    ///< before the first byte
  std::size_t cut = std::string::npos;   ///< hang up after so many bytes of the body
  bool hang = false;                     ///< never answer
  bool close = false;                    ///< hang up after the answer
};

class HttpServer {
 public:
  using Handler = std::function<Answer(const Seen&)>;

  explicit HttpServer(Handler handler, const std::string& unix_path = {}) : handler_(std::move(handler)) {
    if (unix_path.empty()) {
      listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      socklen_t size = sizeof address;
      if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0) throw std::runtime_error("bind");
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
      port_ = ntohs(address.sin_port);
    } else {
      listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
      if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("bind " + unix_path);
    }
    if (::listen(listener_, 64) != 0 || ::pipe(end_) != 0) throw std::runtime_error("listen");
    acceptor_ = std::thread([this] { accept_all(); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() {
    (void)!::write(end_[1], "x", 1);  // stays readable: every thread sees it
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
    ::close(listener_);
    ::close(end_[0]);
    ::close(end_[1]);
  }

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  [[nodiscard]] std::vector<Seen> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  void accept_all() {
    for (int number = 0; wait(listener_); ++number) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      threads_.emplace_back([this, fd, number] {
        serve(fd, number);
        ::close(fd);
      });
    }
  }

  /// False when the server ends.
  bool wait(int fd, int milliseconds = -1) const {
    pollfd both[2] = {{fd, POLLIN, 0}, {end_[0], POLLIN, 0}};
    ::poll(both, 2, milliseconds);
    return both[1].revents == 0;
  }
  bool pause(std::chrono::milliseconds time) const {
    pollfd one{end_[0], POLLIN, 0};
    return ::poll(&one, 1, static_cast<int>(time.count())) == 0;
  }

  bool fill(int fd, std::string& buffer) const {
    char piece[16384];
    if (!wait(fd)) return false;
    const auto got = ::recv(fd, piece, sizeof piece, 0);
    if (got <= 0) return false;
    buffer.append(piece, static_cast<std::size_t>(got));
    return true;
  }
  static bool send_all(int fd, const std::string& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto sent = ::send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      done += static_cast<std::size_t>(sent);
    }
    return true;
  }

  bool read_line(int fd, std::string& buffer, std::string& line) const {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n")) == std::string::npos)
      if (!fill(fd, buffer)) return false;
    line = buffer.substr(0, end);
    buffer.erase(0, end + 2);
    return true;
  }
  bool read_exactly(int fd, std::string& buffer, std::size_t size, std::string& into) const {
    while (buffer.size() < size)
      if (!fill(fd, buffer)) return false;
    into += buffer.substr(0, size);
    buffer.erase(0, size);
    return true;
  }

  bool read_request(int fd, std::string& buffer, Seen& seen) const {
    std::string line;
    if (!read_line(fd, buffer, line)) return false;
    seen.method = line.substr(0, line.find(' '));
    seen.target = line.substr(seen.method.size() + 1, line.rfind(' ') - seen.method.size() - 1);
    while (read_line(fd, buffer, line) && !line.empty()) {
      auto name = line.substr(0, line.find(':'));
      std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
      auto value = line.substr(name.size() + 1);
      value.erase(0, value.find_first_not_of(' ') == std::string::npos ? value.size() : value.find_first_not_of(' '));
      seen.headers[name] = value;
    }
    if (seen.headers.contains("expect") && !send_all(fd, "HTTP/1.1 100 Continue\r\n\r\n")) return false;
    if (seen.headers.contains("transfer-encoding")) {
      while (read_line(fd, buffer, line)) {
        const auto size = std::stoul(line, nullptr, 16);
        if (!read_exactly(fd, buffer, size, seen.body) || !read_line(fd, buffer, line)) return false;
        if (size == 0) return true;
      }
      return false;
    }
    if (seen.headers.contains("content-length"))
      return read_exactly(fd, buffer, std::stoul(seen.headers["content-length"]), seen.body);
    return true;
  }

  bool write_answer(int fd, const Seen& seen, const Answer& answer) const {
    if (answer.hang) {
      pause(std::chrono::hours{1});
      return false;
    }
    if (answer.delay.count() > 0 && !pause(answer.delay)) return false;
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " X\r\n";
    bool sized = answer.status == 204 || answer.status == 304;
    for (const auto& [name, value] : answer.headers) {
      head += name + ": " + value + "\r\n";
      sized = sized || name == "Content-Length";
    }
    if (!answer.chunks.empty()) head += "Transfer-Encoding: chunked\r\n";
    else if (!sized) head += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
    if (!send_all(fd, head + "\r\n")) return false;
    if (seen.method == "HEAD") return true;
    for (const auto& chunk : answer.chunks) {
      if (answer.between.count() > 0 && !pause(answer.between)) return false;
      char size[20];
      std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
      if (!send_all(fd, size + chunk + "\r\n")) return false;
    }
    if (!answer.chunks.empty()) return answer.cut == std::string::npos && send_all(fd, "0\r\n\r\n");
    if (!send_all(fd, answer.body.substr(0, answer.cut))) return false;
    return answer.cut == std::string::npos;
  }

  /// At the beginning of a connection only: a body may begin with any byte, and so may a piece of it.
  bool begins_with_tls(int fd) const {
    char first = 0;
    return wait(fd) && ::recv(fd, &first, 1, MSG_PEEK) == 1 && first == '\x16';
  }

  void serve(int fd, int number) {
    if (begins_with_tls(fd)) {  // said in plain, as Go and nginx do
      send_all(fd, "HTTP/1.0 400 Bad Request\r\n\r\n");
      return;
    }
    std::string buffer;
    while (true) {
      Seen seen;
      seen.connection = number;
      if (!read_request(fd, buffer, seen)) return;
      Answer answer;
      {
        const std::lock_guard lock(mutex_);
        seen_.push_back(seen);
        answer = handler_(seen);
      }
      if (!write_answer(fd, seen, answer) || answer.close) return;
    }
  }

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  int end_[2] = {-1, -1};
  std::thread acceptor_;
  std::vector<std::thread> threads_;
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
};

}  // namespace slipway::test
