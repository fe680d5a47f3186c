// SPDX-License-Identifier: Apache-2.0
// Reads one map of a configuration: knows which keys may stand in it, and gives each as the type that
// is wanted, with an error for anything else. An absent key and a null are the same.
#pragma once

#include "blubber/config.hpp"
#include "blubber/dockerfile.hpp"
#include "blubber/expansion.hpp"
#include "blubber/report.hpp"

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

namespace slipway::blubber {

/// A rule for text and what to say when it is broken: "'{}' is no absolute path".
struct Rule {
  bool (*holds)(std::string_view);
  std::string_view complaint;  ///< after the quoted text
};

class MapReader {
 public:
  enum class Unknown { is_error, is_warning };

  /// @param path of the map itself; empty at the top
  MapReader(Report& report, const data::Value& value, std::string path, std::initializer_list<std::string_view> known,
            Unknown unknown = Unknown::is_error);

  /// Null (the pointer) when the key is absent or its value null.
  [[nodiscard]] const data::Value* find(std::string_view key) const;
  [[nodiscard]] std::string path(std::string_view key) const;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const data::Mark& mark() const { return value_->mark(); }
  [[nodiscard]] Report& report() const { return *report_; }

  /// The empty text keeps every rule; whether it will do is the caller's to say.
  [[nodiscard]] Field<std::string> text(std::string_view key, const Rule* rule = nullptr,
                                        std::size_t limit = longest_argument) const;
  [[nodiscard]] Field<bool> flag(std::string_view key) const;
  /// A user's or group's number.
  [[nodiscard]] Field<std::int64_t> id(std::string_view key) const;
  [[nodiscard]] Field<Texts> texts(std::string_view key, const Rule* rule = nullptr) const;
  /// A map of names to texts; a null value is the empty text. Together they become one string of a process's
  /// environment, for which there is a limit.
  [[nodiscard]] Pairs pairs(std::string_view key, const Rule& name_rule) const;

  void error(const data::Value& at, std::string_view key, std::string message) const;

 private:
  Report* report_;
  const data::Value* value_;
  std::string path_;
};

/// The text of a scalar as it stood in the file.
/// @param limit bytes that it may have
/// @return nothing, and an error, for a list or a map
[[nodiscard]] std::optional<std::string> read_text(Report& report, const data::Value& value, const std::string& path,
                                                   const Rule* rule = nullptr, std::size_t limit = longest_argument);

/// Calls `each(item, path)` for the items of a list; anything but a list is an error.
/// @return whether it was a list
bool read_list(Report& report, const data::Value& value, const std::string& path,
               const std::function<void(const data::Value&, const std::string&)>& each);

/// A dollar that some builders would take for a variable, and that is kept as it is.
void warn_of_odd_dollar(Report& report, std::string_view text, const data::Mark& at, const std::string& path,
                        Variables which);

namespace rules {
extern const Rule image;
extern const Rule absolute_path;
extern const Rule user_name;
extern const Rule environment_name;
extern const Rule http_url;
extern const Rule proxied_url;
extern const Rule apt_word;
extern const Rule debian_package;
extern const Rule node_environment;
extern const Rule clean_text;
}  // namespace rules

}  // namespace slipway::blubber
