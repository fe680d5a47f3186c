// SPDX-License-Identifier: Apache-2.0
#include "io/streams.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace slipway::io {

namespace {

/// Loose on purpose: it only has to catch a log line or a Dockerfile that went into the wrong pipe.
/// Each tool parses the reference by its grammar afterwards.
bool looks_like_image(std::string_view line) {
  return !line.empty() && line.size() <= 1024 && std::ranges::all_of(line, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

bool Input::is_terminal() const { return ::isatty(fd_) == 1; }

std::string Input::read_some(std::size_t most, const Run& run) const {
  std::string out;
  std::array<char, 65536> block;
  while (out.size() < most) {
    std::array<pollfd, 2> wakers{{{fd_, POLLIN, 0}, {run.stop.fd(), POLLIN, 0}}};
    ::poll(wakers.data(), wakers.size(), static_cast<int>(run.deadline.left(std::chrono::hours{1}).count()));
    run.check();
    if (wakers[0].revents == 0) continue;
    const auto got = ::read(fd_, block.data(), std::min(block.size(), most - out.size()));
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      throw Error(failure::read_failed, fmt::format("cannot read stdin: {}", std::strerror(errno)));
    }
    out.append(block.data(), static_cast<std::size_t>(got));
  }
  return out;
}

std::string Input::read_all(const Run& run, std::size_t limit) const {
  auto text = read_some(limit + 1, run);
  if (text.size() > limit)
    throw Error(failure::bad_input, fmt::format("stdin is larger than the {} bytes that are allowed", limit));
  return text;
}

bool Output::is_terminal() const { return ::isatty(fd_) == 1; }

void Output::flush() {
  // Forgotten first: after a failed write the rest must not be tried again on the way out.
  const auto text = std::exchange(pending_, {});
  fs::write_all(fd_, text, "stdout");
}

std::string image_in(std::string_view text) {
  std::string last;
  for (const auto& line : text::split(text, '\n'))
    if (const auto trimmed = text::trim(line); !trimmed.empty()) last = trimmed;
  if (last.empty()) throw Error(failure::empty_input, "no image on stdin: the step before failed");
  if (last.starts_with('{')) {
    const auto document = nlohmann::json::parse(last, nullptr, false);
    const auto image = document.is_object() ? document.find("image") : document.end();
    if (document.is_discarded() || !document.is_object() || image == document.end() || !image->is_string())
      throw Error(failure::bad_input, "stdin holds JSON without an \"image\": is it the output of the step before?");
    last = image->get<std::string>();
  }
  if (!looks_like_image(last))
    throw Error(failure::bad_input,
                fmt::format("stdin holds no image reference but '{}'", text::printable(last.substr(0, 60))));
  return last;
}

void Output::close() {
  flush();
  // The number stays taken: what is opened next must not become our stdout.
  const Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (!null.open() || ::dup2(null.get(), fd_) < 0) throw Error(failure::write_failed, "stdout cannot be closed");
}

std::string image_line(std::string_view argument, const Input& in, const Run& run) {
  if (!argument.empty() && argument != "-") return std::string(argument);
  if (in.is_terminal())
    throw Error(failure::bad_usage, "no image: stdin is a terminal",
                "pipe the image line in, or name it with --image REFERENCE");
  return image_in(in.read_all(run, 1U << 20U));
}

}  // namespace slipway::io
