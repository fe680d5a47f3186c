// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"
#include "http/url.hpp"
#include "support/catch.hpp"

using slipway::http::percent_encode;
using slipway::http::safe_url;
using slipway::http::Url;
using slipway::text::percent_decode;

TEST_CASE("a URL is taken apart and put together again") {
  const auto url = Url::parse("HTTPS://User:Secret@Registry.Example.org:5000/v2/a/b?n=1&m=2#frag");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->host == "registry.example.org");
  CHECK(url->port == 5000);
  CHECK(url->path == "/v2/a/b");
  CHECK(url->query == "n=1&m=2");
  CHECK(url->origin() == "https://registry.example.org:5000");
  CHECK(url->text() == "https://registry.example.org:5000/v2/a/b?n=1&m=2");
  CHECK(url->effective_port() == 5000);
  CHECK_FALSE(url->is_loopback());
}

TEST_CASE("IPv6 hosts lose and regain their brackets") {
  const auto url = Url::parse("http://[::1]:8080");
  REQUIRE(url);
  CHECK(url->host == "::1");
  CHECK(url->text() == "http://[::1]:8080");
  CHECK(url->is_loopback());
  CHECK(Url::parse("https://[::1]/")->effective_port() == 443);
  CHECK_FALSE(Url::parse("http://[::1"));
  CHECK_FALSE(Url::parse("http://[::1]x/"));
}

TEST_CASE("what is no URL is refused") {
  for (const auto* text : {"", "registry", "//host/x", "http://", "http:///x", "http://h:0/", "http://h:65536/",
                           "http://h:x/", "1http://h/", "http://h/a b", "http://h/\nHost: x"})
    CHECK_FALSE(Url::parse(text));
}

TEST_CASE("references resolve as RFC 3986 section 5.4 lists them") {
  const auto base = Url::parse("http://a/b/c/d;p?q").value();
  const auto at = [&](std::string_view reference) { return base.resolve(reference)->text(); };
  CHECK(at("g") == "http://a/b/c/g");
  CHECK(at("./g") == "http://a/b/c/g");
  CHECK(at("g/") == "http://a/b/c/g/");
  CHECK(at("/g") == "http://a/g");
  CHECK(at("//g") == "http://g");
  CHECK(at("?y") == "http://a/b/c/d;p?y");
  CHECK(at("g?y") == "http://a/b/c/g?y");
  CHECK(at("g#s") == "http://a/b/c/g");
  CHECK(at("") == "http://a/b/c/d;p?q");
  CHECK(at(".") == "http://a/b/c/");
  CHECK(at("..") == "http://a/b/");
  CHECK(at("../g") == "http://a/b/g");
  CHECK(at("../../../g") == "http://a/g");
  CHECK(at("g;x=1/../y") == "http://a/b/c/y");
  CHECK(at("https://x:1/y?z") == "https://x:1/y?z");
  CHECK(Url::parse("http://a")->resolve("g")->text() == "http://a/g");
}

TEST_CASE("percent encoding goes both ways") {
  CHECK(percent_encode("a b/ü~") == "a%20b%2F%C3%BC~");
  CHECK(percent_decode("a%20b%2F%c3%BC~") == "a b/ü~");
  CHECK_FALSE(percent_decode("%2"));
  CHECK_FALSE(percent_decode("%zz"));
}

TEST_CASE("a shown URL holds neither password nor query") {
  CHECK(safe_url("https://u:p@h/x?token=s#f") == "https://h/x");
  CHECK(safe_url("https://u:p@h") == "https://h");
  CHECK(safe_url("https://h/a@b") == "https://h/a@b");
}
