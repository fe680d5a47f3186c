// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "answer.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "every.hpp"
#include "oci/listing.hpp"
#include "oci/push.hpp"
#include "source.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace slipway::registry_push {

namespace {

std::string secret_of(const std::string& file) {
  auto text = std::string(text::trim(fs::read_file(file, 1U << 20U)));
  if (text.empty()) throw Error(failure::bad_input, fmt::format("{} is empty", file));
  return text;
}

oci::Digest digest_of(const std::string& text) {
  auto digest = oci::Digest::parse(text);
  if (!digest)
    throw Error(failure::bad_usage, fmt::format("--expect {} is no digest", text::printable(text)),
                "a digest is sha256: and 64 digits of 0-9a-f");
  return *digest;
}

std::vector<oci::Reference> references_of(const std::vector<std::string>& references, const Options& options) {
  std::vector<oci::Reference> out;
  for (const auto& text : references) {
    out.push_back(oci::Reference::parse(text));
    if (!out.back().tag && !out.back().digest && options.tags.empty())
      throw Error(failure::bad_usage, fmt::format("'{}' has no tag", text),
                  fmt::format("write {}:TAG; :latest is never assumed", text));
  }
  // Further tags belong to each of the repositories.
  std::vector<oci::Reference> all;
  for (const auto& reference : out) {
    if (reference.tag || reference.digest) all.push_back(reference);
    for (const auto& tag : options.tags) {
      if (!oci::is_tag(tag)) throw Error(failure::bad_usage, fmt::format("--tag {} is no tag", text::printable(tag)));
      auto more = reference;
      more.tag = tag;
      all.push_back(std::move(more));
    }
  }
  return all;
}

oci::Access access_of(const Options& options, const cli::Context& context) {
  if (options.username.has_value() != options.password_file.has_value())
    throw Error(failure::bad_usage, "--username and --password-file belong together");
  oci::Access access;
  access.env = context.env;
  access.anonymous = options.anonymous;
  access.plain_http = options.plain_http;
  access.retries = options.retries;
  access.agent = cli::agent("registry-push");
  access.stall = options.stall;
  if (options.creds_file) {
    access.creds_file = *options.creds_file;
    oci::check_login_file(fs::read_file(*options.creds_file), *options.creds_file);
  }
  if (options.username)
    access.login = oci::Login{.user = *options.username,
                              .password = secret_of(*options.password_file),
                              .identity_token = {},
                              .origin = "--username"};
  if (options.token_file) access.token = [file = *options.token_file] { return secret_of(file); };
  if (options.ca) access.tls.ca_pem = fs::read_file(*options.ca);
  if (options.cert.has_value() != options.key.has_value())
    throw Error(failure::bad_usage, "--cert and --key belong together");
  if (options.cert) {
    access.tls.cert_pem = fs::read_file(*options.cert);
    access.tls.key_pem = fs::read_file(*options.key);
  }
  access.certs_dir = options.certs_dir;
  access.chunk = options.chunk;
  access.rate = options.limit_rate;
  return access;
}

/// Layers are packed as `name` says; nothing for as they come, and gzip where they are not packed.
std::optional<oci::Profile> compression_of(const std::string& name, const cli::Context& context) {
  if (name == "keep") return std::nullopt;
  const auto profile = oci::profile_named(name);
  if (!profile)
    throw Error(failure::bad_usage, fmt::format("--compression {} is not known", text::printable(name)),
                "gzip, gzip:portable, gzip:small, zstd, none, or keep");
  if (*profile == oci::Profile::fast && oci::best_profile() != oci::Profile::fast) {
    context.run.events.note("this processor does not make the bytes of gzip; gzip:portable is used");
    return oci::best_profile();
  }
  return profile;
}

constexpr std::size_t largest_attachment = 64U << 20U;

/// TYPE=FILE, such as application/spdx+json=svc.spdx.json.
oci::Attachment attachment_of(const std::string& text) {
  const auto equals = text.find('=');
  const auto type = text.substr(0, equals);
  const auto slash = type.find('/');
  if (equals == std::string::npos || slash == std::string::npos || slash == 0 || slash + 1 == type.size() ||
      type.find_first_of(" \t;,\"") != std::string::npos)
    throw Error(failure::bad_usage, fmt::format("--attach {} is not TYPE=FILE", text::printable(text)),
                "the type is a media type: application/spdx+json=svc.spdx.json");
  const std::filesystem::path file = text.substr(equals + 1);
  return {.type = type, .name = file.filename().string(), .content = fs::read_file(file, largest_attachment)};
}

oci::PushOptions::Verify verify_of(const std::string& name) {
  using Verify = oci::PushOptions::Verify;
  if (name == "none") return Verify::none;
  if (name == "head") return Verify::head;
  if (name == "full") return Verify::full;
  throw Error(failure::bad_usage, fmt::format("--verify {} is not known", text::printable(name)), "none, head or full");
}

void check_output(const std::string& form) {
  if (form != "digest" && form != "ref" && form != "json")
    throw Error(failure::bad_usage, fmt::format("--output {} is not known", text::printable(form)),
                "digest, ref or json");
}

oci::PushOptions push_options_of(const Options& options, const cli::Context& context) {
  if (options.jobs < 1) throw Error(failure::bad_usage, "--jobs is at least 1");
  if (options.threads < 0) throw Error(failure::bad_usage, "--threads is not negative");
  if (options.stall.count() <= 0) throw Error(failure::bad_usage, "--stall is longer than nothing");
  if (options.retries < 0) throw Error(failure::bad_usage, "--retries is not negative");
  if (options.if_absent && options.expect)
    throw Error(failure::bad_usage, "--if-absent and --expect exclude each other");
  oci::PushOptions out{.image = std::nullopt,
                       .platforms = {},
                       .jobs = options.jobs,
                       .threads = options.threads,
                       .memory = options.memory,
                       .trust_archive = options.trust_archive,
                       .reuse = !options.no_reuse && !options.force_blobs,
                       .reuse_from = std::nullopt,
                       .if_absent = options.if_absent,
                       .expect = std::nullopt,
                       .dry_run = context.common.dry_run,
                       .compression = compression_of(options.compression, context),
                       .attachments = {},
                       .force_blobs = options.force_blobs,
                       .verify = verify_of(options.verify)};
  check_output(options.output);
  for (const auto& platform : options.platforms) out.platforms.push_back(oci::Platform::parse(platform));
  for (const auto& text : options.attach) out.attachments.push_back(attachment_of(text));
  if (options.reuse_from) out.reuse_from = oci::Reference::parse(*options.reuse_from);
  if (options.expect) out.expect = digest_of(*options.expect);
  return out;
}

}  // namespace

