// SPDX-License-Identifier: Apache-2.0
#include "context.hpp"

#include "core/error.hpp"
#include "core/fs.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <numeric>

namespace slipway::pipeline_build {

namespace {

constexpr std::string_view ignore_name = ".dockerignore";

[[noreturn]] void cannot_read(const std::filesystem::path& path, int error) {
  throw Error(failure::read_failed, fmt::format("cannot read {}: {}", path.string(), std::strerror(error)));
}

class Walk {
 public:
  Walk(Context& context, const Ignore& ignore, std::optional<std::time_t> latest)
      : context_(&context), ignore_(&ignore), latest_(latest) {}

  void directory(const std::string& below) {
    std::error_code error;
    const std::filesystem::directory_iterator entries(context_->root / below, error);
    if (error) cannot_read(context_->root / below, error.value());
    for (const auto& entry : entries) visit(entry.path(), below.empty() ? name(entry) : below + "/" + name(entry));
  }

 private:
  static std::string name(const std::filesystem::directory_entry& entry) { return entry.path().filename().string(); }

  void visit(const std::filesystem::path& file, const std::string& path) {
    if (path == dockerfile_name) return;
    struct stat info{};
    if (::lstat(file.c_str(), &info) != 0) {
      if (errno == ENOENT) return;  // gone since it was listed
      cannot_read(file, errno);
    }
    const bool excluded = ignore_->excludes(path);
    if (excluded && (!S_ISDIR(info.st_mode) || ignore_->prunes(path))) return;
    ContextEntry entry;
    entry.path = path;
    entry.modified = latest_ ? std::min(info.st_mtime, *latest_) : info.st_mtime;
    if (S_ISDIR(info.st_mode)) {
      entry.kind = ContextEntry::Kind::directory;
      if (!excluded) context_->entries.push_back(std::move(entry));
      directory(path);
      return;
    }
    if (S_ISREG(info.st_mode)) {
      entry.size = static_cast<std::uint64_t>(info.st_size);
      entry.executable = (info.st_mode & 0111U) != 0;
    } else if (S_ISLNK(info.st_mode)) {
      entry.kind = ContextEntry::Kind::link;
      std::error_code error;
      entry.target = std::filesystem::read_symlink(file, error).string();
      if (error) cannot_read(file, error.value());
    } else {
      context_->left_out.push_back(path);
      return;
    }
    context_->entries.push_back(std::move(entry));
  }

  Context* context_;
  const Ignore* ignore_;
  std::optional<std::time_t> latest_;
};

/// Makes the archive as it is asked for: each call of fill() adds a header or a piece of a file.
class TarStream {
 public:
  explicit TarStream(Context context) : context_(std::move(context)) { begin(); }

  std::size_t read(char* into, std::size_t size) {
    while (offset_ == ready_.size() && !ended_) {
      ready_.clear();
      offset_ = 0;
      fill();
    }
    size = std::min(size, ready_.size() - offset_);
    ready_.copy(into, size, offset_);
    offset_ += size;
    return size;
  }

  void begin() {
    archive_.reset();  // first: it writes when it is freed
    ready_.clear();
    offset_ = 0;
    next_ = 0;
    left_ = 0;
    ended_ = false;
    file_.reset();
    archive_.reset(archive_write_new());
    if (!archive_) throw std::bad_alloc();
    // GNU's format: names are bytes in it, whatever the locale, and have no limit.
    check(archive_write_set_format_gnutar(archive_.get()));
    check(archive_write_set_bytes_per_block(archive_.get(), 0));
    check(archive_write_open(archive_.get(), this, nullptr, &TarStream::take, nullptr));
  }

 private:
  struct Free {
    void operator()(archive* a) const { archive_write_free(a); }
    void operator()(archive_entry* e) const { archive_entry_free(e); }
  };

  static la_ssize_t take(archive*, void* self, const void* bytes, std::size_t size) {
    static_cast<TarStream*>(self)->ready_.append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
  }

  void check(int code) {
    if (code < ARCHIVE_WARN)
      throw Error(failure::internal, fmt::format("cannot pack the context: {}", archive_error_string(archive_.get())));
  }

  void fill() {
    if (left_ > 0) return copy_piece();
    if (next_ == context_.entries.size()) {
      check(archive_write_close(archive_.get()));
      ended_ = true;
      return;
    }
    header(context_.entries[next_++]);
  }

