#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The artifact registry of the design: readable by everyone, writable only by the pipeline, with the files of examples/registry.
# And what else stands before registries: Basic authentication on writes alone (form 0), on the ping too (A), on a second name
# (C); the registry's own TLS and passwords; its token authentication, with a GitLab job's token while the image comes on stdin.
# What was pushed is pulled by docker, skopeo and containerd, and is the same file by file.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/registry/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/registry/lib.sh"
PATH=$PATH:/usr/sbin

need_engine
make_image
# docker verifies nothing under 127.0.0.0/8, so the front listens on the engine's own bridge as well.
bridge=$(docker network inspect bridge --format '{{(index .IPAM.Config 0).Gateway}}')
# An engine that found its bridge there already does not name the gateway.
[ -n "$bridge" ] || bridge=$(ip -4 -o address show docker0 | sed -n '1s|.* inet \([0-9.]*\)/.*|\1|p')
make_certificates registry.test localhost 127.0.0.1 "$bridge"
secret=hunter2-$RANDOM$RANDOM
printf '%s\n' "$secret" >"$scratch/password"
printf 'wrong\n' >"$scratch/wrong"
export DOCKER_CONFIG=$scratch/no-login HOME=$scratch
mkdir "$scratch/no-login"
push() { registry-push --ca "$scratch/tls/ca.crt" "$@"; }
login=(--username pipeline --password-file "$scratch/password")
# quiet NAME: no secret stands in what was said
quiet() { empty "$1" "$(grep -F -e "$secret" <<<"$out$err" || true)"; }
tag_of() { curl -s --noproxy '*' -o /dev/null -w '%{http_code}' -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' "$@"; }

# ---- form B: examples/registry

chmod 711 "$scratch" # nginx's workers are www-data
site=$scratch/site
holds "set-up makes the folder" "$top/examples/registry/set-up" "$site" registry.test "$bridge:28445" 127.0.0.1:28441
cp "$scratch/tls/server.crt" "$scratch/tls/server.key" "$site/"
printf '%s' "$secret" | htpasswd -niB pipeline >"$site/htpasswd"
chmod 644 "$site/htpasswd"
(cd "$site" && REGISTRY_HTTP_ADDR=127.0.0.1:28441 exec docker-registry serve registry.yml) >"$scratch/registry.log" 2>&1 </dev/null &
pids+=($!)
background nginx nginx -p "$site" -c nginx.conf -g 'daemon off;'
front=$bridge:28445
within 20 answers "https://$front/v2/" --cacert "$scratch/tls/ca.crt" || { cat "$scratch/nginx.log" "$site/error.log" "$scratch/registry.log"; exit 1; }
docker_trusts "$front"
need_containerd

status "B: the pipeline writes, the image by a pipe" 0 sh -c "cat '$archive' | registry-push --ca '$scratch/tls/ca.crt' ${login[*]} $front/team/svc:1"
reference=$out
has "and its name by digest comes out, alone" "^$front/team/svc@sha256:[0-9a-f]{64}\$" "$out"
quiet "no password in what it says"
holds "over HTTP/2, where it is offered" grep -q '"PUT /v2/team/svc/manifests/1 HTTP/2.0" 201' "$site/access.log"
holds "writing with the name of the pipeline, by token" grep -q '^[0-9.]* pipeline .*"GET /token' "$site/access.log"
pulled_alike "$reference"
status "B: a second push sends nothing" 0 push "${login[@]}" --from "$archive" --json "$front/team/svc:1"
has "not a byte" '"uploadedBytes": 0' "$out"
status "B: a second tag is one manifest" 0 push "${login[@]}" --from "$archive" "$front/team/svc:2"
has "with the same digest" "^$reference\$" "$out"
status "B: nobody writes without a password" 77 push --from "$archive" "$front/team/svc:3"
empty "with nothing on stdout" "$out"
status "B: nor with a wrong one" 77 push --username pipeline --password-file "$scratch/wrong" --from "$archive" "$front/team/svc:3"
status "B: and --anonymous is anonymous" 77 push --anonymous --from "$archive" "$front/team/svc:3"
holds "no tag came of it" test "$(tag_of --cacert "$scratch/tls/ca.crt" "https://$front/v2/team/svc/manifests/3")" = 404
mkdir -p "$scratch/no-certs"
status "B: an authority that is not known is 77" 77 registry-push --certs-dir "$scratch/no-certs" --from "$archive" "$front/team/svc:3"
has "and the certificate is named" certificate "$err"
status "B: docker's certs.d makes it known" 0 registry-push "${login[@]}" --from "$archive" "$front/team/svc:4"
has "with the same digest" "^$reference\$" "$out"

# ---- forms 0, A and C, each a server of one nginx before another registry

real_registry behind 28450
printf '%s' "$secret" | htpasswd -niB pipeline >"$scratch/htpasswd"
chmod 644 "$scratch/htpasswd"
mkdir -p "$scratch/forms"
cat >"$scratch/forms/nginx.conf" <<NGINX
pid $scratch/forms/nginx.pid;
error_log $scratch/forms/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path $scratch/forms/tmp; proxy_temp_path $scratch/forms/tmp;
  fastcgi_temp_path $scratch/forms/tmp; uwsgi_temp_path $scratch/forms/tmp; scgi_temp_path $scratch/forms/tmp;
  ssl_certificate $scratch/tls/server.crt; ssl_certificate_key $scratch/tls/server.key;
  client_max_body_size 0; proxy_request_buffering off; proxy_http_version 1.1;
  proxy_set_header Host \$http_host; proxy_set_header X-Forwarded-Proto https; proxy_set_header Authorization "";
  auth_basic_user_file $scratch/htpasswd;
  server { listen 127.0.0.1:28451 ssl;                       # 0
    location /v2/ { limit_except GET HEAD { auth_basic "r"; } proxy_pass http://127.0.0.1:28450; } }
  server { listen 127.0.0.1:28452 ssl;                       # A
    location = /v2/ { auth_basic "r"; proxy_pass http://127.0.0.1:28450; }
    location /v2/ { limit_except GET HEAD { auth_basic "r"; } proxy_pass http://127.0.0.1:28450; } }
  server { listen 127.0.0.1:28453 ssl; auth_basic "r";       # C
    location /v2/ { proxy_pass http://127.0.0.1:28450; } }
}
NGINX
background forms nginx -p "$scratch/forms" -c nginx.conf -g 'daemon off;'
within 20 answers "https://127.0.0.1:28453/v2/" -k || { cat "$scratch/forms.log" "$scratch/forms/error.log"; exit 1; }
for form in 0:28451 A:28452 C:28453; do
  port=${form#*:} name=form-${form%:*}
  name=${name,,}
  status "${form%:*}: who has the password writes" 0 push "${login[@]}" --from "$archive" "127.0.0.1:$port/$name/svc:1"
  has "with the digest that it had before" "@${reference#*@}\$" "$out"
  quiet "no password in what it says"
  holds "the registry has it" test "$(tag_of "http://127.0.0.1:28450/v2/$name/svc/manifests/1")" = 200
  status "${form%:*}: nobody else" 77 push --from "$archive" "127.0.0.1:$port/$name/svc:2"
  status "${form%:*}: nor with a wrong password" 77 push --username pipeline --password-file "$scratch/wrong" --from "$archive" "127.0.0.1:$port/$name/svc:2"
  holds "no tag came of it" test "$(tag_of "http://127.0.0.1:28450/v2/$name/svc/manifests/2")" = 404
done

# ---- the registry's own TLS and passwords

real_registry own 28455 "http: {addr: \"127.0.0.1:28455\", tls: {certificate: $scratch/tls/server.crt, key: $scratch/tls/server.key}}
auth: {htpasswd: {realm: own, path: $scratch/htpasswd}}"
within 20 answers "https://127.0.0.1:28455/v2/" -k || { cat "$scratch/own.log"; exit 1; }
status "TLS and htpasswd of the registry itself" 0 push "${login[@]}" --from "$archive" 127.0.0.1:28455/svc:1
has "the same digest" "@${reference#*@}\$" "$out"
status "a wrong password is 77" 77 push --username pipeline --password-file "$scratch/wrong" --from "$archive" 127.0.0.1:28455/svc:2

# ---- token authentication, as GitLab has it: the job's token, by another descriptor than the image

(cd "$scratch/tls" && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=issuer -keyout token.key -out token.crt 2>/dev/null)
job_token=glcbt-$RANDOM$RANDOM$RANDOM
printf '%s\n' "$job_token" >"$scratch/job-token"
background tokens "$top/tests/support/token_server" 28457 --key "$scratch/tls/token.key" --certificate "$scratch/tls/token.crt" \
  --service gitlab --issuer slipway-e2e --lifetime 300 --log "$scratch/tokens" "gitlab-ci-token:@$scratch/job-token"
real_registry gitlab 28456 "http: {addr: \"127.0.0.1:28456\"}
auth: {token: {realm: \"http://127.0.0.1:28457/token\", service: gitlab, issuer: slipway-e2e, rootcertbundle: $scratch/tls/token.crt}}"
within 20 answers "http://127.0.0.1:28456/v2/" || { cat "$scratch/gitlab.log" "$scratch/tokens.log"; exit 1; }
within 20 answers "http://127.0.0.1:28457/token?service=gitlab" || { cat "$scratch/tokens.log"; exit 1; }
# The job's own lines, out of the example; pipeline-build is the image that we have.
sed -n '/^    - |/,/^  rules/p' "$top/examples/gitlab-ci.yml" | sed '1d;$d;s/^      //' >"$scratch/job.sh"
mkdir "$scratch/bin"
printf '#!/bin/sh\ncat %s\n' "$archive" >"$scratch/bin/pipeline-build"
chmod +x "$scratch/bin/pipeline-build"
status "the example of a GitLab job, with the image on stdin" 0 env PATH="$scratch/bin:$PATH" CI_JOB_TOKEN="$job_token" \
  CI_REGISTRY_IMAGE=127.0.0.1:28456/group/svc CI_COMMIT_SHORT_SHA=1a2b3c4d strace -f -qq -e trace=execve -s 4096 -o "$scratch/argv" sh "$scratch/job.sh"
has "ends in the image's name" "^127.0.0.1:28456/group/svc@${reference#*@}\$" "$out"
empty "and the token is on no command line, and in no word" "$(grep -F -e "$job_token" "$scratch/argv" <<<"$out$err" || grep -F "$job_token" "$scratch/argv" | grep -v 'CI_JOB_TOKEN=' || true)"
has "one token for the whole push" '^GET gitlab-ci-token repository:group/svc:pull,push$' "$(sort -u "$scratch/tokens")"
holds "and no more" test "$(wc -l <"$scratch/tokens")" -le 2
status "an identity token by --token-file, with the image on stdin" 0 sh -c "cat '$archive' | registry-push --token-file '$scratch/job-token' 127.0.0.1:28456/group/svc:2"
has "was traded by POST" '^POST gitlab-ci-token repository:group/svc:pull,push$' "$(cat "$scratch/tokens")"
printf 'ended-%s\n' "$RANDOM" >"$scratch/ended"
status "a job token that has ended is 77" 77 sh -c "cat '$archive' | registry-push --username gitlab-ci-token --password-file '$scratch/ended' 127.0.0.1:28456/group/svc:3"
finish
