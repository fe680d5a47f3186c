// SPDX-License-Identifier: Apache-2.0
#include "git/library.hpp"

#include "core/loaded.hpp"

// Where libgit2 is built with mbedTLS, as Debian builds it, its start parses all certificates of the system: 3 ms of an
// idle machine's time, half of what a read takes, for connections that are never made here, because the git program
// makes them. A program's own functions come before a library's of the same name, once the linker is told to show them
// (CMakeLists.txt); these know no certificate.
extern "C" int mbedtls_x509_crt_parse_file(void* chain, const char* path);
extern "C" int mbedtls_x509_crt_parse_path(void* chain, const char* path);
int mbedtls_x509_crt_parse_file(void* /*chain*/, const char* /*path*/) { return 0; }
int mbedtls_x509_crt_parse_path(void* /*chain*/, const char* /*path*/) { return 0; }
// In the same way its start has libssh2 make a table of all ciphers of OpenSSL, for connections that ssh(1) makes here.
extern "C" int libssh2_init(int flags);
int libssh2_init(int /*flags*/) { return 0; }

namespace slipway::git {

namespace {

/// From its start to its end; the library itself stays loaded, since its own libraries have handlers for the end of
/// the process.
class Started {
 public:
  Started() {
    const LoadedLibrary loaded("libgit2.so." LIBGIT2_SOVERSION, "a git repository can only be read with libgit2",
                               "libgit2-" LIBGIT2_SOVERSION);
#define SLIPWAY_LOAD(name) loaded.find("git_" #name, library.name);
    SLIPWAY_LIBGIT2(SLIPWAY_LOAD)
#undef SLIPWAY_LOAD
    library.libgit2_init();
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;
  ~Started() { library.libgit2_shutdown(); }

  Library library;
};

}  // namespace

const Library& lib() {
  static const Started started;
  return started.library;
}

}  // namespace slipway::git
