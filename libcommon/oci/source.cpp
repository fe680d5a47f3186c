// SPDX-License-Identifier: Apache-2.0
#include "oci/source.hpp"

#include "core/fs.hpp"
#include "core/text.hpp"
#include "oci/decode.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace slipway::oci {

namespace {

constexpr std::size_t scan_step = 16U << 10U;

Error read_failed(std::string_view name) {
  return {failure::read_failed, fmt::format("cannot read {}: {}", name, std::strerror(errno))};
}

/// SHA-256 of a layer's tar, also of one that came as gzip.
class DiffHasher {
 public:
  void update(std::string_view bytes) {
    if (!decoder_) {
      head_ += bytes;
      if (head_.size() < 4) return;
      begin();
      return;
    }
    decoder_->feed(bytes);
  }
  [[nodiscard]] Digest finish() {
    if (!decoder_) begin();
    decoder_->finish();
    return hasher_.finish();
  }

 private:
  void begin() {
    decoder_.emplace(packing_of(head_), [this](std::string_view raw) { hasher_.update(raw); });
    decoder_->feed(head_);
    head_.clear();
  }
  std::string head_;
  Hasher hasher_;
  std::optional<Decoder> decoder_;
};

/// The diff id that an entry's name stands for, where its writer names it so: podman HEX.tar, docker
/// from 25 on blobs/sha256/HEX (whose layers are not compressed).
std::optional<Digest> diff_id_in(std::string_view name) {
  const auto slash = name.rfind('/');
  auto hex = name.substr(slash == std::string_view::npos ? 0 : slash + 1);
  if (hex.ends_with(".tar")) hex.remove_suffix(4);
  return Digest::parse(fmt::format("sha256:{}", hex));
}

/// Layers in the order in which they pass. Whether one need not be compressed is only known by its name.
class Passing {
 public:
  explicit Passing(Pusher& pusher)
      : pusher_(pusher), reader_({.begin = [this](const TarEntry& entry) { return begin(entry); },
                                  .data = [this](std::string_view bytes) { data(bytes); },
                                  .end = [this] { end(); }}) {}
  Passing(const Passing&) = delete;
  Passing& operator=(const Passing&) = delete;

  void feed(std::string_view bytes) { reader_.feed(bytes); }
  [[nodiscard]] Pushed finish(const std::optional<std::string>& image) {
    const auto& contents = reader_.finish();
    return pusher_.finish(contents.select(image), contents);
  }

 private:
  bool begin(const TarEntry& entry) {
    name_ = entry.name;
    promised_ = promised_by(entry.name);
    if (promised_) hasher_.emplace();
    else layer_ = pusher_.begin(entry.name, {});
    return true;
  }
  /// The diff id of a layer that the registry has, if the entry's name says that it is one.
  [[nodiscard]] std::optional<Digest> promised_by(const std::string& name) const {
    if (auto diff_id = diff_id_in(name)) return pusher_.knows_or_recalls(*diff_id) ? diff_id : std::nullopt;
    const auto folder = std::filesystem::path(name).parent_path().string();
    const auto* json = reader_.contents().text(folder + "/json");
    return json != nullptr ? pusher_.known_in_folder(folder, *json) : std::nullopt;
  }
  void data(std::string_view bytes) {
    if (layer_) layer_->write(bytes);
    else hasher_->update(bytes);
  }
  void end() {
    if (layer_) {
      layer_->finish();
      layer_.reset();
      return;
    }
    if (const auto is = hasher_->finish(); is != *promised_)
      throw Error(failure::bad_input,
                  fmt::format("{} in the archive is damaged: it is {}", text::printable(name_), is.text()),
                  "save the image again; no tag was moved");
    hasher_.reset();
    pusher_.note_known(name_, *promised_);
  }

  Pusher& pusher_;
  std::string name_;
  std::optional<Digest> promised_;
  std::optional<DiffHasher> hasher_;
  std::shared_ptr<PackedLayer> layer_;
  ArchiveReader reader_;
};

/// Reads a descriptor to its end; wakes for a signal, the deadline and a failure elsewhere.
void pump(int fd, std::string_view name, const Pusher& pusher, const io::Run& run,
          const std::function<void(std::string_view)>& sink) {
  std::vector<char> buffer(gzip_block);
  ::fcntl(fd, F_SETPIPE_SZ, static_cast<int>(gzip_block));  // fewer switches between us and the writer, where allowed
  while (true) {
    std::array<pollfd, 3> wakers{{{fd, POLLIN, 0}, {run.stop.fd(), POLLIN, 0}, {pusher.failure_fd(), POLLIN, 0}}};
    const auto most = run.deadline.left(std::chrono::hours{1});
    ::poll(wakers.data(), wakers.size(), static_cast<int>(most.count()));
    run.check();
    if (wakers[2].revents != 0) pusher.check();
    if (wakers[0].revents == 0) continue;
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) throw read_failed(name);
    if (got == 0) return;
    sink({buffer.data(), static_cast<std::size_t>(got)});
  }
}

