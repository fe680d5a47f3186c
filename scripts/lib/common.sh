#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the scripts that start servers. One rule stands behind all of it: only a process that we
# started is ever ended. A number in a pid file does not prove that (numbers are used again), so when the
# process was born stands beside it.
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

# about FILE: what that script says of itself at its top, below the SPDX line and an empty one.
about() { awk 'NR < 4 { next } !/^#/ { exit } { sub(/^# ?/, ""); print }' "$1"; }

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

# birth PID: when that process was born, as no other process of that number was: in clock ticks since which start of the
# machine (proc_pid_stat(5), field 22). It stays the same from fork to exit, while the command line is the shell's first and
# nobody's in the middle of an exec. Nothing for a process that has ended, waited for or not.
birth() {
  local stat boot fields
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  read -ra fields <<<"${stat##*) }" # the name, in parentheses, may hold anything
  case ${fields[0]} in Z | X) return 1 ;; esac
  read -r boot </proc/sys/kernel/random/boot_id
  printf '%s@%s\n' "${fields[19]}" "$boot"
}

# alive PIDFILE: does the process run that `spawn` wrote there?
alive() {
  local pid born
  { read -r pid born <"$1"; } 2>/dev/null && [ -n "$born" ] && [ "$(birth "$pid")" = "$born" ]
}

# alone FILE: of several that run this script, one goes on at a time. The lock, 9, ends with the script.
alone() {
  exec 9>"$1"
  flock -n 9 || { say "another ${0##*/} is at work; waiting for it"; flock 9; }
}

# spawn PIDFILE LOG COMMAND...: a server that outlives the terminal and holds none of our descriptors
# (an inherited lock, 9, would stay locked for as long as the server runs). PIDFILE gets its number and its birth. What the
# one before it said stays in LOG.before: there it stands why it ended.
spawn() {
  local pidfile=$1 log=$2
  shift 2
  [ ! -s "$log" ] || mv -f "$log" "$log.before"
  setsid "$@" >"$log" 2>&1 </dev/null 9>&- &
  printf '%s %s\n' "$!" "$(birth "$!")" >"$pidfile"
  disown # nobody wants to be told when it is killed
}

# stop PIDFILE [SECONDS]: asks, waits, insists. Leaves alone what is not ours.
stop() {
  local pid
  if alive "$1"; then
    read -r pid _ <"$1"
    kill "$pid" 2>/dev/null || true
    wait_until "${2:-10}" dead "$1" || kill -KILL "$pid" 2>/dev/null || true
    wait_until 5 dead "$1" || say "process $pid does not end"
  fi
  rm -f "$1"
}
dead() { ! alive "$1"; }

# wait_until SECONDS COMMAND...: true as soon as the command is.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}
