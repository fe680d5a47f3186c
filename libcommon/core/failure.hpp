// SPDX-License-Identifier: Apache-2.0
// Every kind of failure that a tool can stop with: a stable id for machines, the exit status that
// goes with it, and what it means. The ids are an interface: the JSON error carries them and
// exit-status(7) lists them, so one may be added but none renamed.
#pragma once

#include "core/exit_code.hpp"

#include <array>
#include <string_view>

namespace slipway {

struct Failure {
  std::string_view id;
  ExitCode code;
  std::string_view meaning;
};

namespace failure {
// What every tool can run into.
inline constexpr Failure bad_usage{"bad-usage", ExitCode::usage, "the command line is wrong"};
inline constexpr Failure bad_input{"bad-input", ExitCode::data, "an input file or stream is malformed"};
inline constexpr Failure empty_input{"empty-input", ExitCode::data, "stdin was empty: the step before failed"};
inline constexpr Failure not_found{"not-found", ExitCode::no_input, "what was named does not exist"};
inline constexpr Failure unreachable{"unreachable", ExitCode::unavailable, "nothing answers at an address"};
inline constexpr Failure internal{"internal", ExitCode::bug, "a fault of the tool itself"};
inline constexpr Failure cannot_create{"cannot-create", ExitCode::cannot_create, "an output file cannot be created"};
inline constexpr Failure read_failed{"read-failed", ExitCode::io, "reading a file or stream failed"};
inline constexpr Failure write_failed{"write-failed", ExitCode::io, "writing failed, for instance on a full disk"};
inline constexpr Failure busy{"busy", ExitCode::try_again, "a lock is held or a limit reached: try again later"};
inline constexpr Failure conflict{"conflict", ExitCode::try_again, "someone else changed it meanwhile"};
inline constexpr Failure protocol{"protocol", ExitCode::protocol, "an answer breaks the standard it should follow"};
inline constexpr Failure denied{"denied", ExitCode::permission, "credentials are missing, wrong or too weak"};
inline constexpr Failure bad_setup{"bad-setup", ExitCode::setup, "the environment lacks something the tool needs"};
inline constexpr Failure timed_out{"timed-out", ExitCode::timeout, "--timeout ran out"};
inline constexpr Failure interrupted{"interrupted", ExitCode::bug, "a signal ended the run; the status is 128+n"};
// pipeline-build and pipeline-test.
inline constexpr Failure no_engine{"no-engine", ExitCode::unavailable, "no container engine answers"};
inline constexpr Failure engine_failed{"engine-failed", ExitCode::unavailable,
                                       "the container engine has a fault of its own"};
inline constexpr Failure build_failed{"build-failed", ExitCode::no, "a build step returned non-zero"};
// blubber.
inline constexpr Failure against_policy{"against-policy", ExitCode::no, "a configuration breaks a rule of a policy"};
// registry-push.
inline constexpr Failure tag_exists{"tag-exists", ExitCode::cannot_create, "a tag was not to be moved"};
// deploy-helm.
inline constexpr Failure stale_plan{"stale-plan", ExitCode::try_again, "the world moved after the plan was made"};
inline constexpr Failure not_approved{"not-approved", ExitCode::permission, "a plan has no valid approval"};
inline constexpr Failure no_helm{"no-helm", ExitCode::setup, "no usable helm program was found"};
inline constexpr Failure helm_failed{"helm-failed", ExitCode::no, "helm refused or failed"};
}  // namespace failure

/// All of the above, for exit-status(7) and its test.
inline constexpr std::array failure_table{
    failure::bad_usage,    failure::bad_input,     failure::empty_input,   failure::not_found,
    failure::unreachable,  failure::internal,      failure::cannot_create, failure::read_failed,
    failure::write_failed, failure::busy,          failure::conflict,      failure::protocol,
    failure::denied,       failure::bad_setup,     failure::timed_out,     failure::interrupted,
    failure::no_engine,    failure::engine_failed, failure::build_failed,  failure::against_policy,
    failure::tag_exists,   failure::stale_plan,    failure::not_approved,  failure::no_helm,
    failure::helm_failed,
};

}  // namespace slipway