Pushed push_stream(int fd, const std::string& seen, std::string_view name, Pusher& pusher, const PushOptions& options,
                   const io::Run& run) {
  Passing passing(pusher);
  std::optional<Decoder> decoder;
  std::string head = seen;
  const auto begin = [&] {
    if (head.empty()) throw Error(failure::empty_input, fmt::format("{} is empty: the step before failed", name));
    decoder.emplace(packing_of(head), [&](std::string_view bytes) { passing.feed(bytes); });
    decoder->feed(std::exchange(head, {}));
  };
  if (head.size() >= 6) begin();
  pump(fd, name, pusher, run, [&](std::string_view bytes) {
    if (decoder) return decoder->feed(bytes);
    head += bytes;
    if (head.size() >= 6) begin();
  });
  if (!decoder) begin();
  decoder->finish();
  return passing.finish(options.image);
}

/// A regular file with a plain archive: looked through first, then its layers are read where they are.
class InPlace {
 public:
  /// Keeps the file open by itself: an upload may still read when whoever opened it has given up.
  InPlace(int fd, std::uint64_t base, std::string name)
      : file_(std::make_shared<Fd>(::fcntl(fd, F_DUPFD_CLOEXEC, 3))), base_(base), name_(std::move(name)) {}

  [[nodiscard]] std::size_t read(std::uint64_t at, char* into, std::size_t size) const {
    while (true) {
      const auto got = ::pread(file_->get(), into, size, static_cast<off_t>(base_ + at));
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) throw read_failed(name_);
    }
  }

  /// All of an entry, in pieces of at most gzip_block.
  void each_piece(const TarEntry& entry, const std::function<void(std::string_view)>& take) const {
    std::vector<char> buffer(gzip_block);
    for (std::uint64_t done = 0; done < entry.size;) {
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(entry.size - done, buffer.size()));
      const auto got = read(entry.offset + done, buffer.data(), want);
      if (got == 0) throw Error(failure::bad_input, fmt::format("{} became shorter while it was read", name_));
      take({buffer.data(), got});
      done += got;
    }
  }

  void look_through(ArchiveReader& reader) const {
    std::vector<char> buffer(scan_step);
    while (!reader.complete()) {
      const auto got = read(reader.offset(), buffer.data(), buffer.size());
      if (got == 0) return;  // cut: the reader knows
      reader.feed({buffer.data(), got});
      if (reader.ahead() > 0) reader.skip();
    }
  }

  /// The layer as it is sent, made anew from the file: for a second try after the window has moved on.
  [[nodiscard]] http::Body packed_again(const TarEntry& entry, std::uint64_t size) const {
    struct Place {
      std::uint64_t done = 0;
      std::string ready;
      std::size_t given = 0;
      std::optional<bool> kept;
      GzipCompressor compressor;
      std::string raw;
    };
    const auto place = std::make_shared<Place>();
    const auto refill = [file = *this, entry, place] {
      const auto left = entry.size - place->done;
      place->raw.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, gzip_block)));
      std::size_t filled = 0;
      while (filled < place->raw.size()) {
        const auto got =
            file.read(entry.offset + place->done + filled, place->raw.data() + filled, place->raw.size() - filled);
        if (got == 0) throw Error(failure::bad_input, fmt::format("{} became shorter while it was read", file.name_));
        filled += got;
      }
      if (!place->kept) place->kept = packing_of(place->raw) == Packing::gzip;
      place->done += filled;
      place->ready = *place->kept ? place->raw : std::string(place->compressor.compress(place->raw));
      place->given = 0;
    };
    return {.read = [entry, place, refill](char* into, std::size_t most) -> std::size_t {
              if (place->given == place->ready.size()) {
                if (place->done == entry.size) return 0;
                refill();
              }
              const auto got = place->ready.copy(into, most, place->given);
              place->given += got;
              return got;
            },
            .size = size,
            .rewind =
                [place] {
                  place->done = 0;
                  place->ready.clear();
                  place->given = 0;
                }};
  }

 private:
  std::shared_ptr<Fd> file_;
  std::uint64_t base_;
  std::string name_;
};

