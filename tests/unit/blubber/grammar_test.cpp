// SPDX-License-Identifier: Apache-2.0
#include "blubber/grammar.hpp"
#include "support/catch.hpp"

#include <string>

namespace grammar = slipway::blubber::grammar;

TEST_CASE("hosts that can stand in a file of apt") {
  for (const auto* good : {"http://deb.example", "https://u:p@deb-1.example:80/x", "http://[::1]:80", "http://a_b?c"})
    CHECK(grammar::has_plain_host(good));
  for (const auto* bad :
       {"http://a;b", "http://a{b}", "http://[::1;]", "http://[]", "http://a,b", "ftp://a", "http://u@"})
    CHECK_FALSE(grammar::has_plain_host(bad));
}

TEST_CASE("image references") {
  for (const auto* good : {"debian", "debian:bookworm-slim", "docker-registry.wikimedia.org/a-b/c_d:1.0-2", "a__b",
                           "a--b", "localhost/x", "localhost:5000/x", "[::1]:5000/x", "R.example/x",
                           "a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}) {
    INFO(good);
    CHECK(grammar::is_image_reference(good));
  }
  for (const auto* bad : {"", "Debian", "a b", "a/", "/a", "a//b", "a:", "a:b:c", "a@sha256:12", "a\nRUN x", "a___b",
                          "-a", "a-", "localhost:port/x", "${BASE}", "a:-tag"}) {
    INFO(bad);
    CHECK_FALSE(grammar::is_image_reference(bad));
  }
}

TEST_CASE("Debian packages") {
  for (const auto* good : {"gcc", "g++", "libstdc++6", "r2", "7zip", "git=1:2.39.2-1~bpo11+1", "npm/buster-backports"})
    CHECK(grammar::is_debian_package(good));
  for (const auto* bad : {"", "r", "Foo", "a b", "gcc=", "gcc=x", "gcc/", "gcc/a b", "gcc=1\"", "-gcc", "gcc;rm"})
    CHECK_FALSE(grammar::is_debian_package(bad));
}

TEST_CASE("names") {
  for (const auto* good : {"somebody", "app.user", "u", "_u", "www-data"}) CHECK(grammar::is_user_name(good));
  for (const auto* bad : {"root", "", "1a", "a b", "a$b", "a:b"}) CHECK_FALSE(grammar::is_user_name(bad));
  for (const auto* good : {"a", "build-2", "Prod.x", "a_b"}) CHECK(grammar::is_variant_name(good));
  for (const auto* bad : {"", "2a", "-a", "a b", "a/b", "a\n"}) CHECK_FALSE(grammar::is_variant_name(bad));
  for (const auto* good : {"A", "_x", "FOO_1"}) CHECK(grammar::is_environment_name(good));
  for (const auto* bad : {"", "1A", "A-B", "A B", "A=B"}) CHECK_FALSE(grammar::is_environment_name(bad));
}

TEST_CASE("URLs, specifiers, paths") {
  CHECK(grammar::is_http_url("http://u:p@proxy.example:8080/x"));
  for (const auto* bad : {"ftp://x", "http://", "http://:80", "http://a b", "http://a\"b", "https:///x"})
    CHECK_FALSE(grammar::is_http_url(bad));
  for (const auto* good : {"==1.5", ">=1.0,<2", "~=1.4.2", "!= 3.*"}) CHECK(grammar::is_python_specifier(good));
  for (const auto* bad : {"", "1.2", "==", "==1.2;", "=1", ">=1,,<2"}) CHECK_FALSE(grammar::is_python_specifier(bad));
  CHECK(grammar::is_absolute_path("/srv/app"));
  for (const auto* bad : {"/", "srv", "//", "/a/..", "/a\nb", ""}) CHECK_FALSE(grammar::is_absolute_path(bad));
  CHECK(grammar::stays_inside("a/../b"));
  CHECK(grammar::stays_inside("..a"));
  CHECK_FALSE(grammar::stays_inside("a/../../b"));
  CHECK_FALSE(grammar::stays_inside(".."));
  CHECK_FALSE(grammar::stays_inside("/a"));
}

TEST_CASE("clean_path does what Go's does") {
  CHECK(grammar::clean_path("") == ".");
  CHECK(grammar::clean_path("./a//b/../c/") == "a/c");
  CHECK(grammar::clean_path("../../a") == "../../a");
  CHECK(grammar::clean_path("/../a") == "/a");
  CHECK(grammar::clean_path("/") == "/");
}
