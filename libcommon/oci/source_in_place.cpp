// SPDX-License-Identifier: Apache-2.0
// Archives in regular files, and layouts in folders: what lies there is read when it is needed, and not before.
#include "core/fs.hpp"
#include "core/text.hpp"
#include "oci/layout.hpp"
#include "oci/source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <vector>

namespace slipway::oci {

namespace {

constexpr std::size_t scan_step = 16U << 10U;

InPlace::Extent extent_of(const TarEntry& entry) { return {.offset = entry.offset, .size = entry.size}; }

/// A docker archive's layers, lowest first.
class Layers {
 public:
  Layers(const InPlace& file, Pusher& pusher, const PushOptions& options, const io::Run& run)
      : file_(file), pusher_(pusher), options_(options), run_(run) {}

  /// One that the registry has is only checked, beside others: hashing is all that a second push has to do.
  void check_known(const std::string& name, const InPlace::Extent& part, const Digest& diff_id,
                   const std::string& shown) const {
    if (options_.trust_archive) return pusher_.note_known(name, diff_id);
    pusher_.in_background([file = file_, &pusher = pusher_, name, part, diff_id, shown] {
      DiffHasher hasher;
      file.each_piece(part, [&](std::string_view bytes) {
        pusher.check();
        hasher.update(bytes);
      });
      if (hasher.finish() != diff_id)
        throw Error(failure::bad_input,
                    fmt::format("layer {} is damaged: its digest is not what the image's configuration says", shown),
                    "save the image again; no tag was moved");
      pusher.note_known(name, diff_id);
    });
  }

  void send(const std::string& name, const InPlace::Extent& part) const {
    // One that is unpacked and packed otherwise cannot be made again from the middle of the file.
    std::string head(std::min<std::uint64_t>(packing_signature, part.size), '\0');
    head.resize(file_.read(part.offset, head.data(), head.size()));
    Reread reread;
    if (packing_of(head) == Packing::plain || !pusher_.repacks(packing_of(head)))
      reread = [file = file_, part, profile = pusher_.profile()](std::uint64_t size) {
        return file.packed(part, size, profile);
      };
    const auto layer = pusher_.begin(name, std::move(reread));
    each_piece(part, [&](std::string_view bytes) { layer->write(bytes); });
    layer->finish();
  }

 private:
  void each_piece(const InPlace::Extent& part, const std::function<void(std::string_view)>& take) const {
    file_.each_piece(part, [&](std::string_view bytes) {
      run_.check();
      pusher_.check();
      take(bytes);
    });
  }

  const InPlace& file_;
  Pusher& pusher_;
  const PushOptions& options_;
  const io::Run& run_;
};

Pushed push_docker(const InPlace& file, const std::map<std::string, TarEntry>& entries, const ArchiveContents& contents,
                   Pusher& pusher, const PushOptions& options, const io::Run& run) {
  const auto image = contents.select(options.image);
  const auto* text = contents.text(image.config);
  const auto config =
      text != nullptr ? parse_config(*text, "the image's configuration", failure::bad_input) : ImageConfig{};
  pusher.learn({.id = text != nullptr ? std::optional(Digest::of(*text)) : std::nullopt, .diff_ids = config.diff_ids});
  const Layers layers(file, pusher, options, run);
  std::set<std::string> done;
  // What is to be sent first: that is on its way while the others are checked.
  for (const bool known : {false, true}) {
    for (std::size_t i = 0; i < image.layers.size(); ++i) {
      if (known != (i < config.diff_ids.size() && pusher.knows(config.diff_ids[i]))) continue;
      const auto name = contents.resolve(image.layers[i]);
      const auto found = entries.find(name);
      if (found == entries.end() || !done.insert(name).second) continue;  // finish() says what is missing
      const auto part = extent_of(found->second);
      if (known)
        layers.check_known(name, part, config.diff_ids[i], fmt::format("{} of {}", i + 1, image.layers.size()));
      else layers.send(name, part);
    }
  }
  return pusher.finish(image, contents, options.platforms);
}

/// Files of a folder, opened when they are needed.
class Folder {
 public:
  Folder(std::filesystem::path path, bool by_digits) : path_(std::move(path)), by_digits_(by_digits) {}

  [[nodiscard]] std::string text(const Descriptor& wanted) const {
    const auto name = by_digits_ ? std::string(wanted.digest.hex()) + ".manifest.json" : blob_name(wanted.digest);
    std::error_code ignored;
    if (!std::filesystem::exists(path_ / name, ignored)) return small_blob(wanted);
    return fs::read_file(path_ / name, longest_manifest);
  }

  /// @throws Error bad_input when there is no such file, or it has another size
  [[nodiscard]] std::function<http::Body()> open(const Descriptor& blob) const {
    const auto path = path_of(blob);
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
      if (errno == ENOENT) throw lacks(blob);
      throw failed(path);
    }
    if (static_cast<std::uint64_t>(status.st_size) != blob.size) throw damaged(blob);
    return [path, blob] {
      const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (!fd.open()) throw failed(path);
      const InPlace file(fd.get(), 0, path.native());
      return checked(file.plain({.offset = 0, .size = blob.size}), blob, path.native());
    };
  }

