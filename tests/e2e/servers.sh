#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# How the scripts start and end servers (scripts/lib/common.sh), tried with a server that does nothing.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/lib/common.sh
. "$top/scripts/lib/common.sh"

pidfile=$scratch/pid log=$scratch/log mark=$scratch/mark
on_exit+=("stop $pidfile $mark")

# A busy machine: it takes a while until what was begun is the server and no more a copy of this shell.
setsid() {
  sleep 0.3
  exec setsid "$@"
}
spawn "$pidfile" "$log" bash -c "exec -a '$mark' sleep 60"
holds "a server that was started runs, however busy the machine is" alive "$pidfile" "$mark"
holds "another one is not it" dead "$pidfile" "$scratch/other"
pid=$(cat "$pidfile")
stop "$pidfile" "$mark"
holds "it has ended" test ! -e "/proc/$pid/exe"
holds "its pid file is gone" test ! -e "$pidfile"

spawn "$pidfile" "$log" "$scratch/none" "$mark"
holds "what cannot be started does not run" wait_until 5 dead "$pidfile" "$mark"
holds "why is in the log" wait_until 5 grep -q "No such file" "$log"
finish
