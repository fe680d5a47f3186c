// SPDX-License-Identifier: Apache-2.0
#include "source.hpp"

#include "core/text.hpp"
#include "oci/decode.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace slipway::registry_push {

namespace {

constexpr std::size_t longest_line = 1U << 20U;

oci::EngineImage engine_image(std::string name, const cli::Context& context) {
  return {.where = docker::endpoint(context.env("DOCKER_HOST")), .name = std::move(name)};
}

Chosen from_stdin(const Options& options, const cli::Context& context) {
  if (context.in.is_terminal())
    throw Error(failure::bad_usage, "no image: stdin is a terminal",
                "pipe an image line or an archive in, or name one with --image NAME or --from FILE");
  auto seen = context.in.read_some(oci::archive_signature, context.run);
  if (seen.empty()) throw Error(failure::empty_input, "no image on stdin: the step before failed");
  if (oci::is_archive(seen)) return {oci::ArchiveStream{.fd = context.in.fd(), .seen = std::move(seen)}, options.image};
  seen += context.in.read_some(longest_line, context.run);
  return {engine_image(io::image_in(seen), context), std::nullopt};
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// PATH[:NAME]. Both may hold colons, so what there is decides; --image says the same as NAME.
std::pair<std::string, std::optional<std::string>> path_and_name(const std::string& text, const Options& options) {
  for (auto colon = text.find(':'); !exists(text) && colon != std::string::npos; colon = text.find(':', colon + 1))
    if (auto path = text.substr(0, colon); exists(path)) return {std::move(path), text.substr(colon + 1)};
  return {text, options.image};
}

Chosen from_path(std::string path, oci::ArchiveFile::As as, std::optional<std::string> image) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return {oci::ArchiveFile{std::move(path), as}, std::move(image)};
  if (as == oci::ArchiveFile::As::docker)
    throw Error(failure::bad_input, fmt::format("{} is a folder, not a `docker save` archive", path));
  return {oci::LayoutFolder{std::move(path)}, std::move(image)};
}

Chosen from_option(const std::string& from, const Options& options, const cli::Context& context) {
  using As = oci::ArchiveFile::As;
  static const std::vector<std::string> kinds{"docker-daemon", "docker-archive", "oci", "oci-archive",
                                              "dir",           "registry"};
  const auto colon = from.find(':');
  const auto kind = colon == std::string::npos ? std::string{} : from.substr(0, colon);
  const auto rest = from.substr(colon == std::string::npos ? 0 : colon + 1);
  if (!kind.empty() && rest.empty()) throw Error(failure::bad_usage, fmt::format("--from {} names no image", from));
  if (kind == "docker-daemon") return {engine_image(rest, context), std::nullopt};
  if (kind == "docker-archive") return from_path(rest, As::docker, options.image);
  if (kind == "registry") {
    auto reference = oci::Reference::parse(rest);
    oci::check_targets({reference});  // the same holds for it
    return {oci::RegistryImage{std::move(reference)}, std::nullopt};
  }
  if (kind == "dir") return from_path(rest, As::any, options.image);
  if (kind == "oci" || kind == "oci-archive") {
    auto [path, name] = path_and_name(rest, options);
    return from_path(std::move(path), As::layout, std::move(name));
  }
  if (!exists(from) && !kind.empty() && from.find('/') > colon)
    throw Error(failure::bad_usage,
                fmt::format("--from {} is neither a file nor a kind of source{}", text::printable(from),
                            text::did_you_mean(kind, kinds)),
                "docker-daemon:NAME, docker-archive:FILE, oci:PATH, a file, a folder, or - for stdin");
  return from_path(from, As::any, options.image);
}

}  // namespace

Chosen choose_source(const Options& options, const cli::Context& context) {
  if (options.from && *options.from != "-") return from_option(*options.from, options, context);
  if (!options.from && options.image && *options.image != "-")
    return {engine_image(*options.image, context), std::nullopt};
  return from_stdin(options, context);
}

}  // namespace slipway::registry_push
