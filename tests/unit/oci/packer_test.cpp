// SPDX-License-Identifier: Apache-2.0
#include "core/error.hpp"
#include "oci/packer.hpp"
#include "support/catch.hpp"

#include <atomic>

using namespace slipway;
using namespace slipway::oci;

namespace {

std::string sample(std::size_t size, std::uint32_t seed = 1) {
  std::string out(size, '\0');
  std::uint32_t state = seed;
  for (auto& c : out) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 29U);
  }
  return out;
}

struct Fixture {
  std::mutex mutex;
  std::vector<std::shared_ptr<PackedLayer>> ready;
  std::atomic<int> more = 0;
  std::exception_ptr failed;
  Packer packer;

  explicit Fixture(int threads, std::uint64_t memory = 64U << 20U)
      : packer(threads, memory,
               {.ready =
                    [this](std::shared_ptr<PackedLayer> layer) {
                      const std::lock_guard lock(mutex);
                      ready.push_back(std::move(layer));
                    },
                .more = [this] { ++more; },
                .failed = [this](std::exception_ptr why) { failed = std::move(why); }}) {}
  ~Fixture() { ready.clear(); }
};

std::string all_of(http::Body body) {
  std::string out;
  std::string buffer(70000, '\0');
  while (const auto got = body.read(buffer.data(), buffer.size())) out.append(buffer, 0, got);
  return out;
}

}  // namespace

TEST_CASE("one layer has one digest, whatever the threads and however it comes") {
  const auto raw = sample(5 * gzip_block + 777);
  const auto expected = gzip(raw);
  for (const int threads : {1, 2, 7}) {
    for (const std::size_t step : {std::size_t{4097}, gzip_block, raw.size()}) {
      INFO(threads << " threads, steps of " << step);
      Fixture f(threads);
      const auto layer = f.packer.begin("layer");
      for (std::size_t i = 0; i < raw.size(); i += step) layer->write(std::string_view(raw).substr(i, step));
      layer->finish();
      layer->wait();
      CHECK(layer->digest() == Digest::of(expected));
      CHECK(layer->diff_id() == Digest::of(raw));
      CHECK(layer->size() == expected.size());
      CHECK(layer->raw_size() == raw.size());
      auto body = layer->open();
      CHECK(all_of(body) == expected);
      body.rewind();
      CHECK(all_of(body) == expected);
      CHECK(all_of(layer->open()) == expected);
    }
  }
}

TEST_CASE("an empty layer is a layer, too") {
  Fixture f(2);
  const auto layer = f.packer.begin("empty");
  layer->finish();
  layer->wait();
  CHECK(layer->diff_id() == Digest::of(""));
  CHECK(all_of(layer->open()) == gzip(""));
}

TEST_CASE("a layer that comes as gzip goes as it came") {
  const auto raw = sample(2 * gzip_block);
  const auto packed = gzip(raw) + gzip("more");
  Fixture f(2);
  const auto layer = f.packer.begin("layer.tar.gz");
  layer->write(packed);
  layer->finish();
  layer->wait();
  CHECK(layer->as_it_came());
  CHECK(layer->digest() == Digest::of(packed));
  CHECK(layer->diff_id() == Digest::of(raw + "more"));
  CHECK(all_of(layer->open()) == packed);
  const auto cut = f.packer.begin("cut");
  cut->write(std::string_view(packed).substr(0, packed.size() - 5));
  CHECK_THROWS_AS(cut->finish(), Error);
  const auto zstd = f.packer.begin("zstd");
  zstd->write("\x28\xb5\x2f\xfd etc");
  CHECK_THROWS_AS(zstd->finish(), Error);
}

TEST_CASE("a layer beyond its window is read while it grows, in bounded memory") {
  const std::uint64_t memory = 8U << 20U;
  Fixture f(2, memory);
  const auto raw = sample(40 * gzip_block);
  const auto layer = f.packer.begin("big");
  std::atomic<bool> written = false;
  std::thread reader([&] {
    layer->write(raw);
    layer->finish();
    written = true;
  });
  std::string out;
  std::string buffer(100000, '\0');
  bool waited = false;
  while (true) {
    const auto got = layer->read(buffer.data(), buffer.size());
    if (got == 0) break;
    if (got == http::Body::later) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
      continue;
    }
    if (!waited) {
      // As long as nobody reads on, the writer has to stand still.
      waited = true;
      std::this_thread::sleep_for(std::chrono::milliseconds{200});
      CHECK_FALSE(written);
    }
    out.append(buffer, 0, got);
  }
  reader.join();
  layer->wait();
  CHECK(out == gzip(raw));
  CHECK(layer->digest() == Digest::of(out));
  CHECK(layer->overflowed());
  CHECK(f.more > 1);
  CHECK(f.ready.size() == 1);
}

TEST_CASE("what nobody reads any more still gets its digest") {
  Fixture f(2, 8U << 20U);
  const auto raw = sample(40 * gzip_block, 7);
  const auto layer = f.packer.begin("big");
  layer->discard();
  layer->write(raw);
  layer->finish();
  layer->wait();
  CHECK(layer->digest() == Digest::of(gzip(raw)));
}

TEST_CASE("the end of a packer ends everybody's waiting") {
  Fixture f(1, 8U << 20U);
  const auto layer = f.packer.begin("big");
  std::exception_ptr caught;
  std::thread writer([&] {
    try {
      layer->write(sample(100 * gzip_block));  // nobody reads: it stands still
    } catch (...) {
      caught = std::current_exception();
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  f.packer.stop(std::make_exception_ptr(Error(failure::busy, "the registry is gone")));
  writer.join();
  REQUIRE(caught);
  CHECK_THROWS_WITH(std::rethrow_exception(caught), "the registry is gone");
  CHECK_THROWS_WITH(layer->wait(), "the registry is gone");
  char c = 0;
  CHECK(layer->read(&c, 1) == 0);
}
