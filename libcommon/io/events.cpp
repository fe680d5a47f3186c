// SPDX-License-Identifier: Apache-2.0
#include "io/events.hpp"

#include "core/text.hpp"

#include <fmt/format.h>

#include <mutex>

namespace slipway::io {

struct Events::Impl {
  Clock clock;
  std::mutex mutex;
  std::vector<std::unique_ptr<View>> views;
  bool finished = false;
};

Events::Events(Clock clock) : impl_(std::make_unique<Impl>()) { impl_->clock = std::move(clock); }

Events::~Events() { finish(); }

void Events::add(std::unique_ptr<View> view) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->views.push_back(std::move(view));
}

void Events::emit(Event event) {
  const std::scoped_lock lock(impl_->mutex);
  event.at = impl_->clock();
  for (auto& view : impl_->views) view->show(event);
}

void Events::finish() {
  const std::scoped_lock lock(impl_->mutex);
  if (std::exchange(impl_->finished, true)) return;
  for (auto& view : impl_->views) view->finish();
}

void Events::note(std::string text, Fields fields) {
  emit({.kind = "note", .level = Level::note, .text = std::move(text), .fields = std::move(fields)});
}

void Events::detail(std::string text, Fields fields) {
  emit({.kind = "note", .level = Level::detail, .text = std::move(text), .fields = std::move(fields)});
}

void Events::warn(std::string text, Fields fields) {
  emit({.kind = "warning", .level = Level::warning, .text = std::move(text), .fields = std::move(fields)});
}

void Events::output(std::string_view source, std::string_view line) {
  emit({.kind = "output",
        .level = Level::note,
        .subject = std::string(source),
        .text = text::printable(line),
        .fields = {}});
}

Stage::Stage(Events& events, std::string name, std::string text, Fields fields)
    : events_(&events), name_(std::move(name)), begun_(std::chrono::steady_clock::now()) {
  events_->emit({.kind = "stage.start",
                 .level = Level::note,
                 .subject = name_,
                 .text = std::move(text),
                 .fields = std::move(fields)});
}

Stage::~Stage() {
  if (open_) close("not finished", false, {});
}

void Stage::progress(std::string text, Fields fields) {
  events_->emit({.kind = "progress",
                 .level = Level::note,
                 .subject = name_,
                 .text = std::move(text),
                 .fields = std::move(fields)});
}

void Stage::end(std::string text, Fields fields) { close(std::move(text), true, std::move(fields)); }

void Stage::fail(std::string text, Fields fields) { close(std::move(text), false, std::move(fields)); }

std::chrono::milliseconds Stage::elapsed() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun_);
}

void Stage::close(std::string text, bool ok, Fields fields) {
  if (!std::exchange(open_, false)) return;
  fields.emplace_back("ok", ok);
  fields.emplace_back("seconds", static_cast<double>(elapsed().count()) / 1000);
  events_->emit({.kind = "stage.end",
                 .level = ok ? Level::note : Level::warning,
                 .subject = name_,
                 .text = std::move(text),
                 .fields = std::move(fields)});
}

}  // namespace slipway::io
