// SPDX-License-Identifier: Apache-2.0
#include "standing.hpp"

#include "core/text.hpp"
#include "plan.hpp"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <string_view>

namespace slipway::deploy_helm {

namespace {

/// What helm itself writes over the description of a rollback; 0 for anything else.
int rollback_goal(const Revision& revision) {
  constexpr std::string_view prefix = "Rollback to ";
  const auto& text = revision.description;
  int number = 0;
  if (text.starts_with(prefix)) std::from_chars(text.data() + prefix.size(), text.data() + text.size(), number);
  return number;
}

}  // namespace

const Revision* Standing::find(int number) const {
  const auto found = std::ranges::find(history, number, &Revision::number);
  return found == history.end() ? nullptr : &*found;
}

const Revision* Standing::deployed() const {
  // With a failed upgrade on top, some versions of helm leave the one before it as superseded.
  for (const char* status : {"deployed", "superseded"})
    for (const auto& revision : std::views::reverse(history))
      if (revision.status == status) return &revision;
  return nullptr;
}

const Revision& Standing::origin_of(const Revision& revision) const {
  const auto* at = &revision;
  for (std::size_t hops = 0; hops <= history.size(); ++hops) {
    const auto* goal = find(rollback_goal(*at));
    if (goal == nullptr || goal->number >= at->number) break;
    at = goal;
  }
  return *at;
}

bool Standing::undone(const Revision& revision) const {
  const auto* after = find(revision.number + 1);
  const int goal = after != nullptr ? rollback_goal(*after) : 0;
  return goal > 0 && goal < revision.number;
}

const Revision* Standing::previous_good() const {
  const auto* now = newest();
  if (now == nullptr) return nullptr;
  // One that failed or is half done is left behind as it is; what runs well is gone back from.
  const auto* running = now->status == "deployed" ? &origin_of(*now) : now;
  for (const auto& revision : std::views::reverse(history))
    if (revision.number < running->number && (revision.status == "deployed" || revision.status == "superseded") &&
        !undone(revision))
      return &revision;
  return nullptr;
}

std::string image_of(const Standing& standing, const Revision& revision, const std::string& like) {
  if (const auto described = read_description(standing.origin_of(revision).description); !described.image.empty())
    return described.image;
  std::string first;
  for (const auto& object : objects_of(revision))
    for (const auto& image : helm::images_of(object.body)) {
      if (first.empty()) first = image;
      if (image.starts_with(like + '@') || image.starts_with(like + ':')) return image;
    }
  return first;
}

std::chrono::milliseconds age_of(const Revision& revision, std::chrono::system_clock::time_point now) {
  const auto begun = text::parse_rfc3339(revision.updated);
  if (!begun) return std::chrono::milliseconds{0};
  return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(now - *begun), std::chrono::milliseconds{0});
}

}  // namespace slipway::deploy_helm
