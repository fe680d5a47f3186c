// SPDX-License-Identifier: Apache-2.0
#include "core/base64.hpp"
#include "core/error.hpp"
#include "data/yaml.hpp"
#include "kube/config.hpp"
#include "kube/embedded.hpp"
#include "support/catch.hpp"

using namespace slipway;
using namespace slipway::kube;

namespace {

const std::string word = "LS0t" + std::string(120, 'A') + "+/9w==";

/// How many words were taken out, after it is known that this changes nothing of what is read.
std::size_t taken_out(const std::string& text) {
  const auto lean = take_out_embedded(text);
  auto document = data::parse_yaml(lean.text, "lean");
  put_back_embedded(document.root, lean);
  const auto whole = data::parse_yaml(text, "whole");
  INFO(text);
  CHECK(document.root == whole.root);
  CHECK(data::to_json(document.root) == data::to_json(whole.root));
  return lean.words.size();
}

}  // namespace

TEST_CASE("what is embedded in a kubeconfig is read as if it had not been taken out") {
  CHECK(taken_out("a: " + word + "\nb: " + word + "\n") == 2);
  CHECK(taken_out("a: " + word) == 1);
  CHECK(taken_out("a: " + word + "\r\nb: c\r\n") == 1);
  CHECK(taken_out("a: \"" + word + "\"\nb: '" + word + "'\n") == 2);
  CHECK(taken_out("a: {b: c, d: " + word + "}\ne: {f: {g: \"" + word + "\" } }\n") == 2);
  CHECK(taken_out("- " + word + "\n- " + word + "\n") == 2);
  CHECK(taken_out("a: &x " + word + "\nb: *x\n") == 1);
  CHECK(taken_out("a: |\n  one " + word + "\n  two\nb: >-\n  " + word + "\n  " + word + "\n") == 3);
  CHECK(taken_out("a: plain\n  " + word + "\n  end\n") == 1);
  CHECK(taken_out("? " + word + "\n: b\n") == 1);
  CHECK(taken_out("# " + word + "\na: b\n") == 1);
}

TEST_CASE("only a word that nothing follows in its line is taken out of a kubeconfig") {
  CHECK(taken_out("a: {b: " + word + ", c: d}\n") == 0);  // the columns of what follows stay right
  CHECK(taken_out("a: " + word + " # why\n") == 0);
  CHECK(taken_out("a: \"\\" + std::string("x41") + word + "\"\n") == 0);
  CHECK(taken_out("a: [" + word + "]\n") == 0);
  CHECK(taken_out("a: -" + word + "\n") == 0);
  CHECK(taken_out("a: " + std::string(200, '7') + "\nb: 1" + std::string(150, '0') + "e1\n") == 0);
  CHECK(taken_out("a: " + word.substr(0, 90) + "\n") == 0);
  CHECK(taken_out("a: slipway.embedded.0.\nb: " + word + "\n") == 0);
  CHECK(taken_out("a: \"slipway\\x2eembedded.0.\"\nb: " + word + "\n") == 0);
  CHECK(taken_out("") == 0);
}

TEST_CASE("an access has what its kubeconfig embeds") {
  const std::string pem = "-----BEGIN CERTIFICATE-----\n" + std::string(300, 'x') + "\n-----END CERTIFICATE-----\n";
  const auto data = base64::encode(pem);
  Config config;
  config.add("current-context: c\nclusters:\n- name: k\n  cluster: {server: https://x, certificate-authority-data: " + data +
                 "}\ncontexts:\n- name: c\n  context: {cluster: k, user: u}\nusers:\n- name: u\n  user:\n    "
                 "client-certificate-data: " +
                 data + "\n    client-key-data: \"" + data + "\"\n",
             "file", "/");
  const auto access = config.access();
  CHECK(access.ca_pem == pem);
  CHECK(access.cert_pem == pem);
  CHECK(access.key_pem == pem);
}

TEST_CASE("a mistake beside what is embedded in a kubeconfig has its own place") {
  Config config;
  const auto wrong = "  cluster: {certificate-authority-data: \"" + word + "\" }}";
  try {
    config.add("clusters:\n- name: a\n" + wrong + "\n", "file", "/");
    FAIL("it was taken");
  } catch (const Error& error) {
    REQUIRE(error.findings().size() == 1);
    CHECK(error.findings().front().line == 3);
    CHECK(error.findings().front().column == static_cast<int>(wrong.size()));
    CHECK(error.findings().front().source_line.empty());
  }
}
