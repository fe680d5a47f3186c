// SPDX-License-Identifier: Apache-2.0
// A session with one registry: blobs, uploads, manifests; with its login, its retries and its manners.
// All calls block and may come from several threads. What to send, and in which order, is the business
// of push. OCI distribution-spec v1.1; quirks of CNCF distribution 2.8 stand where they matter.
#pragma once

#include "oci/access.hpp"
#include "oci/authorizer.hpp"
#include "oci/courier.hpp"
#include "oci/digest.hpp"
#include "oci/lanes.hpp"
#include "oci/location.hpp"
#include "oci/pace.hpp"
#include "oci/progress.hpp"
#include "oci/reference.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::oci {

/// Bytes that can be sent, as often as it takes.
struct Blob {
  Digest digest;
  std::uint64_t size = 0;
  std::function<http::Body()> open;  ///< a body from the first byte on
};

/// Bytes that can be sent once, while they come into being.
struct BlobStream {
  std::string name;                                               ///< for people who watch
  std::function<std::size_t(char* into, std::size_t size)> read;  ///< as http::Body::read
  std::function<std::pair<Digest, std::uint64_t>()> finish;       ///< after the last byte: what it was
  bool again = false;                                             ///< what is not sent so can be sent as a Blob
};

struct StoredManifest {
  Digest digest;
  std::string media_type;
  std::string bytes;
};

class Registry {
 public:
  /// @param where names the registry; its repository is the first one that a login is looked up for
  /// @param usual what is asked of it: one token then serves all requests
  Registry(Courier& courier, const Reference& where, const Access& access, const io::Run& run,
           Authorizer::Need usual = Authorizer::Need::push);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool has_blob(const std::string& repository, const Digest& digest, std::uint64_t size);
  /// The content of a small blob, checked against its digest.
  /// @throws Error protocol when it is another or larger than `most`
  [[nodiscard]] std::optional<std::string> blob(const std::string& repository, const Digest& digest, std::size_t most);
  /// Takes the bytes of a blob. `full` is asked before each piece: true leaves it where it is, until Courier::wake().
  struct Receiver {
    std::function<void(std::string_view bytes)> take;
    std::function<bool()> full;
    std::function<bool()> unwanted;  ///< true ends it; asked after Courier::wake(), too
  };
  /// All bytes of a blob, in order; after a break from where it was. Not checked against its digest.
  /// @return false when nobody wanted it any more. @throws Error not_found when it is not there
  [[nodiscard]] bool download(const std::string& repository, const Digest& digest, std::uint64_t size,
                              const Receiver& to);
  /// Makes a blob of another repository of this registry one of `repository`, too. False when the
  /// registry would not, for whatever reason: it has to be sent then.
  [[nodiscard]] bool mount(const std::string& repository, const Digest& digest, const std::string& from);
  /// POST and one PUT; PATCHes before that where a limit of the registry's, or of a proxy's, is known. After a
  /// break the registry is asked how far it got; after an end that leaves the outcome open, for the blob.
  void upload(const std::string& repository, const Blob& blob);
  /// POST, one PATCH without a length, PUT; or as above, in pieces. False when the connection broke within bytes
  /// that are gone then.
  [[nodiscard]] bool upload(const std::string& repository, const BlobStream& stream);

  /// @param version a tag or a digest
  [[nodiscard]] std::optional<StoredManifest> manifest(const std::string& repository, const std::string& version);
  [[nodiscard]] std::optional<Digest> manifest_digest(const std::string& repository, const std::string& version);
  /// For a registry that knows conditions; others write whatever is there.
  struct Condition {
    bool only_new = false;
    std::optional<Digest> only_from;
  };
  /// @param all_there is asked after each wait for blobs that the registry does not know: whether it has them now.
  /// `late` after more than three seconds: then they are not late but lost, and to be sent again.
  /// @throws Error protocol when the registry confirms another digest; tag_exists when a condition does not hold
  /// @return whether the registry says that it lists the manifest as a referrer of its subject
  bool put_manifest(const std::string& repository, const std::string& version, const StoredManifest& manifest,
                    const Condition& condition, const std::function<bool(bool late)>& all_there = {});
  /// False when there is none. @throws Error bad_setup when the registry does not delete
  [[nodiscard]] bool delete_manifest(const std::string& repository, const Digest& digest);
  /// The last names that the registry lists, at most `most`.
  [[nodiscard]] std::vector<std::string> last_tags(const std::string& repository, std::size_t most);

  /// Gives up sessions that refused mounts have left and no upload has used.
  void drop_spares();
  /// What gives up the uploads that were begun and not ended: for Courier::farewell().
  [[nodiscard]] std::vector<http::Request> leftovers();

 private:
  /// One request, in a form that can be sent again.
  struct Ask {
    std::string method;
    std::string url;
    std::string repository;
    Authorizer::Need need = Authorizer::Need::pull;
    std::string from = {};  ///< a second repository that is read
    std::vector<http::Header> headers;
    std::string content;
    std::function<http::Body()> open;
    bool own = true;  ///< to the registry itself: with its credentials
    bool follow = false;
    std::size_t most = 64U << 20U;
    bool once = false;                               ///< its body cannot be sent again, not even after a 401
    bool brief = false;                              ///< not worth waiting for
    const Receiver* into = nullptr;                  ///< of the body of a good answer
    std::function<void(int status)> on_answer = {};  ///< before its first byte
  };
  struct Session {
    std::string url;
    bool own = true;
  };

