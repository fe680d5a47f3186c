#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the scripts that start servers. One rule stands behind all of it: only a process that we
# started is ever ended. A number in a pid file does not prove that (numbers are used again), so every
# server is started with a file of our state folder on its command line, and that is looked for first.
# shellcheck disable=SC2034 # the variables are for the scripts that source this

slipway_state=${XDG_STATE_HOME:-$HOME/.local/state}/slipway
slipway_cache=${XDG_CACHE_HOME:-$HOME/.cache}/slipway

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  local status=$1
  shift
  say "$*"
  exit "$status"
}

# need PACKAGE=PROGRAM...: every missing program at once, with the one line that installs them all.
need() {
  local item missing=()
  for item; do
    # Servers live in sbin, which is not on an ordinary user's PATH.
    PATH=$PATH:/usr/sbin:/sbin command -v "${item#*=}" >/dev/null && continue
    [[ " ${missing[*]} " == *" ${item%%=*} "* ]] || missing+=("${item%%=*}")
  done
  [ ${#missing[@]} -eq 0 ] || die 78 "missing here; as root: apt-get install -y ${missing[*]}"
}

# alive PIDFILE MARK: does the process of that pid file run, and is it the one that we started?
alive() {
  local pid
  pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] || return 1
  { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF -- "$2"
}

# alone FILE: of several that run this script, one goes on at a time. The lock, 9, ends with the script.
alone() {
  exec 9>"$1"
  flock -n 9 || { say "another ${0##*/} is at work; waiting for it"; flock 9; }
}

# spawn PIDFILE LOG COMMAND...: a server that outlives the terminal and holds none of our descriptors
# (an inherited lock, 9, would stay locked for as long as the server runs). What the one before it said stays in
# LOG.before: there it stands why it ended. Returns when the process is the command's, so that `alive` can say yes: until
# then it is a copy of this shell.
spawn() {
  local pidfile=$1 log=$2
  shift 2
  [ ! -s "$log" ] || mv -f "$log" "$log.before"
  setsid "$@" >"$log" 2>&1 </dev/null 9>&- &
  printf '%s\n' "$!" >"$pidfile"
  while cmp -s "/proc/$!/cmdline" "/proc/$$/cmdline"; do sleep 0.01; done
}

# stop PIDFILE MARK [SECONDS]: asks, waits, insists. Leaves alone what is not ours.
stop() {
  local pid
  if alive "$1" "$2"; then
    pid=$(cat "$1")
    kill "$pid" 2>/dev/null || true
    wait_until "${3:-10}" dead "$1" "$2" || kill -KILL "$pid" 2>/dev/null || true
    wait_until 5 dead "$1" "$2" || say "process $pid does not end"
  fi
  rm -f "$1"
}
dead() { ! alive "$@"; }

# wait_until SECONDS COMMAND...: true as soon as the command is.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}
