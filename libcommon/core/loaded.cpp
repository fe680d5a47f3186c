// SPDX-License-Identifier: Apache-2.0
#include "core/loaded.hpp"

#include <fmt/format.h>

#include <dlfcn.h>
#include <utility>

namespace slipway {

LoadedLibrary::LoadedLibrary(std::string soname, const std::string& wanted, const std::string& package)
    : soname_(std::move(soname)), handle_(::dlopen(soname_.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr)
    throw Error(failure::bad_setup, fmt::format("{}: {}", wanted, ::dlerror()), "apt-get install " + package);
}

void* LoadedLibrary::address(const char* name) const {
  auto* found = ::dlsym(handle_, name);
  if (found == nullptr) throw Error(failure::bad_setup, fmt::format("{} has no {}", soname_, name));
  return found;
}

}  // namespace slipway
