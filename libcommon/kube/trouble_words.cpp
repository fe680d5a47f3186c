// SPDX-License-Identifier: Apache-2.0
// What the words of runtimes, registries and admission come down to: the class of a message, and the message without
// what only clutters it.
#include "core/text.hpp"
#include "kube/trouble_table.hpp"

#include <algorithm>

namespace slipway::kube {

std::span<const TroubleClass> trouble_classes() { return classes; }

const TroubleClass* trouble_class(std::string_view id_or_name) {
  const auto wanted = text::lower(id_or_name);
  for (const auto& each : classes)
    if (each.id == wanted || text::lower(each.name) == wanted) return &each;
  return nullptr;
}

const TroubleClass& classify_pull(std::string_view message) {
  const auto words = text::lower(message);
  // Network words first: "lookup registry: no such host" and "proxy not found" are no missing image.
  if (text::contains_any(words,
                         {"dial tcp", "i/o timeout", "connection refused", "connection reset", "x509", "tls handshake",
                          "no such host", "deadline exceeded", "too many requests", "toomanyrequests", "500 internal",
                          "502 bad", "503 service", "504 gateway", "unexpected eof", "server gave http response"}))
    return *of("image-pull");
  if (text::contains_any(words, {"unauthorized", "denied", "no basic auth", "authentication required",
                                 "authorization failed", "forbidden"}))
    return *of("image-auth");
  if (text::contains_any(words, {"not found", "manifest unknown", "no such tag", "name unknown", "does not exist",
                                 "no match for platform", "no matching manifest"}))
    return *of("image-not-found");
  return *of("image-pull");
}

std::string tidy_message(std::string_view message, std::size_t most) {
  // The runtime's wrapping, once around each layer, says nothing.
  std::string text = text::printable(text::trim(message));
  std::ranges::replace(text, '\n', ' ');
  std::ranges::replace(text, '\t', ' ');
  for (const std::string_view noise :
       {"rpc error: code = NotFound desc = ", "rpc error: code = Unknown desc = ", "failed to pull and unpack image ",
        "(combined from similar events): ", "Error creating: ", "rpc error: code = Unavailable desc = "})
    for (auto at = text.find(noise); at != std::string::npos; at = text.find(noise)) text.erase(at, noise.size());
  // containerd names the image once at each layer; the last says it all.
  constexpr std::string_view resolve = "failed to resolve reference ";
  if (const auto at = text.find(resolve); at != std::string::npos) {
    const auto end = text.find("\": ", at + resolve.size());
    if (end != std::string::npos) text.erase(0, end + 3);
  }
  // user:password@ in an address, and what follows a bearer word.
  for (auto at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
    const auto end = text.find_first_of(" /\"'", at + 3);
    const auto user = text.find('@', at + 3);
    if (user != std::string::npos && (end == std::string::npos || user < end))
      text.replace(at + 3, user - at - 3, "...");
  }
  for (const std::string_view word : {"Bearer ", "Basic "})
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + word.size())) {
      const auto begin = at + word.size();
      const auto end = std::min(text.find_first_of(" \"',", begin), text.size());
      if (end - begin >= 12) text.replace(begin, end - begin, "...");
    }
  if (text.size() > most) {
    auto cut = most;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
    text.resize(cut);
    text += "...";
  }
  return text;
}

Trouble refusal(std::string_view message, int count) {
  Trouble trouble;
  trouble.message = tidy_message(message);
  trouble.count = count;
  if (text::contains_any(message, {"exceeded quota"})) trouble.kind = of("quota");
  else if (text::contains_any(message,
                              {"failed calling webhook", "context deadline exceeded", "failed to call webhook"}))
    trouble.kind = of("webhook-down");
  else trouble.kind = of("create-denied");
  // Without events nothing can be counted, and the condition alone has to do.
  trouble.ripe = count == 0 || count >= trouble.kind->attempts;
  return trouble;
}

}  // namespace slipway::kube
