// SPDX-License-Identifier: Apache-2.0
#include "oci/legacy_id.hpp"
#include "support/catch.hpp"

#include <string>

using namespace slipway::oci;

namespace {

// From a `docker save` of docker 20.10.
struct Layer {
  std::string folder;
  std::string chain;
  std::string json;
};
const std::vector<Layer> layers{
    {.folder = "94c26bb9b0467f2be6180daa60815df5738f37c344aefc716e2f30c14d6472f5",
     .chain = "sha256:a7fce7de555dc960c35168765fe50d0f9c376742a5760e6bb68fe0b65170d1c4",
     .json = R"({"id":"94c26bb9b0467f2be6180daa60815df5738f37c344aefc716e2f30c14d6472f5","created":"1970)"
             R"(-01-01T00:00:00Z","container_config":{"Hostname":"","Domainname":"","User":"","AttachStd)"
             R"(in":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"Stdin)"
             R"(Once":false,"Env":null,"Cmd":null,"Image":"","Volumes":null,"WorkingDir":"","Entrypoint")"
             R"(:null,"OnBuild":null,"Labels":null},"os":"linux"})"},
    {.folder = "59a2b19d7fa388472597c2ae20c37dbfd3ccff5e840b8ecf2c0b97d7e4b750f2",
     .chain = "sha256:96c51742b21c42eb4e76cdf430d79088265b98aa11fb6783dd07157470d21575",
     .json = R"({"id":"59a2b19d7fa388472597c2ae20c37dbfd3ccff5e840b8ecf2c0b97d7e4b750f2","parent":"94c26)"
             R"(bb9b0467f2be6180daa60815df5738f37c344aefc716e2f30c14d6472f5","created":"1970-01-01T00:00)"
             R"(:00Z","container_config":{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"A)"
             R"(ttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,)"
             R"("Env":null,"Cmd":null,"Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBui)"
             R"(ld":null,"Labels":null},"os":"linux"})"},
    {.folder = "fb84956f05923c7736b2b13b4eb765f50b81efb8651d09b17ca55a6127bd72ee",
     .chain = "sha256:0d142d8a1190c67b730911ef1747a71e1e8121647671038d9752097391de09bc",
     .json = R"({"id":"fb84956f05923c7736b2b13b4eb765f50b81efb8651d09b17ca55a6127bd72ee","parent":"6218f)"
             R"(6bd72f977c742b8f7a6e412ac9d8646e6dda7e65b616d2520addfdcc94a","created":"2026-11-25T01:24)"
             R"(:00.370908948Z","container":"cabf57a20616efcf13d39674613773cdeeaca36b98e43218bf26c1da646)"
             R"(9ec7b","container_config":{"Hostname":"vm","Domainname":"","User":"900","AttachStdin":fa)"
             R"(lse,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":)"
             R"(false,"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","PYTHON)"
             R"(UNBUFFERED=1","PYTHONDONTWRITEBYTECODE=1","CONFIG_FILE=/etc/hello/config.json"],"Cmd":[")"
             R"(/bin/sh","-c","#(nop) ","ENTRYPOINT [\"python3\" \"-m\" \"hello\"]"],"Image":"sha256:2e5)"
             R"(9e5f098925184586168390b0976f11313071b6ad9485bb26ef15cce7a1bed","Volumes":null,"WorkingDi)"
             R"(r":"/srv/hello","Entrypoint":["python3","-m","hello"],"OnBuild":null,"Labels":{}},"docke)"
             R"(r_version":"20.10.24+dfsg1","config":{"Hostname":"","Domainname":"","User":"900","Attach)"
             R"(Stdin":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"St)"
             R"(dinOnce":false,"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)"
             R"(","PYTHONUNBUFFERED=1","PYTHONDONTWRITEBYTECODE=1","CONFIG_FILE=/etc/hello/config.json"])"
             R"(,"Cmd":null,"Image":"sha256:2e59e5f098925184586168390b0976f11313071b6ad9485bb26ef15cce7a)"
             R"(1bed","Volumes":null,"WorkingDir":"/srv/hello","Entrypoint":["python3","-m","hello"],"On)"
             R"(Build":null,"Labels":null},"architecture":"amd64","os":"linux"})"},
};

}  // namespace

TEST_CASE("chain ids hash what lies below") {
  const auto a = Digest::of("a");
  const auto b = Digest::of("b");
  const std::vector<Digest> both{a, b};
  const auto chain = chain_ids(both);
  REQUIRE(chain.size() == 2);
  CHECK(chain[0] == a);
  CHECK(chain[1] == Digest::of(a.text() + " " + b.text()));
  CHECK(chain_ids({}).empty());
}

TEST_CASE("docker's folder names are recognised, of the lowest, a middle and the top layer") {
  for (const auto& layer : layers) {
    INFO(layer.folder);
    for (const auto& other : layers)
      CHECK(is_legacy_id(layer.folder, layer.json, *Digest::parse(other.chain)) == (&layer == &other));
  }
}

TEST_CASE("what is no such file is no layer") {
  const auto chain = Digest::of("x");
  for (const auto* json : {"", "{}", "{", "[]", R"({"id")", R"({"a":1}x)", R"({:1})", R"({"parent":1})", R"({"a":"\)"})
    CHECK_FALSE(is_legacy_id(layers[0].folder, json, chain));
}