namespace {

/// One after the other: a layer that several share is sent for the first.
std::vector<oci::Pushed> push_all(const oci::Source& source, oci::PushOptions how, const oci::Access& access,
                                  const Options& options, const cli::Context& context) {
  // All that can be said without asking, before the first tag moves.
  const auto going = every_image(options.references, oci::images_in(source));
  std::vector<std::vector<oci::Reference>> to;
  for (const auto& one : going) oci::check_targets(to.emplace_back(references_of(one.references, options)));
  std::vector<oci::Pushed> out;
  for (std::size_t i = 0; i < going.size(); ++i) {
    how.image = going[i].image;
    out.push_back(oci::push(source, to[i], how, access, context.run));
  }
  return out;
}

std::string answer_of(const std::vector<oci::Pushed>& all, const Options& options, const cli::Context& context,
                      bool dry_run, std::chrono::milliseconds took) {
  if (context.common.json || options.output == "json")
    return options.all ? document(all, dry_run, took) : document(all.front(), dry_run, took);
  std::string out;
  for (const auto& pushed : all)
    if (!dry_run) out += options.output == "ref" ? references(pushed) : lines(pushed);
  return out;
}

}  // namespace

ExitCode run(const Options& options, cli::Context& context) {
  const auto begun = std::chrono::steady_clock::now();
  if (options.all && options.image) throw Error(failure::bad_usage, "--all and --image exclude each other");
  const auto to = options.all ? std::vector<oci::Reference>{} : references_of(options.references, options);
  auto how = push_options_of(options, context);
  const auto access = access_of(options, context);
  if (!options.all) oci::check_targets(to);
  auto chosen = choose_source(options, context);
  if (options.all && chosen.image) throw Error(failure::bad_usage, "--all and the name of an image exclude each other");
  how.image = std::move(chosen.image);
  std::vector<oci::Pushed> all;
  if (options.all) all = push_all(chosen.source, how, access, options, context);
  else all.push_back(oci::push(chosen.source, to, how, access, context.run));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  context.out.print(answer_of(all, options, context, how.dry_run, took));
  return ExitCode::ok;
}

}  // namespace slipway::registry_push
