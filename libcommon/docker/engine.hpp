// SPDX-License-Identifier: Apache-2.0
// A container engine that speaks the Docker Engine API (docker, or podman's docker-compatible
// socket), without its command line. Builds, images and containers as pipeline-build, pipeline-test
// and registry-push need them. What the engine answers with an error becomes an Error that shows the
// engine's own words.
#pragma once

#include "http/client.hpp"
#include "io/events.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::docker {

/// Where an engine listens.
struct Endpoint {
  std::string base;  ///< "http://docker" for a unix socket
  std::optional<std::string> unix_socket;
  std::string shown;  ///< as a person writes it: unix:///var/run/docker.sock
};

/// @param docker_host as in $DOCKER_HOST; /var/run/docker.sock when it is absent or empty
/// @throws Error bad_setup for ssh://, for tcp:// to other machines without TLS, for anything unknown
[[nodiscard]] Endpoint endpoint(const std::optional<std::string>& docker_host);

using Labels = std::map<std::string, std::string>;
/// Gets bytes as they come; false ends the transfer.
using Sink = std::function<bool(std::string_view bytes)>;

struct Image {
  std::string id;                    ///< sha256:..., the digest of the configuration
  std::vector<std::string> tags;     ///< NAME:TAG
  std::vector<std::string> digests;  ///< NAME@sha256:..., as registries confirmed them
  Labels labels;
  std::string architecture;
  std::string os;
  std::uint64_t size = 0;             ///< bytes
  std::vector<std::string> diff_ids;  ///< of its layers, lowest first, as its configuration has them
  std::vector<int> exposed_ports;     ///< TCP
  std::string user;
  std::string workdir;
};

struct BuildRequest {
  std::string dockerfile;  ///< name of the Dockerfile in the context
  std::vector<std::string> tags;
  std::vector<std::pair<std::string, std::string>> args;
  Labels labels;
  std::string target;   ///< stage to stop at; empty for the last
  std::string network;  ///< as docker build --network; empty for the engine's own
  bool pull = false;    ///< base images anew even where they are present
  bool no_cache = false;
};

struct ContainerSpec {
  std::string image;
  std::string name;                    ///< empty for one that the engine makes up
  std::vector<std::string> arguments;  ///< instead of the image's CMD, unless empty
  std::optional<std::vector<std::string>> entrypoint;
  std::vector<std::pair<std::string, std::string>> env;
  std::string user;
  std::string workdir;
  std::string hostname;
  std::string network;  ///< empty for the default one
  Labels labels;
  std::uint64_t memory = 0;  ///< bytes, swap included; 0 for no limit
  double cpus = 0;
  int pids = 0;
  bool drop_capabilities = false;  ///< all of them, and no way to regain one
  bool init = false;               ///< a process 1 that reaps and passes signals on
  bool read_only = false;
  std::vector<std::string> tmpfs;
};

struct ContainerState {
  bool running = false;
  bool oom_killed = false;
  int exit_code = 0;
  std::string error;  ///< why it did not start
};

struct ContainerRow {
  std::string id;
  std::string name;
  std::string image;
  std::string state;
  Labels labels;
};

enum class Stream { out, err };
/// Gets what a container printed, in the order in which it was printed.
using LogSink = std::function<void(Stream stream, std::string_view bytes)>;

class Engine {
 public:
  /// Asks the engine for its version; calls that follow speak its API, up to 1.41.
  /// @param agent User-Agent
  /// @throws Error no_engine when nothing answers at `where`, denied when the socket may not be used
  Engine(Endpoint where, std::string agent, const io::Run& run);

  [[nodiscard]] const Endpoint& where() const { return where_; }
  [[nodiscard]] const std::string& version() const { return version_; }  ///< of the engine, 20.10.24
  [[nodiscard]] const std::string& api() const { return api_; }          ///< 1.41

  // Images.

  /// Builds with the classic builder; intermediate containers are removed. Ending the run cancels it.
  /// @param context the build context as tar
  /// @param on_line each line that the build prints
  /// @return the image's id
  /// @throws Error build_failed with the failing step in it; bad_input for a broken Dockerfile
  [[nodiscard]] std::string build(const BuildRequest& request, http::Body context,
                                  const std::function<void(std::string_view line)>& on_line, const io::Run& run);
  /// Nothing when the engine has no such image.
  [[nodiscard]] std::optional<Image> image(const std::string& name, const io::Run& run);
  /// @param to NAME:TAG or NAME
  void tag(const std::string& image, const std::string& to, const io::Run& run);
  /// Takes the name away; the image itself goes with its last name. No error when there is none.
  void untag(const std::string& name, const io::Run& run);
  /// Streams images as one `docker save` archive (tar, uncompressed) into `sink`, from this thread.
  /// A sink that returns false ends the transfer, and save returns.
  /// @param names what the archive's RepoTags will hold; an id gives an archive without a name
  /// @throws Error not_found; protocol when the stream breaks
  void save(const std::vector<std::string>& names, const Sink& sink, const io::Run& run);
  /// Takes a `docker save` archive. @return names or ids of what came in
  [[nodiscard]] std::vector<std::string> load(http::Body archive, const io::Run& run);

  // Containers.

  /// @return the container's id
  /// @throws Error not_found when the image is not there
  [[nodiscard]] std::string create(const ContainerSpec& spec, const io::Run& run);
  /// @throws Error bad_input when its program cannot be started
  void start(const std::string& id, const io::Run& run);
  /// Hands out what the container prints until it ends. @return its exit code
  /// When the run is stopped or its time is up first, the container gets that signal (SIGTERM for
  /// time), SIGKILL after `grace`, and its last words are still handed out.
  /// @throws Error interrupted or timed_out, when the container has ended
  int follow(const std::string& id, const LogSink& sink, std::chrono::milliseconds grace, const io::Run& run);
  [[nodiscard]] ContainerState state(const std::string& id, const io::Run& run);
  /// No error when it has ended already. @param signal "SIGTERM"
  void kill(const std::string& id, const std::string& signal, const io::Run& run);
  /// SIGTERM, and SIGKILL after `grace`; waits for the end.
  void stop(const std::string& id, std::chrono::seconds grace, const io::Run& run);
  /// With its volumes, and running or not. No error when there is none.
  void remove(const std::string& id, const io::Run& run);
  /// Streams files or directories of a container, running or not, as tar.
  /// @return false when there is no such path
  bool copy_out(const std::string& id, const std::string& path, const Sink& sink, const io::Run& run);
  /// Running or not. @param label NAME or NAME=VALUE
  [[nodiscard]] std::vector<ContainerRow> containers(const std::string& label, const io::Run& run);

 private:
  [[nodiscard]] http::Request request(std::string method, const std::string& path) const;
  /// @throws Error no_engine, or what the engine's answer means
  http::Response call(http::Request request, const io::Run& run);
  [[nodiscard]] Error refused(const http::Response& response, const std::string& what) const;
  [[nodiscard]] Error no_answer(const http::Transport& transport) const;

  Endpoint where_;
  http::Client client_;
  std::string version_;
  std::string api_;
};

}  // namespace slipway::docker
