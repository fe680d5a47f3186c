// SPDX-License-Identifier: Apache-2.0
#include "source.hpp"

#include "core/text.hpp"
#include "oci/decode.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace slipway::registry_push {

namespace {

constexpr std::size_t longest_line = 1U << 20U;

/// Up to `size` bytes of stdin; fewer only at its end. Wakes for signals and the deadline.
std::string read_some(int fd, std::size_t size, const io::Run& run) {
  std::string out;
  std::array<char, 4096> buffer;
  while (out.size() < size) {
    std::array<pollfd, 2> wakers{{{fd, POLLIN, 0}, {run.stop.fd(), POLLIN, 0}}};
    ::poll(wakers.data(), wakers.size(), static_cast<int>(run.deadline.left(std::chrono::hours{1}).count()));
    run.check();
    if (wakers[0].revents == 0) continue;
    const auto got = ::read(fd, buffer.data(), std::min(buffer.size(), size - out.size()));
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      throw Error(failure::read_failed, fmt::format("cannot read stdin: {}", std::strerror(errno)));
    }
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return out;
}

oci::EngineImage engine_image(std::string name, const cli::Context& context) {
  return {.where = docker::endpoint(context.env("DOCKER_HOST")), .name = std::move(name)};
}

Chosen from_stdin(const Options& options, const cli::Context& context) {
  if (context.in.is_terminal())
    throw Error(failure::bad_usage, "no image: stdin is a terminal",
                "pipe an image line or an archive in, or name one with --image NAME or --from FILE");
  auto seen = read_some(context.in.fd(), oci::archive_signature, context.run);
  if (seen.empty()) throw Error(failure::empty_input, "no image on stdin: the step before failed");
  if (oci::is_archive(seen)) return {oci::ArchiveStream{.fd = context.in.fd(), .seen = std::move(seen)}, options.image};
  seen += read_some(context.in.fd(), longest_line, context.run);
  return {engine_image(io::image_in(seen), context), std::nullopt};
}

Chosen from_option(const std::string& from, const Options& options, const cli::Context& context) {
  static const std::vector<std::string> kinds{"docker-daemon", "docker-archive"};
  const auto colon = from.find(':');
  const auto kind = from.substr(0, colon);
  const auto rest = colon == std::string::npos ? std::string{} : from.substr(colon + 1);
  if (colon != std::string::npos && kind == "docker-daemon") {
    if (rest.empty()) throw Error(failure::bad_usage, fmt::format("--from {} names no image", from));
    return {engine_image(rest, context), std::nullopt};
  }
  std::filesystem::path path = from;
  if (colon != std::string::npos && kind == "docker-archive") path = rest;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw Error(failure::bad_input, fmt::format("{} is a directory, not a `docker save` archive", path.native()));
  const bool no_such_file = !std::filesystem::exists(path, ignored);
  if (no_such_file && path == from && colon != std::string::npos && from.find('/') > colon)
    throw Error(failure::bad_usage,
                fmt::format("--from {} is neither a file nor a kind of source{}", text::printable(from),
                            text::did_you_mean(kind, kinds)),
                "docker-daemon:NAME, docker-archive:FILE, a file, or - for stdin");
  return {oci::ArchiveFile{std::move(path)}, options.image};
}

}  // namespace

Chosen choose_source(const Options& options, const cli::Context& context) {
  if (options.from && *options.from != "-") return from_option(*options.from, options, context);
  if (!options.from && options.image && *options.image != "-")
    return {engine_image(*options.image, context), std::nullopt};
  return from_stdin(options, context);
}

}  // namespace slipway::registry_push
