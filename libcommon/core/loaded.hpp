// SPDX-License-Identifier: Apache-2.0
// A shared library that is loaded when it is first needed, where linking with it would make every start pay for it.
#pragma once

#include "core/error.hpp"

#include <string>

namespace slipway {

class LoadedLibrary {
 public:
  /// Never unloaded: libraries leave handlers for the end of the process.
  /// @param soname as ld.so(8) finds it, "libcurl.so.4"
  /// @param wanted what cannot be done without it, "a URL can only be read with libcurl"
  /// @param package of Debian, which has it
  /// @throws Error bad_setup: it is not there, or cannot be loaded
  LoadedLibrary(std::string soname, const std::string& wanted, const std::string& package);

  /// Sets `function` to the library's function `name`, which has to be of that type.
  /// @throws Error bad_setup: the library has none
  template <typename Function>
  void find(const char* name, Function*& function) const {
    function = reinterpret_cast<Function*>(address(name));
  }

 private:
  [[nodiscard]] void* address(const char* name) const;

  std::string soname_;
  void* handle_;
};

}  // namespace slipway