Pushed push_in_place(const InPlace& file, Pusher& pusher, const PushOptions& options, const io::Run& run) {
  std::map<std::string, TarEntry> entries;
  ArchiveReader reader({.begin =
                            [&](const TarEntry& entry) {
                              entries.insert_or_assign(entry.name, entry);
                              return false;
                            },
                        .data = [](std::string_view) {},
                        .end = [] {}});
  file.look_through(reader);
  const auto& contents = reader.finish();
  const auto image = contents.select(options.image);
  const auto* text = contents.text(image.config);
  const auto config =
      text != nullptr ? parse_config(*text, "the image's configuration", failure::bad_input) : ImageConfig{};
  pusher.learn({.id = text != nullptr ? std::optional(Digest::of(*text)) : std::nullopt, .diff_ids = config.diff_ids});
  std::set<std::string> done;
  for (std::size_t i = 0; i < image.layers.size(); ++i) {
    const auto name = contents.resolve(image.layers[i]);
    const auto found = entries.find(name);
    if (found == entries.end() || !done.insert(name).second) continue;  // finish() says what is missing
    const auto& entry = found->second;
    const auto keep_going = [&] {
      run.check();
      pusher.check();
    };
    if (i < config.diff_ids.size() && pusher.knows(config.diff_ids[i])) {
      if (options.trust_archive) {
        pusher.note_known(name, config.diff_ids[i]);
        continue;
      }
      DiffHasher hasher;
      file.each_piece(entry, [&](std::string_view bytes) {
        keep_going();
        hasher.update(bytes);
      });
      if (hasher.finish() == config.diff_ids[i]) {
        pusher.note_known(name, config.diff_ids[i]);
        continue;
      }
      throw Error(failure::bad_input,
                  fmt::format("layer {} of {} is damaged: its digest is not what the image's configuration says", i + 1,
                              image.layers.size()),
                  "save the image again; no tag was moved");
    }
    const auto layer = pusher.begin(name, [file, entry](std::uint64_t size) { return file.packed_again(entry, size); });
    file.each_piece(entry, [&](std::string_view bytes) {
      keep_going();
      layer->write(bytes);
    });
    layer->finish();
  }
  return pusher.finish(image, contents);
}

/// @param seen bytes that were read already
Pushed push_descriptor(int fd, const std::string& seen, const std::string& name, Pusher& pusher,
                       const PushOptions& options, const io::Run& run) {
  struct stat status{};
  const bool regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  const auto at = regular ? ::lseek(fd, 0, SEEK_CUR) : off_t{-1};
  if (at >= static_cast<off_t>(seen.size())) {
    const InPlace file(fd, static_cast<std::uint64_t>(at) - seen.size(), name);
    std::string first(6, '\0');
    first.resize(file.read(0, first.data(), first.size()));
    if (packing_of(first) == Packing::plain) return push_in_place(file, pusher, options, run);
  }
  pusher.learn();
  return push_stream(fd, seen, name, pusher, options, run);
}

}  // namespace

Pushed push_from(const EngineImage& source, Pusher& pusher, const PushOptions& options, const Access& access,
                 const io::Run& run) {
  docker::Engine engine(source.where, access.agent, run);
  const auto image = engine.image(source.name, run);
  if (!image)
    throw Error(failure::not_found,
                fmt::format("the engine at {} has no image '{}'", source.where.shown, text::printable(source.name)));
  Announced announced{.id = Digest::parse(image->id), .diff_ids = {}};
  for (const auto& text : image->diff_ids)
    if (auto diff_id = Digest::parse(text)) announced.diff_ids.push_back(std::move(*diff_id));
  pusher.learn(announced);
  if (auto pushed = pusher.without_source(announced)) return std::move(*pushed);
  Passing passing(pusher);
  engine.save(
      {source.name},
      [&](std::string_view bytes) {
        pusher.check();
        passing.feed(bytes);
        return true;
      },
      run);
  return passing.finish(options.image);
}

Pushed push_from(const ArchiveFile& source, Pusher& pusher, const PushOptions& options, const Access&,
                 const io::Run& run) {
  const auto& path = source.path;
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) {
    if (errno == ENOENT || errno == ENOTDIR)
      throw Error(failure::not_found, fmt::format("there is no file {}", path.native()));
    throw read_failed(path.native());
  }
  return push_descriptor(file.get(), {}, path.native(), pusher, options, run);
}

Pushed push_from(const ArchiveStream& source, Pusher& pusher, const PushOptions& options, const Access&,
                 const io::Run& run) {
  return push_descriptor(source.fd, source.seen, "stdin", pusher, options, run);
}

}  // namespace slipway::oci
