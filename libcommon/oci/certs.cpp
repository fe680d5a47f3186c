// SPDX-License-Identifier: Apache-2.0
#include "oci/certs.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>

namespace slipway::oci {

namespace {

/// Where distributions keep the system's authorities in one file.
constexpr std::array<const char*, 3> system_stores{"/etc/ssl/certs/ca-certificates.crt",
                                                   "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

std::string system_store() {
  std::error_code ignored;
  for (const auto* file : system_stores)
    if (std::filesystem::exists(file, ignored)) return fs::read_file(file) + "\n";
  return {};
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

void take(http::Tls& tls, const Access& access, const std::vector<std::filesystem::path>& files) {
  std::string authorities;
  for (const auto& file : files) {
    if (file.extension() == ".crt") authorities += fs::read_file(file) + "\n";
    if (file.extension() != ".cert" || access.tls.cert_pem) continue;
    auto key = file;
    key.replace_extension(".key");
    if (std::ranges::find(files, key) == files.end())
      throw Error(failure::bad_setup, fmt::format("{} has no key: there is no {}", file.native(), key.native()));
    tls.cert_pem = fs::read_file(file);
    tls.key_pem = fs::read_file(key);
  }
  if (!authorities.empty()) tls.ca_pem = tls.ca_pem.value_or(system_store()) + authorities;
}

}  // namespace

std::vector<std::filesystem::path> certs_folders(const Access& access) {
  if (access.certs_dir) return {*access.certs_dir};
  std::vector<std::filesystem::path> folders;
  if (access.env)
    if (const auto home = access.env("HOME"); home && !home->empty())
      folders.push_back(std::filesystem::path(*home) / ".config/containers/certs.d");
  folders.emplace_back("/etc/containers/certs.d");
  folders.emplace_back("/etc/docker/certs.d");
  return folders;
}

http::Tls tls_for(const Access& access, const std::string& host, const io::Run& run) {
  auto tls = access.tls;
  for (const auto& folder : certs_folders(access)) {
    const auto own = folder / host;
    try {
      if (!std::filesystem::exists(own)) continue;
      take(tls, access, files_in(own));
      run.events.detail(fmt::format("certificates of {} are in {}", host, own.native()));
      return tls;
    } catch (const std::filesystem::filesystem_error& error) {
      const auto what = fmt::format("cannot read {}: {}", own.native(), error.code().message());
      if (access.certs_dir) throw Error(failure::read_failed, what);
      run.events.detail(what);
    } catch (const Error& error) {
      if (access.certs_dir || error.failure().id != failure::read_failed.id) throw;
      run.events.detail(error.message());
    }
  }
  return tls;
}

std::optional<std::string> proxy_for(const Access& access, const std::string& url) {
  const auto to = http::Url::parse(url);
  if (!access.env || !to || to->scheme != "http" || to->is_loopback()) return std::nullopt;
  if (access.env("http_proxy") || access.env("REQUEST_METHOD")) return std::nullopt;
  const auto proxy = access.env("HTTP_PROXY");
  return proxy && !proxy->empty() ? proxy : std::nullopt;
}

}  // namespace slipway::oci
