// SPDX-License-Identifier: Apache-2.0
// Records as helm writes them: gzip and base64 made here by the same rules, and a server that keeps them.
#include "core/base64.hpp"
#include "history.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/failed.hpp"
#include "support/http_server.hpp"

#include <fmt/format.h>
#include <libdeflate.h>
#include <nlohmann/json.hpp>

using namespace slipway;
using namespace slipway::deploy_helm;
using nlohmann::json;

namespace {

std::string gzip(const std::string& text) {
  auto* compressor = libdeflate_alloc_compressor(9);
  std::string out(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
  out.resize(libdeflate_gzip_compress(compressor, text.data(), text.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

std::string release(int number, const std::string& status) {
  return json{{"name", "main"},
              {"version", number},
              {"namespace", "shop"},
              {"info", {{"status", status}, {"description", "by hand"}, {"last_deployed", "2026-11-25T01:00:00Z"}}},
              {"chart", {{"metadata", {{"name", "hello"}, {"version", "1.2.0"}}}, {"files", json::array({"big"})}}},
              {"config", {{"replicas", number}}},
              {"manifest", "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"},
              {"hooks", json::array({{{"name", "t"}, {"kind", "Pod"}, {"manifest", "m"}, {"events", {"test"}}}})}}
      .dump();
}

std::string record(int number, const std::string& status) { return base64::encode(gzip(release(number, status))); }

kube::Client client_of(const test::HttpServer& server) {
  kube::Access access;
  access.server = fmt::format("http://127.0.0.1:{}", server.port());
  return {std::move(access), "test"};
}

}  // namespace

TEST_CASE("a record tells all that helm get would", "[deploy-helm]") {
  const auto revision = decode_record(record(3, "pending-upgrade"), "sh.helm.release.v1.main.v3");
  CHECK(revision.number == 3);
  CHECK(revision.status == "pending-upgrade");
  CHECK(revision.pending());
  CHECK(revision.updated == "2026-11-25T01:00:00Z");
  CHECK(revision.chart == "hello-1.2.0");
  CHECK(revision.description == "by hand");
  CHECK(revision.values == R"({"replicas":3})");
  REQUIRE(objects_of(revision).size() == 1);
  CHECK(objects_of(revision)[0].key.text() == "ConfigMap/a");
  REQUIRE(revision.hooks.size() == 1);
  CHECK(revision.hooks[0].events == std::vector<std::string>{"test"});
}

TEST_CASE("a record that was not packed is read, too", "[deploy-helm]") {
  CHECK(decode_record(base64::encode(release(2, "deployed")), "r").number == 2);
}

TEST_CASE("a damaged record is an Error that names it", "[deploy-helm]") {
  const auto packed = gzip(release(1, "deployed"));
  auto flipped = packed;
  flipped[packed.size() / 2] = static_cast<char>(flipped[packed.size() / 2] ^ 0x40);
  auto huge = packed;
  huge.back() = '\x7f';
  const std::vector<std::string> wrong{"*",
                                       base64::encode(packed.substr(0, 10)),
                                       base64::encode(packed.substr(0, packed.size() / 2)),
                                       base64::encode(flipped),
                                       base64::encode(huge),
                                       base64::encode("{}"),
                                       base64::encode("\x1f\x8b")};
  for (const auto& text : wrong) {
    INFO(text);
    testing::failed(failure::protocol, [&] { static_cast<void>(decode_record(text, "sh.helm.release.v1.main.v1")); });
  }
}

TEST_CASE("the history is one request for the release's own records, oldest first", "[deploy-helm]") {
  for (const auto storage : {Storage::secrets, Storage::config_maps}) {
    const bool secrets = storage == Storage::secrets;
    const auto item = [&](int number, const std::string& status) {
      const auto text = record(number, status);
      return json{{"metadata", {{"name", fmt::format("sh.helm.release.v1.main.v{}", number)}}},
                  {"data", {{"release", secrets ? base64::encode(text) : text}}}};
    };
    const auto list = json{{"kind", "List"},
                           {"apiVersion", "v1"},
                           {"metadata", json::object()},
                           {"items", {item(10, "deployed"), item(9, "superseded")}}};
    test::HttpServer server([&](const test::Seen&) { return test::Answer{.body = list.dump()}; });
    auto client = client_of(server);
    testing::RecordedRun with;
    const auto history = read_history(client, "shop", "main", storage, with.run);
    REQUIRE(history.size() == 2);
    CHECK(history[0].number == 9);
    CHECK(history[1].status == "deployed");
    const auto seen = server.seen();
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].target.starts_with(secrets ? "/api/v1/namespaces/shop/secrets?"
                                             : "/api/v1/namespaces/shop/configmaps?"));
    CHECK(seen[0].target.find("labelSelector=owner%3Dhelm%2Cname%3Dmain") != std::string::npos);
  }
}

TEST_CASE("records that the API does not hold are refused by name", "[deploy-helm]") {
  CHECK(parse_storage("") == Storage::secrets);
  CHECK(parse_storage("secret") == Storage::secrets);
  CHECK(parse_storage("configmaps") == Storage::config_maps);
  testing::failed(failure::bad_setup, [] { static_cast<void>(parse_storage("sql")); });
}
