// SPDX-License-Identifier: Apache-2.0
// How many uploads one registry gets at once: as many as want to, until it says that it has too much to do;
// then half as many, and one more after every ten good answers.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

namespace slipway::oci {

class Lanes {
 public:
  /// @param check is called now and then while enter() waits; what it throws ends the waiting
  void enter(const std::function<void()>& check);
  void leave() noexcept;
  void shrink();
  void praise();

  [[nodiscard]] int allowed() const;

  static constexpr int good_answers = 10;  ///< for one lane more

 private:
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  int busy_ = 0;
  int allowed_ = 0;  ///< 0: no limit
  int good_ = 0;
};

/// One lane, as long as it lives.
class Lane {
 public:
  Lane(Lanes& lanes, const std::function<void()>& check) : lanes_(lanes) { lanes_.enter(check); }
  ~Lane() { lanes_.leave(); }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

 private:
  Lanes& lanes_;
};

}  // namespace slipway::oci
