#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# How the scripts start and end servers (scripts/lib/common.sh), tried with a server that does nothing.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/lib/common.sh
. "$top/scripts/lib/common.sh"

pidfile=$scratch/pid log=$scratch/log
on_exit+=("stop $pidfile")

# What a process is called says nothing: it is the shell's name before the first exec, none in the middle of one, and whatever
# the program makes of it after that.
spawn "$pidfile" "$log" bash -c "exec -a '' sleep 60"
holds "a server that was started runs" alive "$pidfile"
pid=$(cut -d" " -f1 "$pidfile")
holds "and still does when it has become another program" wait_until 5 grep -qx sleep "/proc/$pid/comm"
holds "which bears no name" alive "$pidfile"

printf '%s %s\n' $$ "$(birth 1)" >"$scratch/other" # another's, and not of the same clock tick
holds "a number that was used again is not it" dead "$scratch/other"
stop "$scratch/other"
holds "and is left alone" test -e /proc/$$/exe
printf '%s\n' $$ >"$scratch/other"
holds "a number alone proves nothing" dead "$scratch/other"
holds "nor does no file" dead "$scratch/none"

kill -STOP "$pid"
holds "a server that hangs runs" alive "$pidfile"
stop "$pidfile" 1
holds "it has ended" test ! -e "/proc/$pid/exe"
holds "its pid file is gone" test ! -e "$pidfile"

spawn "$pidfile" "$log" "$scratch/none"
holds "what cannot be started does not run" wait_until 5 dead "$pidfile"
holds "why is in the log" wait_until 5 grep -q "No such file" "$log"
finish
