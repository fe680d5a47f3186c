// SPDX-License-Identifier: Apache-2.0
// Small pieces of text work that every module needs: splitting, trimming, the nearest known word,
// sizes and durations as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::text {

[[nodiscard]] std::string_view trim(std::string_view s);
[[nodiscard]] std::vector<std::string> split(std::string_view s, char separator);
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
[[nodiscard]] std::string lower(std::string_view s);  ///< ASCII only, whatever the locale

/// Whether any of `parts` stands somewhere in it.
[[nodiscard]] bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts);

/// Nothing when a %XX is malformed. @source RFC 3986, section 2.1
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// Damerau-Levenshtein distance (optimal string alignment) over bytes.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate a typist most probably meant, or nothing if all are too far: at most one edit per
/// three characters, at least one. Ties go to the first.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// "; did you mean 'x'?" or nothing: the tail of a message about an unknown word.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string> known);

/// Go's form: 90s, 5m, 1h30m, 250ms, and a plain 0. Nothing for anything else, so that a bare
/// number can be refused with the unit named.
/// @source Go time.ParseDuration, which kubectl and helm take
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view s);

/// 1024-based sizes: 512, 64k, 64KiB, 2g, 2GiB. Nothing for anything else or on overflow.
/// @source docker run --memory
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view s);

/// "0.4 s", "12.3 s", "1m42s", "2h05m": what a person reads, never longer than six characters or so.
[[nodiscard]] std::string show_duration(std::chrono::milliseconds d);
/// "512 B", "3.2 MB": powers of 1000, as registries and docker print them.
[[nodiscard]] std::string show_size(std::uint64_t bytes);

/// RFC 3339 in UTC with milliseconds: 2026-11-24T10:15:00.123Z.
[[nodiscard]] std::string rfc3339(std::chrono::system_clock::time_point t);
/// Seconds and optional fraction, `Z` or an offset. Nothing when malformed.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view s);

/// Text from outside made safe to show: control characters except newline and tab become \xNN.
[[nodiscard]] std::string printable(std::string_view s);

}  // namespace slipway::text
