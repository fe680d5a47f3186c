// SPDX-License-Identifier: Apache-2.0
#include "oci/source.hpp"

#include "core/fs.hpp"
#include "core/text.hpp"
#include "oci/decode.hpp"
#include "oci/layout.hpp"

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

Error read_failed(std::string_view name) {
  return {failure::read_failed, fmt::format("cannot read {}: {}", name, std::strerror(errno))};
}

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
      : pusher_(pusher),
        reader_({.begin = [this](const TarEntry& entry, std::string_view head) { return begin(entry, head); },
                 .data = [this](std::string_view bytes) { data(bytes); },
                 .end = [this] { end(); }}) {}
  Passing(const Passing&) = delete;
  Passing& operator=(const Passing&) = delete;

  void feed(std::string_view bytes) { reader_.feed(bytes); }
  [[nodiscard]] Pushed finish(const PushOptions& options) {
    const auto& contents = reader_.finish();
    auto finished = finished_in(contents, ArchiveFile::As::any, options, [&](const Descriptor& wanted) {
      const auto* text = contents.text(blob_name(wanted.digest));
      if (text == nullptr) throw lacks(wanted);
      return *text;
    });
    if (!finished) return pusher_.finish(contents.select(options.image), contents, options.platforms);
    pusher_.settle();
    return pusher_.push_finished(std::move(*finished),
                                 {.gone = [this](const Descriptor& blob) { return gone(blob); },
                                  .open =
                                      [&](const Descriptor& blob) {
                                        const auto* text = contents.text(blob_name(blob.digest));
                                        if (text == nullptr) throw lacks(blob);
                                        if (text->size() != blob.size ||
                                            Digest::of(*text, blob.digest.algorithm()) != blob.digest)
                                          throw damaged(blob);
                                        return body_of(*text);
                                      }});
  }

 private:
  bool begin(const TarEntry& entry, std::string_view head) {
    name_ = entry.name;
    // Of a layout: what is packed or no tar at all is a blob that is finished, and has its digest for a name.
    if (const auto digest = digest_named(entry.name); digest && !is_tar_header(head)) {
      layer_ = pusher_.begin(entry.name, {}, {.as_is = true, .promised = digest, .size = entry.size});
      return true;
    }
    promised_ = promised_by(entry.name);
    if (promised_) hasher_.emplace();
    else layer_ = pusher_.begin(entry.name, {});
    return true;
  }
  /// What became of a blob that has passed.
  [[nodiscard]] std::optional<PushedLayer::State> gone(const Descriptor& blob) const {
    const auto outcome = pusher_.outcome(blob_name(blob.digest));
    if (!outcome) return std::nullopt;
    const auto& [sent, state] = *outcome;
    if (sent.digest != blob.digest)  // it was a tar, and so has been compressed
      throw Error(
          failure::bad_input,
          fmt::format("layer {} of the layout is not compressed, which a pipe is too short for", blob.digest.brief()),
          "write the layout into a file, and name that with --from");
    if (sent.size != blob.size) throw damaged(blob);
    return state;
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
  return passing.finish(options);
}

/// @param seen bytes that were read already
Pushed push_descriptor(int fd, const std::string& seen, const std::string& name, ArchiveFile::As as, Pusher& pusher,
                       const PushOptions& options, const io::Run& run) {
  struct stat status{};
  const bool regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  const auto at = regular ? ::lseek(fd, 0, SEEK_CUR) : off_t{-1};
  if (at >= static_cast<off_t>(seen.size())) {
    const InPlace file(fd, static_cast<std::uint64_t>(at) - seen.size(), name);
    std::string first(6, '\0');
    first.resize(file.read(0, first.data(), first.size()));
    if (packing_of(first) == Packing::plain) return push_in_place(file, as, pusher, options, run);
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
  return passing.finish(options);
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
  return push_descriptor(file.get(), {}, path.native(), source.as, pusher, options, run);
}

Pushed push_from(const ArchiveStream& source, Pusher& pusher, const PushOptions& options, const Access&,
                 const io::Run& run) {
  return push_descriptor(source.fd, source.seen, "stdin", ArchiveFile::As::any, pusher, options, run);
}

}  // namespace slipway::oci
