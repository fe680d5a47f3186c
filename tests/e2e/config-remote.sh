#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# config-get with registries on other hosts: a real sshd on loopback (good key, no key, wrong key, unknown and changed
# host key), git http-backend behind nginx with TLS and Basic auth, fetches that are killed, full disks, caches that
# cannot be written, several runs at once. Nothing of the user's is touched: keys, known hosts and settings are its own.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PATH=$PATH:/usr/sbin:/sbin
for program in sshd ssh ssh-keygen ssh-keyscan nginx fcgiwrap htpasswd openssl git unshare; do
  command -v "$program" >/dev/null || { printf 'skip config-remote: no %s\n' "$program"; exit 1; }
done

export HOME=$scratch/home XDG_CACHE_HOME=$scratch/cache XDG_CONFIG_HOME=$scratch/home/.config
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$scratch/home/.gitconfig
unset SSH_AUTH_SOCK SSH_ASKPASS GIT_ASKPASS CONFIG_REGISTRY http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
mkdir -p "$HOME" "$scratch/srv" "$scratch/ssh" "$scratch/log"
chmod 755 "$scratch" # the server's worker may be another user

# ---- a registry, and an author who commits to it

git config --global user.name Author
git config --global user.email author@example.org
git config --global init.defaultBranch main
git config --global --add safe.directory '*'
git init -q --bare "$scratch/srv/config.git"
git clone -q "$scratch/srv/config.git" "$scratch/author" 2>/dev/null
mkdir -p "$scratch/author/services/hello"
printf 'replicas: 1\nimage: {tag: v1}\n' >"$scratch/author/services/hello/values.yaml"
printf 'replicas: 3\n' >"$scratch/author/services/hello/values-dc1.yaml"
number=0
# commit [BYTES]: one more commit, with so much that does not compress; its id on stdout.
commit() {
  number=$((number + 1))
  sed -i "s/^replicas: .*/replicas: $number/" "$scratch/author/services/hello/values-dc1.yaml"
  [ -z "${1:-}" ] || head -c "$1" /dev/urandom | base64 >"$scratch/author/ballast"
  git -C "$scratch/author" add -A
  git -C "$scratch/author" commit -q -m "commit $number"
  git -C "$scratch/author" push -q origin HEAD:main
  git -C "$scratch/author" rev-parse HEAD
}
commit 300000 >/dev/null
first=$(git -C "$scratch/author" rev-parse HEAD)
git -C "$scratch/author" tag -a v1 -m one && git -C "$scratch/author" push -q origin v1
commit >/dev/null
git -C "$scratch/author" push -q origin HEAD:refs/heads/proposal
head_now() { git -C "$scratch/author" rev-parse HEAD; }