  void header(const ContextEntry& entry) {
    using Kind = ContextEntry::Kind;
    const std::unique_ptr<archive_entry, Free> head(archive_entry_new());
    archive_entry_set_pathname(head.get(),
                               entry.kind == Kind::directory ? (entry.path + "/").c_str() : entry.path.c_str());
    archive_entry_set_mtime(head.get(), entry.modified, 0);
    archive_entry_set_uid(head.get(), 0);
    archive_entry_set_gid(head.get(), 0);
    const bool any = entry.kind != Kind::file || entry.executable;
    archive_entry_set_perm(head.get(), entry.kind == Kind::link ? 0777 : any ? 0755 : 0644);
    archive_entry_set_filetype(head.get(), entry.kind == Kind::directory ? AE_IFDIR
                                           : entry.kind == Kind::link    ? AE_IFLNK
                                                                         : AE_IFREG);
    if (entry.kind == Kind::link) archive_entry_set_symlink(head.get(), entry.target.c_str());
    if (entry.kind == Kind::file) archive_entry_set_size(head.get(), static_cast<la_int64_t>(entry.size));
    check(archive_write_header(archive_.get(), head.get()));
    if (entry.kind != Kind::file || entry.size == 0) return;
    if (entry.made) {
      archive_write_data(archive_.get(), entry.content.data(), entry.content.size());
      return;
    }
    path_ = context_.root / entry.path;
    file_ = Fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file_.open()) cannot_read(path_, errno);
    left_ = entry.size;
  }

  void copy_piece() {
    const auto want = std::min<std::uint64_t>(left_, piece_.size());
    const auto got = ::read(file_.get(), piece_.data(), want);
    if (got < 0 && errno == EINTR) return;
    if (got < 0) cannot_read(path_, errno);
    // The header has promised the size: a shorter file would shift all that follows.
    if (got == 0) throw Error(failure::read_failed, fmt::format("{} became shorter while it was read", path_.string()));
    if (archive_write_data(archive_.get(), piece_.data(), static_cast<std::size_t>(got)) < 0) check(ARCHIVE_FATAL);
    left_ -= static_cast<std::uint64_t>(got);
    if (left_ == 0) file_.reset();
  }

  Context context_;
  std::string ready_;
  std::unique_ptr<archive, Free> archive_;  // after what it writes to
  std::size_t offset_ = 0;
  std::size_t next_ = 0;
  std::uint64_t left_ = 0;
  bool ended_ = false;
  Fd file_;
  std::filesystem::path path_;
  std::array<char, 64U << 10U> piece_{};
};

ContextEntry made_file(std::string_view path, std::string content) {
  ContextEntry entry;
  entry.path = path;
  entry.size = content.size();
  entry.content = std::move(content);
  entry.made = true;
  return entry;
}

}  // namespace

std::uint64_t Context::bytes() const {
  return std::accumulate(entries.begin(), entries.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const ContextEntry& e) { return sum + e.size; });
}

std::size_t Context::files() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries, [](const ContextEntry& e) { return e.kind != ContextEntry::Kind::directory; }));
}

std::vector<const ContextEntry*> Context::largest(std::size_t count) const {
  std::vector<const ContextEntry*> all;
  all.reserve(entries.size());
  for (const auto& entry : entries) all.push_back(&entry);
  std::ranges::stable_sort(all, std::greater{}, &ContextEntry::size);
  all.resize(std::min(count, all.size()));
  return all;
}

Context read_context(const std::filesystem::path& root, const std::vector<std::string>& extra,
                     std::optional<std::time_t> latest) {
  if (!std::filesystem::is_directory(root))
    throw Error(failure::not_found, fmt::format("the build context {} is no directory", root.string()));
  Ignore ignore;
  const auto file = root / ignore_name;
  if (std::filesystem::exists(file)) ignore = Ignore::parse(fs::read_file(file, 1U << 20U), file.string());
  for (const auto& pattern : extra) ignore.append(Ignore::parse(pattern, "--exclude"));
  Context context{root, {}, {}};
  Walk(context, ignore, latest).directory("");
  std::ranges::sort(context.entries, {}, &ContextEntry::path);
  return context;
}

Context empty_context() { return {}; }

void add_dockerfile(Context& context, std::string dockerfile) {
  auto& entries = context.entries;
  const auto sent = std::ranges::find(entries, ignore_name, &ContextEntry::path);
  // The engine drops from the context what this file names of the two, and reads nothing else of it.
  std::string ignore;
  if (sent != entries.end()) {
    ignore = sent->kind == ContextEntry::Kind::file ? fs::read_file(context.root / ignore_name, 1U << 20U) : "";
    if (!ignore.empty() && !ignore.ends_with('\n')) ignore += '\n';
    entries.erase(sent);
  } else {
    ignore = fmt::format("{}\n", ignore_name);
  }
  ignore += fmt::format("{}\n", dockerfile_name);
  entries.push_back(made_file(ignore_name, std::move(ignore)));
  entries.push_back(made_file(dockerfile_name, std::move(dockerfile)));
  std::ranges::sort(entries, {}, &ContextEntry::path);
}

http::Body to_tar(Context context) {
  const auto stream = std::make_shared<TarStream>(std::move(context));
  return {[stream](char* into, std::size_t size) { return stream->read(into, size); }, std::nullopt,
          [stream] { stream->begin(); }};
}

}  // namespace slipway::pipeline_build
