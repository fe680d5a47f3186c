#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by benchmarks that compare the seven tools with others: programs behind a recorder (recorder.c), steps
# that are run and recorded, lines that are counted.

bench_home=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# recorder_up FOLDER PROGRAM...: builds the recorder into FOLDER and links every program's name to it. Whatever
# has FOLDER/through first on its PATH then starts these programs recorded; they are looked for in $BENCH_PATH.
recorder_up() {
  local folder=$1 program
  shift
  mkdir -p "$folder/through"
  # Static, so that it starts fast: what it adds to each program is below a millisecond.
  "${CC:-cc}" -O2 -static -o "$folder/recorder" "$bench_home/recorder.c" ||
    die 78 "the recorder cannot be built; as root: apt-get install -y gcc libc6-dev"
  for program; do ln -sf "$folder/recorder" "$folder/through/$program"; done
  export BENCH_RECORD=$folder/record
  recorder=$folder/recorder through=$folder/through
  : >"$BENCH_RECORD"
}

# run_step FILE SIDE RUN STEP LOG STATUS...: the function STEP of FILE as one recorded step, in a fresh shell as a
# step of a pipeline is. It has to end with one of STATUS, else the end of the log is shown and this returns 1.
run_step() {
  local file=$1 side=$2 run=$3 step=$4 log=$5 got=0 wanted
  shift 5
  # shellcheck disable=SC2016 # for the inner shell
  BENCH_LABEL=$side/$run/$step PATH=$through:$PATH timeout -k 10 600 \
    "$recorder" bash -euo pipefail -c '. "$1"; "$2"' "$side" "$file" "$step" >"$log" 2>&1 </dev/null || got=$?
  for wanted; do [ "$got" != "$wanted" ] || return 0; done
  say "$step ended with $got, not with $*:"
  tail -n 20 "$log" >&2
  return 1
}

# step_lines FILE: a line "STEP TAB LINES" for each function of FILE, without empty lines and comments.
step_lines() {
  awk '/^[a-z0-9_]+\(\) \{$/ { name = substr($1, 1, length($1) - 2); lines = 0; next }
       /^\}$/ { if (name != "") print name "\t" lines; name = ""; next }
       name != "" && !/^ *(#.*)?$/ { lines++ }' "$1"
}