# Ended when the test is, if they still run and are still ours.
servers=()
stop_servers() {
  local pid
  for pid in "${servers[@]}"; do kill -- "-$pid" 2>/dev/null || kill "$pid" 2>/dev/null || true; done
}
on_exit+=(stop_servers)
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listens() { python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1" 2>/dev/null; }
get() { timeout 60 config-get hello -e dc1 -k replicas "$@"; }

# Mounts that nobody else sees.
namespace=(unshare -m)
[ "$(id -u)" = 0 ] || namespace=(unshare -rm)

# ---- ssh

for key in host other-host good wrong; do ssh-keygen -q -t ed25519 -N '' -f "$scratch/ssh/$key"; done
cp "$scratch/ssh/good.pub" "$scratch/ssh/authorized"
ssh_port=$(free_port)
sshd_up() { # HOST-KEY
  [ "$(id -u)" != 0 ] || mkdir -p /run/sshd
  "$(command -v sshd)" -D -e -f /dev/null -h "$scratch/ssh/$1" -p "$ssh_port" -o ListenAddress=127.0.0.1 \
    -o AuthorizedKeysFile="$scratch/ssh/authorized" -o StrictModes=no -o PidFile=none -o UsePAM=no \
    -o PasswordAuthentication=no -o KbdInteractiveAuthentication=no -o PermitRootLogin=prohibit-password \
    -o LogLevel=VERBOSE >"$scratch/log/sshd" 2>&1 &
  sshd_pid=$!
  servers+=("$sshd_pid")
  within 10 listens "$ssh_port"
}
sshd_down() {
  kill "$sshd_pid"
  wait "$sshd_pid" 2>/dev/null || true
  servers=()
}
# client NAME KEY|none KNOWN: a configuration of ssh; the tool has to use the user's.
client() {
  {
    printf 'Host config-host\n  HostName 127.0.0.1\n  Port %s\n  User %s\n' "$ssh_port" "$(id -un)"
    printf '  UserKnownHostsFile %s\n  GlobalKnownHostsFile /dev/null\n  IdentitiesOnly yes\n' "$3"
    if [ "$2" = none ]; then printf '  IdentityFile /dev/null\n'; else printf '  IdentityFile %s\n' "$2"; fi
  } >"$scratch/ssh/$1.config"
}
sshd_up host
printf '[127.0.0.1]:%s %s\n' "$ssh_port" "$(cut -d' ' -f1,2 "$scratch/ssh/host.pub")" >"$scratch/ssh/known"
: >"$scratch/ssh/unknown"
client good "$scratch/ssh/good" "$scratch/ssh/known"
client nokey none "$scratch/ssh/known"
client wrong "$scratch/ssh/wrong" "$scratch/ssh/known"
client stranger "$scratch/ssh/good" "$scratch/ssh/unknown"
by_ssh() { # CLIENT ARGUMENT...
  local name=$1
  shift
  GIT_SSH_COMMAND="ssh -F $scratch/ssh/$name.config" get --registry "ssh://config-host$scratch/srv/config.git" "$@"
}
cold() { rm -rf "$XDG_CACHE_HOME"; }

status 'ssh: a key of the configuration' 0 by_ssh good
has 'ssh: the value' '^2$' "$out"
status 'ssh: the form user@host:path' 0 env GIT_SSH_COMMAND="ssh -F $scratch/ssh/good.config" \
  timeout 60 config-get hello -e dc1 -k replicas --registry "config-host:$scratch/srv/config.git"
has 'the first fetch takes no history' '^1$' "$(git --git-dir="$(echo "$XDG_CACHE_HOME"/config-get/*.git | cut -d' ' -f1)" rev-list --count main)"
logged() { grep -c -- "$1" "$scratch/log/sshd" || true; }
for who in nokey wrong; do
  cold
  refused=$(logged '^Failed publickey') asked=$(logged '^Connection from')
  status "ssh: $who is refused" 77 by_ssh "$who"
  empty "ssh: $who prints nothing" "$out"
  has "ssh: $who is told why" 'takes none of the ssh keys' "$err"
  has "ssh: $who asks once" '^1$' "$(($(logged '^Connection from') - asked))"
  refused=$(($(logged '^Failed publickey') - refused))
  if [ "$who" = wrong ]; then has 'ssh: the wrong key is tried once' '^1$' "$refused"
  else has 'ssh: without a key none is tried' '^0$' "$refused"; fi
done
# ssh takes the home of the user from the list of users, so this one is given another: no GIT_SSH_COMMAND says anything.
mkdir -m 700 "$scratch/home/.ssh"
cp "$scratch/ssh/good.config" "$scratch/home/.ssh/config"
chmod 600 "$scratch/home/.ssh/config"
getent passwd | awk -F: -v OFS=: -v user="$(id -un)" -v home="$scratch/home" '$1 == user { $6 = home } { print }' >"$scratch/passwd"
# shellcheck disable=SC2016 # for the shell inside
at_home() { # ARGUMENT...
  "${namespace[@]}" bash -c 'mount --bind "$1" /etc/passwd && shift && exec timeout 60 "$@"' - "$scratch/passwd" \
    "$(command -v config-get)" hello -e dc1 -k replicas "$@"
}
cold
status 'ssh: the key, port and host that ~/.ssh/config names' 0 at_home --registry "config-host:$scratch/srv/config.git"
has 'ssh: and its value' '^2$' "$out"
cp "$scratch/ssh/wrong.config" "$scratch/home/.ssh/config"
cold
status 'ssh: the wrong key in ~/.ssh/config' 77 at_home --registry "config-host:$scratch/srv/config.git"
rm -r "$scratch/home/.ssh"
cold
status 'ssh: an unknown host is refused' 77 by_ssh stranger
has 'ssh: with the line that would add it' 'ssh-keyscan' "$err"
empty 'ssh: an unknown host prints nothing' "$out"
status 'ssh: an unknown host by its address' 77 env GIT_SSH_COMMAND="ssh -F $scratch/ssh/stranger.config" \
  timeout 60 config-get hello -e dc1 --registry "ssh://$(id -un)@127.0.0.1:$ssh_port$scratch/srv/config.git"
holds 'ssh: its fingerprint is shown' grep -qF "$(ssh-keygen -lf "$scratch/ssh/host.pub" | cut -d' ' -f2)" "$scratch/err"
sshd_down
cold
status 'ssh: nobody there' 69 by_ssh good
empty 'ssh: nobody there prints nothing' "$out"
sshd_up other-host
status 'ssh: a changed host key' 77 by_ssh good
has 'ssh: a changed host key is called that' 'is not the one in known_hosts' "$err"
empty 'ssh: a changed host key prints nothing' "$out"
sshd_down
sshd_up host
# The agent's key counts as well as a file's.
eval "$(ssh-agent -s)" >/dev/null
servers+=("$SSH_AGENT_PID")
ssh-add -q "$scratch/ssh/good"
sed -i '/IdentitiesOnly/d' "$scratch/ssh/nokey.config"
status 'ssh: a key of the agent' 0 by_ssh nokey

# ---- https with Basic auth

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
  -keyout "$scratch/tls.key" -out "$scratch/tls.crt" 2>/dev/null
htpasswd -bcB "$scratch/passwords" reader 'geheim#1' 2>/dev/null
chmod 644 "$scratch/passwords"
https_port=$(free_port)
# In a group of its own: its workers outlive it otherwise.
setsid fcgiwrap -s "unix:$scratch/fcgi.sock" -c 4 >"$scratch/log/fcgiwrap" 2>&1 &
servers+=("$!")
within 10 test -S "$scratch/fcgi.sock"
chmod 777 "$scratch/fcgi.sock"
cat >"$scratch/nginx.conf" <<CONF
daemon off;
pid $scratch/nginx.pid;
error_log $scratch/log/nginx;
events {}
http {
  access_log $scratch/log/access;
  client_body_temp_path $scratch/nginx-body;
  fastcgi_temp_path $scratch/nginx-fcgi;
  proxy_temp_path $scratch/nginx-proxy;
  uwsgi_temp_path $scratch/nginx-uwsgi;
  scgi_temp_path $scratch/nginx-scgi;
  server {
    listen 127.0.0.1:$https_port ssl;
    ssl_certificate $scratch/tls.crt;
    ssl_certificate_key $scratch/tls.key;
    location / {
      auth_basic config;
      auth_basic_user_file $scratch/passwords;
      fastcgi_param SCRIPT_FILENAME $(git --exec-path)/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT $scratch/srv;
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param PATH_INFO \$uri;
      fastcgi_param QUERY_STRING \$query_string;
      fastcgi_param REQUEST_METHOD \$request_method;
      fastcgi_param CONTENT_TYPE \$content_type;
      fastcgi_param REMOTE_USER \$remote_user;
      fastcgi_param GIT_PROTOCOL \$http_git_protocol;
      fastcgi_param HTTP_CONTENT_ENCODING \$http_content_encoding;
      fastcgi_pass unix:$scratch/fcgi.sock;
    }
  }
}
CONF
nginx -c "$scratch/nginx.conf" -e "$scratch/log/nginx" 2>/dev/null &
servers+=("$!")
holds 'nginx listens' within 10 listens "$https_port"
export GIT_SSL_CAINFO=$scratch/tls.crt
url=https://localhost:$https_port/config.git
# shellcheck disable=SC2120 # it is called through `status`, too
by_https() { get --registry "$url" "$@"; }

cold
status 'https: without credentials' 77 by_https
empty 'https: without credentials prints nothing' "$out"
has 'https: without credentials says which would do' 'netrc' "$err"
status 'https: credentials in the URL' 0 get --registry "https://reader:geheim%231@localhost:$https_port/config.git"
has 'https: the value' '^2$' "$out"
lacks() { ! grep -rqF -- "$1" "$2"; } # TEXT WHERE
holds 'no password in the cache' lacks geheim "$XDG_CACHE_HOME"
status 'https: the answer names the registry' 0 timeout 60 config-get hello -e dc1 \
  --registry "https://reader:geheim%231@localhost:$https_port/config.git"
has 'https: without its credentials' "registry=https://localhost:$https_port/config.git commit=$(head_now)" "$out"
cold
status 'https: wrong credentials in the URL' 77 get --registry "https://reader:falsch@localhost:$https_port/config.git"
holds 'https: they are in no message' lacks falsch "$scratch/err"
printf 'machine localhost login reader password geheim#1\n' >"$HOME/.netrc"
chmod 600 "$HOME/.netrc"
status 'https: ~/.netrc' 0 by_https
cold
sed -i 's/geheim#1/falsch/' "$HOME/.netrc"
tried() { grep -c -- '- reader .* 401 ' "$scratch/log/access" || true; }
before=$(tried)
status 'https: ~/.netrc with a wrong password' 77 by_https
empty 'https: it prints nothing' "$out"
holds 'https: the password is in no message' lacks falsch "$scratch/err"
has 'https: it is tried once' '^1$' "$(($(tried) - before))"
rm "$HOME/.netrc"
cold
cat >"$scratch/helper" <<'HELPER'
#!/bin/sh
echo "$1" >>"$HELPER_LOG"
[ "$1" = get ] && printf 'username=reader\npassword=%s\n' "$HELPER_SAYS"
exit 0
HELPER
chmod +x "$scratch/helper"
git config --global credential.helper "$scratch/helper"
export HELPER_LOG=$scratch/log/helper
status 'https: a git credential helper' 0 env HELPER_SAYS='geheim#1' timeout 60 config-get hello -e dc1 -k replicas --registry "$url"
cold
: >"$HELPER_LOG"
status 'https: a helper that is wrong' 77 env HELPER_SAYS=falsch timeout 60 config-get hello -e dc1 -k replicas --registry "$url"
has 'https: it is asked once' '^1$' "$(grep -c get "$HELPER_LOG")"
export HELPER_SAYS='geheim#1'
cold
status 'https: a certificate that nobody trusts' 77 env -u GIT_SSL_CAINFO timeout 60 config-get hello -e dc1 --registry "$url"
empty 'https: it prints nothing' "$out"
status 'https: no such repository' 66 get --registry "https://localhost:$https_port/other.git"
status 'a scheme that runs a program' 64 get --registry 'ext::sh -c id'

# ---- what is fetched, and when nobody is asked

cold
status 'the first read' 0 by_https
asked() { wc -l <"$scratch/log/access"; }
before=$(asked)
status 'a young copy will do' 0 by_https --max-age 1h
status 'a commit that is here needs nobody' 0 by_https --at "$(head_now)"
status 'offline' 0 by_https --offline
has 'nobody was asked' "^$before\$" "$(asked)"
status 'offline, without what is needed' 69 by_https --offline --at proposal
has 'offline says how to get it' 'config-get fetch' "$err"
status 'nothing new is one question' 0 by_https
latest=$(commit)
status 'the next commit is seen' 0 by_https
has 'and its value' '^3$' "$out"
status 'a tag' 0 by_https --at v1
has 'the value of the tag' '^1$' "$out"
status 'a commit before the tip' 0 by_https --at main~1
has 'the value before the tip' '^2$' "$out"
status 'a short id' 0 by_https --at "${first:0:8}"
status 'a full id of long ago' 0 bash -c "rm -rf $XDG_CACHE_HOME && timeout 60 config-get hello -e dc1 -k replicas --registry $url --at $first"
status 'a branch that is not there' 66 by_https --at proposl
has 'with the one that is meant' "did you mean 'proposal'" "$err"
status 'two branches compared' 1 timeout 60 config-get impact proposal..main --registry "$url"
has 'what changes' '~ replicas = 2 -> 3' "$out"
status 'blame brings history' 0 timeout 60 config-get explain hello -e dc1 image.tag --blame --registry "$url"
has 'and names the commit' "${first:0:12} .*commit 1" "$out"
status 'fetch' 0 timeout 60 config-get fetch --registry "$url"
has 'fetch prints the commit' "^$latest\$" "$out"
status 'cache list' 0 config-get cache
has 'cache list shows the URL' "^$url " "$out"
status 'cache verify' 0 config-get cache verify
status 'cache prune keeps what is used' 0 config-get cache prune
empty 'cache prune removes nothing' "$out"
status 'cache prune of all' 0 config-get cache prune --unused 0s
has 'cache prune says what' "^$url " "$out"

# ---- the tools that deploy read their list of clusters there, too

cat >"$scratch/author/deploy-targets.yaml" <<'TARGETS'
version: 1
targets:
  dc1: {environment: dc1, context: dc1, namespace: hello, approve: plan, stage: 1}
services:
  hello: {chart: charts/hello, releases: [main]}
TARGETS
commit >/dev/null
status 'k8s-rollout reads its targets there' 66 timeout 60 k8s-rollout status deploy/x -t dc2 --registry "$url"
has 'k8s-rollout knows which there are' "did you mean 'dc1'" "$err"
status 'deploy-helm reads its targets there' 66 timeout 60 deploy-helm plan hello -t dc2 --registry "$url" \
  --image "registry.example.org/hello@sha256:$(printf 'a%.0s' {1..64})"
has 'deploy-helm knows which there are' "did you mean 'dc1'" "$err"

# ---- several at once, and killed ones

commit 300000 >/dev/null
pids=()
for i in 1 2 3 4 5 6 7 8; do by_https >"$scratch/at-once.$i" 2>&1 & pids+=("$!"); done
good=0
for pid in "${pids[@]}"; do if wait "$pid"; then good=$((good + 1)); fi; done
has 'eight first reads at once' '^8$' "$good"
has 'all answer the same' '^1$' "$(cat "$scratch"/at-once.* | sort -u | wc -l)"

began=$(date +%s%N)
cold && by_https >/dev/null
whole=$((($(date +%s%N) - began) / 1000000))
killed=0 wrong=0 cut=0
for i in $(seq 50); do
  [ $((i % 10)) != 1 ] || cold # sometimes the first fetch, mostly a later one
  commit 100000 >/dev/null
  # In a session of its own, so that its git can be killed with it; every other time only the tool is.
  setsid config-get hello -e dc1 -k replicas --registry "$url" >"$scratch/cut" 2>/dev/null &
  victim=$!
  target=$victim
  [ $((i % 2)) = 0 ] || target=-$victim
  sleep "$(awk -v r="$RANDOM" -v w="$whole" 'BEGIN { printf "%.3f", r / 32768 * w * 1.1 / 1000 }')"
  kill -KILL -- "$target" 2>/dev/null && killed=$((killed + 1))
  wait "$victim" 2>/dev/null || true
  [ ! -s "$scratch/cut" ] || [ "$(cat "$scratch/cut")" = "$number" ] || cut=$((cut + 1))
  [ "$(by_https 2>"$scratch/err")" = "$number" ] || { wrong=$((wrong + 1)); cat "$scratch/err"; }
done
has "50 fetches, $killed killed, half of them with their git: the next run works" '^0$' "$wrong"
has 'none printed half an answer' '^0$' "$cut"
holds 'many were killed' test "$killed" -ge 20
status 'the copy is sound after all that' 0 config-get cache verify
holds 'packs do not pile up' test "$(find "$XDG_CACHE_HOME" -name '*.pack' | wc -l)" -le 52

# ---- a cache that cannot be written

tool=$(command -v config-get)
# shellcheck disable=SC2016 # for the shell inside
small() { # a disk of 256 KiB
  "${namespace[@]}" bash -c 'mkdir -p "$1" && mount -t tmpfs -o size=256k none "$1" && XDG_CACHE_HOME=$1 exec timeout 60 "$2" hello -e dc1 -k replicas --registry "$3"' - "$scratch/small" "$tool" "$url"
}
commit 600000 >/dev/null
status 'a full disk' 74 small
empty 'a full disk prints nothing' "$out"
has 'a full disk is called that' 'disk of the cache is full' "$err"
has 'a full disk has a way out' 'XDG_CACHE_HOME' "$err"
# A disk that fills up later: what was fetched before is still read.
# shellcheck disable=SC2016 # for the shell inside
filled() {
  "${namespace[@]}" bash -c 'mkdir -p "$1" && mount -t tmpfs -o size=1m none "$1" && export XDG_CACHE_HOME=$1
    read() { timeout 60 "$tool" hello -e dc1 -k replicas --registry "$url" "$@"; }
    tool=$2 url=$3
    read --at v1 && { head -c 1m /dev/zero >"$1/rest" || true; } && { read; echo "status $?"; } && read --at v1 --offline' \
    - "$scratch/small" "$tool" "$url"
}
status 'a disk that fills up after the first fetch' 0 filled
has 'it is read, refused, and read again' '^1 status 74 1$' "$(tr '\n' ' ' <<<"$out" | sed 's/ $//')"
# shellcheck disable=SC2016 # for the shell inside
frozen() { # ARGUMENT...: the cache as it is, but read-only
  "${namespace[@]}" bash -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && tool=$2 url=$3 && shift 3 && exec timeout 60 "$tool" hello -e dc1 -k replicas --registry "$url" "$@"' - "$XDG_CACHE_HOME" "$tool" "$url" "$@"
}
status 'a read-only cache, offline' 0 frozen --offline
status 'a read-only cache, to be refreshed' 73 frozen
empty 'it prints nothing' "$out"
has 'it has a way out' '--offline' "$err"
# And one that was never there.
# shellcheck disable=SC2016 # for the shell inside
barren() {
  "${namespace[@]}" bash -c 'mkdir -p "$1" && mount -t tmpfs -o ro none "$1" && XDG_CACHE_HOME=$1 exec timeout 60 "$2" hello -e dc1 --registry "$3"' - "$scratch/barren" "$tool" "$url"
}
status 'a cache that cannot be made' 73 barren
empty 'it prints nothing, too' "$out"
has 'it is told where a cache could be' 'XDG_CACHE_HOME' "$err"

# ---- a lock that is held

lock=$(echo "$XDG_CACHE_HOME"/config-get/*.lock | cut -d' ' -f1)
python3 -c 'import fcntl, struct, sys, time
f = open(sys.argv[1], "r+")
fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
print("held", flush=True); time.sleep(60)' "$lock" >"$scratch/holder" &
holder=$!
servers+=("$holder")
within 10 grep -q held "$scratch/holder"
status 'a lock that is held' 75 by_https --lock-timeout 300ms
empty 'it prints nothing, either' "$out"
status 'a lock does not hinder a reader' 0 by_https --max-age 1h
kill "$holder"
finish
