// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials.hpp"

#include "core/base64.hpp"
#include "core/error.hpp"
#include "core/fs.hpp"
#include "core/text.hpp"
#include "kube/fields.hpp"
#include "process/spawn.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

namespace slipway::kube {

using namespace std::chrono_literals;
using nlohmann::json;
using Clock = std::chrono::system_clock;

namespace {

constexpr auto token_file_life = 60s;  // as client-go: rotated tokens overlap for longer
constexpr auto expiry_margin = 10s;
constexpr auto plugin_limit = 60s;

/// May the plugin ask the person? @source client.authentication.k8s.io, interactiveMode
bool interactive(const ExecPlugin& plugin) {
  return plugin.interactive != ExecPlugin::Interactive::never && ::isatty(STDIN_FILENO) == 1;
}

/// KUBERNETES_EXEC_INFO. @source client.authentication.k8s.io ExecCredential
std::string exec_info(const Access& access) {
  json info{{"apiVersion", access.exec->api_version},
            {"kind", "ExecCredential"},
            {"spec", {{"interactive", interactive(*access.exec)}}}};
  if (access.exec->provide_cluster_info) {
    json cluster{{"server", access.server}, {"insecure-skip-tls-verify", access.insecure}};
    if (access.tls_server_name) cluster["tls-server-name"] = *access.tls_server_name;
    if (access.ca_pem) cluster["certificate-authority-data"] = base64::encode(*access.ca_pem);
    if (access.proxy) cluster["proxy-url"] = *access.proxy;
    info["spec"]["cluster"] = std::move(cluster);
  }
  return info.dump();
}

/// All that a plugin is told: equal questions have equal answers.
std::string question_of(const Access& access) {
  json question{access.exec->command, access.exec->args, exec_info(access)};
  for (const auto& [name, value] : access.exec->env) question.push_back(name + '=' + value);
  return question.dump();
}

}  // namespace

const CredentialProof& Credentials::current(const io::Run& run) {
  if (proof_ && (!expires_ || Clock::now() < *expires_)) return *proof_;
  CredentialProof fresh;
  fresh.cert_pem = access_->cert_pem;
  fresh.key_pem = access_->key_pem;
  proof_ = std::move(fresh);
  expires_.reset();
  if (access_->token) proof_->authorization = "Bearer " + *access_->token;
  else if (access_->exec) ask_plugin(run);
  else if (access_->token_file) read_token_file();
  else if (access_->basic)
    proof_->authorization = "Basic " + base64::encode(access_->basic->first + ':' + access_->basic->second);
  return *proof_;
}

bool Credentials::renew() {
  proof_.reset();
  refused_ = true;
  return !access_->token && (access_->exec || access_->token_file);
}

void Credentials::read_token_file() {
  try {
    proof_->authorization = "Bearer " + std::string(text::trim(fs::read_file(*access_->token_file, 1U << 20U)));
  } catch (const Error& error) {
    proof_.reset();
    throw Error(failure::bad_setup,
                fmt::format("the token file of user '{}' cannot be read: {}", access_->user, error.message()));
  }
  expires_ = Clock::now() + token_file_life;
}

void Credentials::ask_plugin(const io::Run& run) {
  proof_.reset();  // stays so when anything below throws
  const bool again = std::exchange(refused_, false);
  PluginAnswer answer;
  if (access_->plugins) {
    auto& memory = *access_->plugins;
    const std::scoped_lock lock(memory.mutex);
    const auto key = question_of(*access_);
    const auto known = memory.answers.find(key);
    const bool fresh =
        known != memory.answers.end() && (!known->second.expires || Clock::now() < *known->second.expires);
    if (fresh && !again) {
      answer = known->second;
    } else {
      answer = run_plugin(run);
      memory.answers[key] = answer;
    }
  } else {
    answer = run_plugin(run);
  }
  proof_ = std::move(answer.proof);
  if (!proof_->cert_pem) proof_->cert_pem = access_->cert_pem;
  if (!proof_->key_pem) proof_->key_pem = access_->key_pem;
  expires_ = answer.expires;
}

PluginAnswer Credentials::run_plugin(const io::Run& run) const {
  const auto& plugin = *access_->exec;
  const auto fail = [&](const std::string& why) {
    return Error(failure::bad_setup,
                 fmt::format("the credential plugin '{}' of user '{}' {}", plugin.command, access_->user, why),
                 plugin.install_hint);
  };
  if (plugin.interactive == ExecPlugin::Interactive::always && !interactive(plugin))
    throw fail("insists on a terminal (interactiveMode: Always), and standard input is none");
  process::Command command;
  command.at_terminal = interactive(plugin);
  command.argv.push_back(plugin.command);
  command.argv.insert(command.argv.end(), plugin.args.begin(), plugin.args.end());
  command.env = plugin.env;
  command.env.emplace_back("KUBERNETES_EXEC_INFO", exec_info(*access_));
  command.keep = 1U << 20U;
  process::Outcome outcome;
  try {
    outcome = process::run(command, io::Run{run.events, run.stop, run.deadline.sooner(Deadline::in(plugin_limit))});
  } catch (const Error& error) {
    if (error.code() == ExitCode::setup) throw fail("cannot be run: " + error.message());
    if (error.code() == ExitCode::timeout && !run.deadline.passed()) throw fail("gave no answer within 60 s");
    throw;
  }
  if (!outcome.ok()) {
    const auto last = text::printable(text::trim(outcome.err_tail));
    throw fail(fmt::format("failed ({}){}",
                           outcome.signal != 0 ? fmt::format("signal {}", outcome.signal)
                                               : fmt::format("exit {}", outcome.status),
                           last.empty() ? "" : ": " + last.substr(0, 300)));
  }
  const auto answer = json::parse(outcome.out, nullptr, false);
  if (!answer.is_object() || text_at(answer, {"kind"}) != "ExecCredential")
    throw fail("answered something that is no ExecCredential");
  if (text_at(answer, {"apiVersion"}) != plugin.api_version)
    throw fail(
        fmt::format("answered in {}, but was asked for {}", text_at(answer, {"apiVersion"}), plugin.api_version));
  const auto token = text_at(answer, {"status", "token"});
  const auto cert = text_at(answer, {"status", "clientCertificateData"});
  const auto key = text_at(answer, {"status", "clientKeyData"});
  if (token.empty() && (cert.empty() || key.empty()))
    throw fail("answered without a token and without a certificate and key");
  PluginAnswer said;
  if (!token.empty()) said.proof.authorization = "Bearer " + token;
  if (!cert.empty() && !key.empty()) {
    said.proof.cert_pem = cert;
    said.proof.key_pem = key;
  }
  if (const auto until = time_at(answer, {"status", "expirationTimestamp"})) said.expires = *until - expiry_margin;
  return said;
}

}  // namespace slipway::kube
