// SPDX-License-Identifier: Apache-2.0
#include "policy_source.hpp"

#include "blubber/blubber.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "http/fetch.hpp"
#include "http/url.hpp"

#include <fmt/format.h>

namespace slipway::blubber_tool {

Text read_stdin(const io::Input& in, std::string_view what, const io::Run& run) {
  if (in.is_terminal())
    throw Error(failure::bad_usage, fmt::format("stdin is a terminal, and '-' wants a {} there", what));
  auto text = in.read_all(run, blubber::largest_text);
  if (text::trim(text).empty())
    throw Error(failure::empty_input, fmt::format("no {} on stdin: the step before failed", what));
  return {"<stdin>", std::move(text)};
}

Text read_policy_source(const std::string& uri, cli::Context& context) {
  if (uri == "-") return read_stdin(context.in, "policy", context.run);
  if (uri.starts_with("http://") || uri.starts_with("https://"))
    return {http::safe_url(uri), http::fetch(uri, blubber::largest_text, context.run)};
  return {uri, fs::read_file(uri, blubber::largest_text)};
}

}  // namespace slipway::blubber_tool
