// SPDX-License-Identifier: Apache-2.0
#include "history.hpp"

#include "core/base64.hpp"
#include "core/error.hpp"

#include <fmt/format.h>
#include <libdeflate.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace slipway::deploy_helm {

namespace {

// An object of the API holds 1 MiB at most, and text is rarely packed more than a hundredfold.
constexpr std::size_t most_unpacked = 128U << 20U;

std::string gunzip(std::string_view packed, std::string_view name) {
  const auto bad = [&](std::string_view what) {
    return Error(failure::protocol, fmt::format("helm's record {} {}", name, what),
                 "helm history would leave it out; when nobody needs that revision, delete the object");
  };
  // The size of what was packed closes the stream. @source RFC 1952, section 2.3.1, ISIZE
  constexpr std::size_t shortest = 18;
  if (packed.size() < shortest) throw bad("is cut off");
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i)
    size |= static_cast<std::size_t>(static_cast<unsigned char>(packed[packed.size() - 4 + i])) << (8 * i);
  if (size > most_unpacked) throw bad(fmt::format("would unpack to {} MiB", size >> 20U));
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
  if (!decompressor) throw std::bad_alloc();
  std::string out(size, '\0');
  if (libdeflate_gzip_decompress(decompressor.get(), packed.data(), packed.size(), out.data(), out.size(), nullptr) !=
      LIBDEFLATE_SUCCESS)
    throw bad("is damaged");
  return out;
}

}  // namespace

Storage parse_storage(std::string_view driver) {
  if (driver.empty() || driver == "secret" || driver == "secrets") return Storage::secrets;
  if (driver == "configmap" || driver == "configmaps") return Storage::config_maps;
  throw Error(failure::bad_setup,
              fmt::format("HELM_DRIVER is '{}': the records of releases cannot be read there", driver),
              "secret (helm's default) and configmap can be");
}

Revision decode_record(std::string_view text, std::string_view name) {
  auto bytes = base64::decode(text);
  if (!bytes) throw Error(failure::protocol, fmt::format("helm's record {} is no base64", name));
  // helm 2 and very old ones of 3 did not pack.
  if (bytes->starts_with("\x1f\x8b")) bytes = gunzip(*bytes, name);
  const auto release = with_context(fmt::format("helm's record {}", name), [&] { return helm::parse_release(*bytes); });
  return {.number = release.revision,
          .updated = release.updated,
          .status = release.status,
          .chart = release.chart.empty() ? std::string() : release.chart + '-' + release.chart_version,
          .description = release.description,
          .manifest = release.manifest,
          .hooks = release.hooks,
          .values = release.values};
}

std::vector<helm::Object> objects_of(const Revision& revision) {
  return helm::parse_manifest(revision.manifest, fmt::format("the manifest of revision {}", revision.number));
}

std::vector<Revision> read_history(kube::Client& client, const std::string& name_space, const std::string& release,
                                   Storage storage, const io::Run& run) {
  const bool secrets = storage == Storage::secrets;
  const auto path = kube::path_of(*kube::known_resource(secrets ? "secrets" : "configmaps"), name_space);
  std::vector<Revision> all;
  for (const auto& object :
       client.list(kube::with_query(path, {{"labelSelector", fmt::format("owner=helm,name={}", release)}}), run)) {
    const auto name = object.value("/metadata/name"_json_pointer, "");
    auto text = object.value("/data/release"_json_pointer, "");
    if (secrets) {
      auto bytes = base64::decode(text);
      if (!bytes) throw Error(failure::protocol, fmt::format("the Secret {} holds no base64", name));
      text = std::move(*bytes);
    }
    all.push_back(decode_record(text, name));
  }
  std::ranges::sort(all, {}, &Revision::number);
  return all;
}

}  // namespace slipway::deploy_helm
