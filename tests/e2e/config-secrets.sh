#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# config-get with files that the real sops encrypted for an age key: refused without --decrypt, whole in a pipe, masked
# for people, and never in a file, on a command line, in an event log or in an error.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v age-keygen >/dev/null || { printf 'skip config-secrets: no age-keygen\n'; exit 1; }
sops=$("$top/scripts/lib/sops-binary")
mkdir "$scratch/programs" "$scratch/home" "$scratch/tmp"
ln -s "$sops" "$scratch/programs/sops"
PATH=$scratch/programs:$PATH
export HOME=$scratch/home XDG_CONFIG_HOME=$scratch/home/.config TMPDIR=$scratch/tmp
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org
unset CONFIG_REGISTRY SOPS_AGE_KEY SOPS_AGE_KEY_FILE
age-keygen -o "$scratch/key" 2>/dev/null
age-keygen -o "$scratch/other-key" 2>/dev/null

git init -q -b main "$scratch/config"
cd "$scratch/config"
mkdir -p services/hello
printf 'replicas: 1\npassword: none\n' >services/hello/values.yaml
# encrypted FILE: what stands on stdin.
encrypted() {
  sops --encrypt --age "$(age-keygen -y "$scratch/key")" --input-type yaml --output-type yaml /dev/stdin >"$1"
}
printf '# about the database\n\npassword: h4nter-one\nkeys: [k3y-one, k3y-two]\n' | encrypted services/hello/values-dc1.yaml
printf 'password: h4nter-two\n' | encrypted services/hello/values-dc2.yaml
git add -A && git commit -q -m one

status 'without --decrypt it is refused' 65 config-get hello -e dc1
has 'and told' 'values-dc1.yaml is encrypted with SOPS' "$err"
has 'and how' '--decrypt' "$err"
empty 'and nothing is printed' "$out"
export SOPS_AGE_KEY_FILE=$scratch/key
status 'decrypted into a pipe' 0 config-get hello -e dc1 --decrypt --events "$scratch/events" -v
has 'it is whole' '^password: h4nter-one$' "$out"
lacks() { ! grep -rqE -- 'h4nter|k3y-' "$@"; }
holds 'not in the event log' lacks "$scratch/events"
holds 'not on stderr' lacks "$scratch/err"
status 'explain' 0 config-get explain hello -e dc1 --decrypt
holds 'explain masks' lacks "$scratch/out"
has 'explain says where, in the encrypted file' '^password = \(secret\) +services/hello/values-dc1.yaml:2@' "$out"
has 'and shows what is no secret' 'overrides "none"' "$out"
status 'explain as JSON' 0 config-get explain hello -e dc1 --decrypt --json
holds 'explain as JSON masks' lacks "$scratch/out"
status 'explain --reveal' 0 config-get explain hello -e dc1 --decrypt --reveal password
has 'explain --reveal shows' 'h4nter-one' "$out"
status 'diff' 1 config-get diff hello dc1 dc2 --decrypt
holds 'diff masks' lacks "$scratch/out"
has 'diff says that it differs' '~ password = \(secret\) -> \(secret\)' "$out"
printf 'password: h4nter-three\nreplicas: 1\n' | encrypted services/hello/values-dc2.yaml
git commit -q -a -m two
status 'impact' 1 config-get impact HEAD~1 --decrypt
holds 'impact masks' lacks "$scratch/out"
has 'impact names the service' '^hello dc2 main' "$out"
status 'lint' 1 config-get lint --decrypt
holds 'lint shows no secret' lacks "$scratch/out"
has 'lint finds in what is encrypted' 'values-dc2.yaml:2:1: L020 replicas = \(secret\) overrides the same value' "$out"
# A person at a terminal: script(1) is one.
status 'on a terminal' 0 script -qec 'config-get hello -e dc1 --decrypt -q' /dev/null
has 'it is masked there' 'password: \(secret\)' "$out"
holds 'all of it' lacks "$scratch/out"
status 'a bundle on a terminal' 64 script -qec 'config-get hello -e dc1 --decrypt -o bundle' /dev/null
holds 'shows nothing' lacks "$scratch/out"

SOPS_AGE_KEY_FILE=$scratch/other-key status 'the wrong key' 77 config-get hello -e dc1 --decrypt
has 'the wrong key is told' 'sops does not decrypt services/hello/values-dc1.yaml' "$err"
empty 'the wrong key prints nothing' "$out"
sed -i 's/data:[A-Za-z0-9+\/]\{4\}/data:AAAA/' services/hello/values-dc2.yaml
git commit -q -a -m three
status 'a file that was tampered with' 77 config-get hello -e dc2 --decrypt
empty 'prints nothing' "$out"
git reset -q --hard HEAD~1
without_sops() { PATH=$SLIPWAY_BIN:/usr/bin:/bin "$@"; }
status 'no sops on this machine' 78 without_sops config-get hello -e dc1 --decrypt

# What touches a file says so to strace; /dev/stdin and pipes are none.
if command -v strace >/dev/null; then
  strace -f -qq -e trace=openat,creat,execve -s 4096 -o "$scratch/trace" config-get hello -e dc1 --decrypt >/dev/null 2>&1
  holds 'on no command line' lacks "$scratch/trace"
  has 'into no file' '^0$' "$(grep -cE 'openat\(.*(O_WRONLY|O_RDWR).*O_CREAT' "$scratch/trace" || true)"
else
  fail 'strace is missing'
fi
empty 'no temporary file is left' "$(find "$scratch/tmp" -type f)"
# Several at once share nothing.
pids=()
for i in 1 2 3 4 5 6; do config-get hello -e dc1 --decrypt -k password >"$scratch/at-once.$i" 2>&1 & pids+=("$!"); done
for pid in "${pids[@]}"; do wait "$pid" || true; done
has 'six at once' '^h4nter-one$' "$(cat "$scratch"/at-once.* | sort -u)"
finish
