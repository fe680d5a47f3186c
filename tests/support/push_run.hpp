// SPDX-License-Identifier: Apache-2.0
// A push in a test: small images, their way in by pipe, file and engine, and the registry's faults.
#pragma once

#include "core/fs.hpp"
#include "oci/push.hpp"
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/fake_registry.hpp"
#include "support/tar.hpp"

#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace slipway::test {

inline std::string noise(std::size_t size, std::uint64_t seed = 88172645463325252ULL) {
  std::string out(size, '\0');
  for (auto& c : out) {
    seed ^= seed << 13U;
    seed ^= seed >> 7U;
    seed ^= seed << 17U;
    c = static_cast<char>(seed >> 32U);
  }
  return out;
}

inline const SavedImage small{.layers = {layer_tar("a", "one"), layer_tar("b", "two")}};
/// Its second layer is larger than the window of the memory that Push gives.
inline const SavedImage large{.layers = {layer_tar("a", "one"), layer_tar("big", noise(5U << 20U))}};

struct Push {
  testing::RecordedRun recorded;
  oci::PushOptions options{.threads = 2, .memory = 8U << 20U};
  oci::Access access{.retries = 2, .stall = std::chrono::seconds{2}};

  oci::Pushed stream(const std::string& archive, const std::vector<std::string>& to) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    std::thread writer([&] {
      try {
        fs::write_all(ends[1], archive, "pipe");
      } catch (const Error&) {
      }
      ::close(ends[1]);
    });
    Fd reader(ends[0]);
    ::signal(SIGPIPE, SIG_IGN);  // a push that fails stops reading
    try {
      auto pushed = go(oci::ArchiveStream{.fd = ends[0], .seen = {}}, to);
      writer.join();
      return pushed;
    } catch (...) {
      reader.reset();
      writer.join();
      throw;
    }
  }
  oci::Pushed file(const std::string& archive, const std::vector<std::string>& to) {
    const testing::MemoryFile memory(archive);
    return go(oci::ArchiveStream{.fd = memory.fd(), .seen = {}}, to);
  }
  oci::Pushed go(const oci::Source& source, const std::vector<std::string>& to) {
    std::vector<oci::Reference> references;
    for (const auto& text : to) references.push_back(oci::Reference::parse(text));
    return oci::push(source, references, options, access, recorded.run);
  }
  template <typename Body>
  Error failing(Body&& body) {
    try {
      body();
    } catch (const Error& error) {
      return error;
    }
    FAIL("no error");
    throw std::logic_error("never");
  }
};

inline bool is(const Seen& seen, const std::string& method, const std::string& part) {
  return seen.method == method && seen.target.find(part) != std::string::npos;
}

/// `answer` for the first `times` requests that match.
inline FakeRegistry::Fault first(int times, std::string method, std::string part, Answer answer) {
  const auto left = std::make_shared<int>(times);
  return [=](const Seen& seen) -> std::optional<Answer> {
    if (!is(seen, method, part) || *left == 0) return std::nullopt;
    --*left;
    return answer;
  };
}

/// A container engine that has one image, over a unix socket.
class FakeEngine {
 public:
  explicit FakeEngine(const SavedImage& image)
      : image_(image), server_([this](const Seen& seen) { return on(seen); }, (dir_.path() / "engine.sock").native()) {}

  [[nodiscard]] oci::EngineImage source() const {
    const auto path = (dir_.path() / "engine.sock").native();
    return {.where = {.base = "http://docker", .unix_socket = path, .shown = "unix://" + path}, .name = image_.tag};
  }
  /// How often the image's bytes were asked for.
  [[nodiscard]] int saves() const { return saves_; }

 private:
  Answer on(const Seen& seen) {
    if (seen.target == "/_ping") return {.headers = {{"Api-Version", "1.41"}, {"Server", "Docker/20.10.24 (linux)"}}};
    if (seen.target.find("/json") != std::string::npos) {
      nlohmann::json layers = nlohmann::json::array();
      for (const auto& layer : image_.layers) layers.push_back(oci::Digest::of(layer).text());
      return {
          .body =
              nlohmann::json{{"Id", oci::Digest::of(image_.config()).text()}, {"RootFS", {{"Layers", layers}}}}.dump()};
    }
    ++saves_;
    return {.body = image_.archive()};
  }

  SavedImage image_;
  fs::TempDir dir_{"fake-engine"};
  int saves_ = 0;
  HttpServer server_;
};

}  // namespace slipway::test
