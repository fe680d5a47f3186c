// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

namespace slipway::registry_push {

void describe(cli::App& app, Options& options) {
  app.about("registry-push", "Copies an image into registries and prints its name by digest.");
  app.group("Image");
  app.positional("REFERENCE", options.references, "where to: HOST/NAME:TAG; the image comes on stdin").required = true;
  app.option("--from", options.from, "SRC", "FILE, FOLDER, KIND:NAME (see manual), or - for stdin");
  app.option("--image", options.image, "NAME", "of the engine; with --from, which one of the archive");
  app.option("-t,--tag", options.tags, "TAG", "one more tag beside that of REFERENCE");
  app.flag("--if-absent", options.if_absent, "leave a tag alone that exists");
  app.option("--expect", options.expect, "DIGEST", "move a tag only from this digest");
  app.option("--reuse-from", options.reuse_from, "REF", "image to take layers from; by default the tag itself");
  app.group("Connection");
  app.option("--creds-file", options.creds_file, "FILE", "login file, instead of docker's and podman's");
  app.option("--username", options.username, "NAME", "log in with this name and --password-file");
  app.option("--password-file", options.password_file, "FILE", "such as /dev/fd/3");
  app.option("--token-file", options.token_file, "FILE", "token, read again at every renewal");
  app.flag("--anonymous", options.anonymous, "use no login");
  app.flag("--plain-http", options.plain_http, "no TLS, also to other machines");
  app.option("--ca", options.ca, "FILE", "certificates to trust instead of the system's");
  app.brief_group("Seldom needed");
  app.flag("--all", options.all, "every image of the archive; REFERENCE has {name}, {tag}");
  app.flag("--no-reuse", options.no_reuse, "compress every layer anew");
  app.option("--platform", options.platforms, "OS/ARCH", "only these of an image for several");
  app.flag("--trust-archive", options.trust_archive, "do not check layers that are not sent");
  app.option("--attach", options.attach, "TYPE=FILE", "push FILE beside the image, as its referrer");
  app.option("--compression", options.compression, "KIND", "of layers: gzip, gzip:portable, gzip:small, zstd, none");
  app.flag("--force-blobs", options.force_blobs, "send every blob, even those that are there");
  app.option("--verify", options.verify, "HOW", "ask afterwards: none, head (default), full");
  app.option("--output", options.output, "FORM", "of the lines: digest (default), ref, json");
  app.option("--certs-dir", options.certs_dir, "DIR", "instead of docker's and podman's certs.d");
  app.option("--cert", options.cert, "FILE", "certificate to show, with --key FILE");
  app.option("--retries", options.retries, "N", "tries more of each request (default 6)");
  app.option("--stall", options.stall, "DURATION", "no byte for so long breaks a request (default 60s)");
  app.option("--key", options.key, "FILE", "key of --cert");
  app.size("--chunk", options.chunk, "SIZE", "send no more in one request");
  app.size("--limit-rate", options.limit_rate, "SIZE", "bytes in a second");
  app.group("Effort");
  app.option("--jobs", options.jobs, "N", "uploads at once (default 6)");
  app.option("--threads", options.threads, "N", "compress with N threads (default: all)");
  app.size("--memory", options.memory, "SIZE", "for layers on their way (default 64m)");
  app.example("from the engine", "pipeline-build production | registry-push HOST/svc:1");
  app.example("without an engine", "podman save svc | registry-push HOST/svc:1");
  app.example("two tags", "registry-push HOST/svc:1 -t latest --from svc.tar.gz");
  app.exits({ExitCode::ok, ExitCode::usage, ExitCode::data, ExitCode::no_input, ExitCode::unavailable,
             ExitCode::cannot_create, ExitCode::io, ExitCode::try_again, ExitCode::protocol, ExitCode::permission,
             ExitCode::setup, ExitCode::timeout});
  app.exit_meaning(ExitCode::ok, "stored and confirmed");
  app.exit_meaning(ExitCode::cannot_create, "tag not to be moved");
}

}  // namespace slipway::registry_push