  [[nodiscard]] std::string url(const std::string& repository, std::string_view rest);
  /// scheme://host[:port]. For a registry on this machine a guess until it has answered: in clear, because most there
  /// speak no TLS, and setting it up in vain would take a tenth of a push that has nothing to send. No secret goes that
  /// way: credentials are sent only after a challenge.
  [[nodiscard]] std::string origin();
  [[nodiscard]] std::string http_origin() const { return "http://" + api_host_; }
  [[nodiscard]] std::string https_origin() const { return "https://" + api_host_; }
  /// A URL of this registry as it is known by now.
  [[nodiscard]] std::string here(const std::string& url);
  /// Settles origin() by what became of a request in clear. True when it has to be sent again, by TLS.
  [[nodiscard]] bool turns_out_tls(const http::Result& first);
  [[nodiscard]] std::string place(const Ask& ask, int status);
  [[nodiscard]] http::Request to_request(const Ask& ask);
  /// One try: credentials, and after a 401 one more with new ones, unless bytes of a body have gone out.
  /// @param renewed whether a 401 that is returned may be another answer next time
  [[nodiscard]] http::Result attempt(const Ask& ask, bool* renewed = nullptr);
  /// Tries until there is an answer that trying again does not change.
  [[nodiscard]] http::Response ask(const Ask& ask);
  /// Waits before another try, or throws what the last one came to.
  void back_off(const Ask& ask, const http::Result& last, int tries);
  void wait_for_turn();
  [[nodiscard]] Error refused(const Ask& ask, const http::Response& response);
  [[nodiscard]] Error failed(const Ask& ask, const http::Result& last);

  void warn_once(const std::string& text);
  /// A warning for people, `key` the first time only.
  void once(const std::string& key, const std::string& text);
  /// Makes everybody wait as long as the registry asks for.
  std::optional<std::chrono::milliseconds> heed(const Ask& ask, const http::Result& last);

  // Uploads: upload.cpp.
  /// A blob on its way into one repository.
  struct Sending {
    std::string repository;
    std::optional<Session> session;
    std::uint64_t at = 0;              ///< bytes that the registry has confirmed
    std::uint64_t given = 0;           ///< bytes that have gone out into this session, confirmed or not
    int tries = 0;                     ///< since it last got further
    int lost = 0;                      ///< sessions
    bool renewed = false;              ///< after a 401
    std::optional<std::uint64_t> cut;  ///< how many bytes the last broken request took
  };
  /// What the next request carries: [at, until), and the end of the blob if `whole` is known.
  struct Part {
    std::uint64_t until = 0;
    std::optional<std::pair<Digest, std::uint64_t>> whole;
    std::function<http::Body(std::uint64_t from, std::uint64_t size)> take;
  };
  enum class Step { on, stored, lost };

  /// One that a refused mount has left.
  [[nodiscard]] std::optional<Session> spare_session(const std::string& repository);
  [[nodiscard]] Session open_session(const std::string& repository);
  [[nodiscard]] Session session_of(const Ask& ask, const http::Response& response);
  void forget(const Session& session);
  void abandon(const std::string& repository, const Session& session);
  /// One request; its outcome is in `sending`.
  [[nodiscard]] Step send(Sending& sending, const Part& part);
  [[nodiscard]] Step chunk_sent(Sending& sending, const Part& part, const Ask& ask, const http::Response& response);
  [[nodiscard]] Step not_sent(Sending& sending, const Part& part, const Ask& ask, const http::Result& result,
                              bool renewed);
  /// Asks where the session stands. Without a plausible answer it is given up.
  void find_out(Sending& sending);
  Step lose(Sending& sending, const Ask& ask, const http::Result& result);
  [[nodiscard]] bool confirmed(const std::string& repository, const Digest& digest, std::uint64_t size, const Ask& ask,
                               const http::Response& response);
  [[nodiscard]] std::uint64_t most_at_once();
  [[nodiscard]] bool send_less(std::uint64_t refused, std::string_view why);
  [[nodiscard]] bool upload_in_pieces(Sending& sending, const BlobStream& stream);
  [[nodiscard]] bool close_session(Sending& sending, const Digest& digest, std::uint64_t size);

  Courier& courier_;
  std::string name_;      ///< as people write it
  std::string api_host_;  ///< where requests go
  const Access& access_;
  http::Tls tls_;
  io::Run run_;
  Authorizer::Need usual_;
  Authorizer authorizer_;
  std::mutex mutex_;
  std::string origin_;                                     ///< scheme://host[:port], once it is known
  std::vector<std::pair<std::string, Session>> sessions_;  ///< repository, session
  std::chrono::steady_clock::time_point not_before_{};     ///< nobody asks before, when the registry said so
  std::minstd_rand dice_;
  std::set<std::string> warned_;
  std::vector<std::pair<std::string, Session>> spare_;  ///< repository, session; among sessions_ as well
  std::uint64_t most_at_once_ = 0;                      ///< bytes in a body; zero for no limit
  std::uint64_t least_at_once_ = 0;
  bool trusts_ranges_ = true;
  std::atomic<bool> answered_ = false;  ///< at all, in this run
  Lanes lanes_;
  Pace pace_;
  Progress progress_;
};

}  // namespace slipway::oci
