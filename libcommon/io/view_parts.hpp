// SPDX-License-Identifier: Apache-2.0
// What the views for people share: an event as a sentence, its colour, writing that never fails.
#pragma once

#include "io/events.hpp"

#include <string>
#include <string_view>

namespace slipway::io {

/// The kind of an event that says how far something is just now: only for a view that draws over it. Without a text it
/// is over.
inline constexpr std::string_view moment = "moment";

constexpr std::string_view color_reset = "\x1b[0m";

/// An escape sequence, or nothing.
[[nodiscard]] std::string_view color_of(const Event& event);
/// The event as one line for a person, without time and colour; empty when there is nothing to say.
[[nodiscard]] std::string sentence(const Event& event);
/// stderr that cannot be written is nobody's to hear of: losing progress must not end the work.
void put(int fd, std::string_view bytes);

}  // namespace slipway::io