 private:
  [[nodiscard]] std::filesystem::path path_of(const Descriptor& blob) const {
    return path_ / (by_digits_ ? std::string(blob.digest.hex()) : blob_name(blob.digest));
  }
  /// A configuration that is looked into.
  [[nodiscard]] std::string small_blob(const Descriptor& wanted) const {
    std::error_code ignored;
    if (!std::filesystem::exists(path_of(wanted), ignored)) throw lacks(wanted);
    return fs::read_file(path_of(wanted), longest_manifest);
  }
  static Error failed(const std::filesystem::path& path) {
    return {failure::read_failed, fmt::format("cannot read {}: {}", path.native(), std::strerror(errno))};
  }

  std::filesystem::path path_;
  bool by_digits_;
};

/// skopeo's dir: has the image's own manifest in manifest.json, and whatever that names beside it.
FinishedImage finished_beside(const std::string& manifest_json, const PushOptions& options, const ReadDocument& read) {
  const auto document = nlohmann::json::parse(manifest_json, nullptr, false);
  const auto type =
      document.is_object() ? document.value("mediaType", std::string(media::oci_manifest)) : std::string{};
  const Descriptor root{.media_type = type, .digest = Digest::of(manifest_json), .size = manifest_json.size()};
  return gather(
      root, [&](const Descriptor& wanted) { return wanted.digest == root.digest ? manifest_json : read(wanted); },
      options.platforms);
}

}  // namespace

void look_through(const InPlace& file, ArchiveReader& reader) {
  std::vector<char> buffer(scan_step);
  while (!reader.complete()) {
    const auto got = file.read(reader.offset(), buffer.data(), buffer.size());
    if (got == 0) return;  // cut: the reader knows
    reader.feed({buffer.data(), got});
    if (reader.ahead() > 0) reader.skip();
  }
}

void DiffHasher::update(std::string_view bytes) {
  if (decoder_) return decoder_->feed(bytes);
  head_ += bytes;
  if (head_.size() >= 4) begin();
}

Digest DiffHasher::finish() {
  if (!decoder_) begin();
  decoder_->finish();
  return hasher_.finish();
}

void DiffHasher::begin() {
  decoder_.emplace(packing_of(head_), [this](std::string_view raw) { hasher_.update(raw); });
  decoder_->feed(head_);
  head_.clear();
}

Pushed push_in_place(const InPlace& file, ArchiveFile::As as, Pusher& pusher, const PushOptions& options,
                     const io::Run& run) {
  std::map<std::string, TarEntry> entries;
  ArchiveReader reader({.begin = [](const TarEntry&, std::string_view) { return false; },
                        .data = [](std::string_view) {},
                        .end = [] {},
                        .file = [&](const TarEntry& entry) { entries.insert_or_assign(entry.name, entry); }});
  look_through(file, reader);
  const auto& contents = reader.finish();
  const auto entry_of = [&](const Descriptor& wanted) -> const TarEntry& {
    const auto found = entries.find(contents.resolve(blob_name(wanted.digest)));
    if (found == entries.end()) throw lacks(wanted);
    if (found->second.size != wanted.size) throw damaged(wanted);
    return found->second;
  };
  auto finished = finished_in(contents, as, options, [&](const Descriptor& wanted) {
    if (wanted.size > longest_manifest)
      throw Error(failure::bad_input, fmt::format("manifest {} is larger than 4 MiB", wanted.digest.brief()));
    return file.text(extent_of(entry_of(wanted)));
  });
  if (!finished) return push_docker(file, entries, contents, pusher, options, run);
  return pusher.push_finished(std::move(*finished), {.open = [&](const Descriptor& blob) {
                                const auto part = extent_of(entry_of(blob));
                                return [file, part, blob] { return checked(file.plain(part), blob, file.name()); };
                              }});
}

Pushed push_from(const LayoutFolder& source, Pusher& pusher, const PushOptions& options, const Access&,
                 const io::Run&) {
  std::error_code ignored;
  const auto& path = source.path;
  const bool is_layout = std::filesystem::exists(path / "oci-layout", ignored);
  if (!is_layout && !std::filesystem::exists(path / "manifest.json", ignored))
    throw Error(failure::bad_input, fmt::format("{} is a folder without an image: neither oci-layout nor manifest.json "
                                                "is in it",
                                                path.native()));
  const Folder folder(path, !is_layout);
  const auto read = [&](const Descriptor& wanted) { return folder.text(wanted); };
  auto finished = is_layout ? finished_below(fs::read_file(path / "index.json", longest_manifest), options, read)
                            : finished_beside(fs::read_file(path / "manifest.json", longest_manifest), options, read);
  return pusher.push_finished(std::move(finished), {.open = [&](const Descriptor& blob) { return folder.open(blob); }});
}

}  // namespace slipway::oci
