// SPDX-License-Identifier: Apache-2.0
#include "oci/progress.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::oci {

namespace {

using std::chrono::duration;
using std::chrono::milliseconds;

constexpr milliseconds between{200};     ///< two tellings of one line
constexpr milliseconds over{2'000};      ///< that a rate is measured
constexpr milliseconds at_first{1'000};  ///< what is over sooner needs no line

double seconds(Progress::Clock::duration time) { return duration<double>(time).count(); }

}  // namespace

std::string show_progress(std::uint64_t done, std::optional<std::uint64_t> total, double rate) {
  auto text = text::show_size(done);
  if (total && *total > 0) {
    text += fmt::format(" of {}, {} %", text::show_size(*total), std::min<std::uint64_t>(100, done * 100 / *total));
  }
  if (rate < 1) return text;
  text += fmt::format(", {}/s", text::show_size(static_cast<std::uint64_t>(rate)));
  if (total && *total > done) {
    const auto left = static_cast<double>(*total - done) / rate;
    text += fmt::format(", {} left", text::show_duration(std::chrono::seconds{static_cast<std::int64_t>(left) + 1}));
  }
  return text;
}

Progress::Line::Line(Progress& of, std::string name, std::optional<std::uint64_t> total)
    : of_(of), name_(std::move(name)), total_(total) {
  const std::lock_guard lock(of_.mutex_);
  if (of_.under_way_++ == 0 && of_.sent_ == 0) of_.begun_ = begun_;
  if (total_) of_.known_ += *total_;
  else ++of_.unknown_;
}

Progress::Line::~Line() {
  const std::lock_guard lock(of_.mutex_);
  if (!total_) {
    --of_.unknown_;
    of_.known_ += done_;
  }
  of_.tell(name_, {});
  if (--of_.under_way_ == 0) of_.tell("~" + of_.subject_, {});
}

void Progress::Line::at(std::uint64_t done, Clock::time_point now) {
  const std::lock_guard lock(of_.mutex_);
  of_.sent_ += done > done_ ? done - done_ : 0;
  done_ = done;
  if (done < from_) {
    from_ = done;
    since_ = now;
  }
  if (now - since_ >= over) {
    rate_ = static_cast<double>(done - from_) / seconds(now - since_);
    from_ = done;
    since_ = now;
  }
  if (now - begun_ < at_first || now - told_ < between) return;
  told_ = now;
  // Until the first rate is measured, the one since the beginning.
  const auto rate = rate_ > 0 ? rate_ : static_cast<double>(done) / seconds(now - begun_);
  of_.tell(name_, fmt::format("  {}  {}", name_, show_progress(done, total_, rate)));
  of_.tell_all(now);
}

void Progress::tell(const std::string& subject, std::string text) const {
  events_.emit({.kind = "moment", .level = io::Level::note, .subject = subject, .text = std::move(text), .fields = {}});
}

void Progress::tell_all(Clock::time_point now) {
  if (now - told_ < between) return;
  told_ = now;
  const auto rate = static_cast<double>(sent_) / std::max(seconds(now - begun_), 0.001);
  const auto total = unknown_ == 0 && known_ >= sent_ ? std::optional(known_) : std::nullopt;
  tell("~" + subject_,
       fmt::format("  {} under way to {}: {}", under_way_, subject_, show_progress(sent_, total, rate)));
}

}  // namespace slipway::oci
