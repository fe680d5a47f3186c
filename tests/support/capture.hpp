// SPDX-License-Identifier: Apache-2.0
// What tests hand to code that wants streams, events or a run.
#pragma once

#include "core/fs.hpp"
#include "io/events.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

namespace slipway::testing {

/// A file in memory with a descriptor: stands for stdin (given text) or stdout (read it back).
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text = {}) : file_(::memfd_create("test", MFD_CLOEXEC)) {
    fs::write_all(file_.get(), text, "memfd");
    ::lseek(file_.get(), 0, SEEK_SET);
  }
  [[nodiscard]] int fd() const { return file_.get(); }
  [[nodiscard]] std::string text() const {
    ::lseek(file_.get(), 0, SEEK_SET);
    return fs::read_all(file_.get(), "memfd");
  }

 private:
  Fd file_;
};

/// Keeps every event.
class Recorder : public io::View {
 public:
  explicit Recorder(std::vector<io::Event>& into) : into_(&into) {}
  void show(const io::Event& event) override { into_->push_back(event); }

 private:
  std::vector<io::Event>* into_;
};

/// A run without a deadline whose events are kept.
struct RecordedRun {
  std::vector<io::Event> seen;
  io::Events events;
  StopSource source;
  io::Run run{.events = events, .stop = source.token(), .deadline = {}};

  RecordedRun() { events.add(std::make_unique<Recorder>(seen)); }

  /// Texts of all events, a line each.
  [[nodiscard]] std::string text() const {
    std::string out;
    for (const auto& event : seen) out += event.text + "\n";
    return out;
  }
};

}  // namespace slipway::testing
