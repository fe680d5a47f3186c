// SPDX-License-Identifier: Apache-2.0
#include "chart.hpp"
#include "core/error.hpp"
#include "core/fs.hpp"
#include "data/yaml.hpp"
#include "support/catch.hpp"

#include <archive.h>
#include <archive_entry.h>

using namespace slipway;
using namespace slipway::pipeline_test;
namespace stdfs = std::filesystem;

namespace {

struct Folder {
  fs::TempDir dir{"chart-test"};
  [[nodiscard]] stdfs::path write(const std::string& name, const std::string& content) const {
    stdfs::create_directories((dir.path() / name).parent_path());
    fs::write_file(dir.path() / name, content);
    return dir.path() / name;
  }
};

const helm::Image image{"r.example.org", "team/svc", "1", "sha256:0123456789abcdef"};

}  // namespace

TEST_CASE("a chart is read from a directory and from an archive") {
  const Folder folder;
  static_cast<void>(folder.write("c/Chart.yaml", "name: svc\nversion: 1.2.3\n"));
  static_cast<void>(folder.write("c/values.yaml", "image: {repository: x, tag: y}\n"));
  const auto chart = read_chart(folder.dir.path() / "c");
  CHECK(chart.name == "svc");
  CHECK(chart.version == "1.2.3");
  CHECK(chart.defaults.find("image") != nullptr);

  const auto packed = (folder.dir.path() / "svc.tgz").string();
  auto* tar = archive_write_new();
  archive_write_add_filter_gzip(tar);
  archive_write_set_format_ustar(tar);
  archive_write_open_filename(tar, packed.c_str());
  for (const auto& [name, text] : {std::pair<std::string, std::string>{"svc/charts/sub/Chart.yaml", "name: sub\n"},
                                   {"svc/Chart.yaml", "name: svc\n"},
                                   {"svc/values.yaml", "a: 1\n"}}) {
    auto* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
    archive_write_header(tar, entry);
    archive_write_data(tar, text.data(), text.size());
    archive_entry_free(entry);
  }
  archive_write_free(tar);
  CHECK(read_chart(packed).name == "svc");
  CHECK(read_chart(packed).defaults.find("a") != nullptr);
}

TEST_CASE("what is no chart is refused") {
  const Folder folder;
  CHECK_THROWS_AS(read_chart(folder.dir.path() / "none"), Error);
  CHECK_THROWS_AS(read_chart(folder.dir.path()), Error);
  static_cast<void>(folder.write("Chart.yaml", "version: 1\n"));
  CHECK_THROWS_AS(read_chart(folder.dir.path()), Error);
}

TEST_CASE("values: files over each other, single ones over all") {
  const Folder folder;
  const auto a = folder.write("a.yaml", "x: {a: 1, z: 2}\n").string();
  const auto b = folder.write("b.yaml", "x: {a: 3}\nw: [1]\n").string();
  CHECK(data::to_json(read_values({a, b}, {"x.z=true", "new.key=a b", "e="})) ==
        R"({"e":null,"new":{"key":"a b"},"w":[1],"x":{"a":3,"z":true}})");
  const auto list = folder.write("l.yaml", "- 1\n").string();
  CHECK_THROWS_AS(read_values({list}, {}), Error);
  for (const auto* bad : {"x", "=1", "a..b=1", "a[0]=1"}) CHECK_THROWS_AS(read_values({}, {bad}), Error);
}

TEST_CASE("the image lands under the chart's own keys, or under the one that is named") {
  Chart chart{"c", "svc", "1", data::parse_yaml("image: {repository: x, tag: y, digest: ''}\n", "v").root};
  const auto json = data::to_json(with_image(data::Value::mapping(), chart, {}, image));
  CHECK(json.find("sha256:0123456789abcdef") != std::string::npos);
  CHECK(json.find("team/svc") != std::string::npos);
  chart.defaults = data::parse_yaml("replicas: 1\n", "v").root;
  CHECK_THROWS_WITH(with_image(data::Value::mapping(), chart, {}, image),
                    Catch::Matchers::Contains("known to take the image"));
  CHECK(data::to_json(with_image(data::Value::mapping(), chart, "main.ref", image)) ==
        R"({"main":{"ref":"r.example.org/team/svc:1@sha256:0123456789abcdef"}})");
}

TEST_CASE("names that Kubernetes takes") {
  CHECK(dns_label("My_Service.v2", 53) == "my-service-v2");
  CHECK(dns_label("--x--", 53) == "x");
  CHECK(dns_label("abc-def", 4) == "abc");
  CHECK(dns_label("ü", 10) == "x");
}
