#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Steps 1 to 3 of the pipeline on a real engine: what passes, what must not pass, what is left behind.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_engine
need_base
network=$("$top/scripts/lib/build-network")
build() { pipeline-build --network "$network" "$@"; }

cp -R "$top/examples/hello" "$scratch/hello"
cd "$scratch/hello"

status "the test variant builds and its tests pass" 0 sh -c "pipeline-build --network $network test | pipeline-test run"
has "and the image line passes" '^[^ ]+$' "$out"
image=$out
holds "the printed line is an image that the engine knows" docker image inspect "$image"
holds "with the variant as its label" sh -c "docker image inspect --format '{{json .Config.Labels}}' $image | grep -q '\"slipway.variant\":\"test\"'"
holds "and all labels are one step" sh -c "docker history --no-trunc --format '{{.CreatedBy}}' $image | grep -c ' LABEL ' | grep -x 1"
has "the tests' own output is on stderr" 'Ran [0-9]+ tests' "$err"
status "a second build comes from the cache" 0 build test

# A failing test: nothing passes, whatever the shell knows of pipefail.
printf '\n    def test_broken(self):\n        self.fail("broken on purpose")\n' >broken
sed -e '/^import/a import unittest as broken_unittest' -e '$a class Broken(broken_unittest.TestCase):' test_hello.py >new
cat broken >>new && mv new test_hello.py
status "a failing test ends with 1" 1 sh -c "pipeline-build --network $network test > image && pipeline-test run < image"
empty "and passes nothing on" "$out"
has "and says what failed" 'broken on purpose' "$err"
status "under dash without pipefail, nothing runs on it" 65 dash -c "pipeline-test run < image | registry-push $registry/e2e/never:pushed"
empty "and nothing is printed" "$out"
has "the last word is the real cause's" 'the step before failed' "$err"

cat >Dockerfile.sleep <<DOCKERFILE
FROM $base
ENTRYPOINT ["/bin/sh", "-c", "trap '' TERM; echo started; while :; do sleep 1; done"]
DOCKERFILE
sleeper=$(build -f Dockerfile.sleep --tag localhost/e2e-sleep:1 2>"$scratch/err") || fail "build the sleeper" "$(cat "$scratch/err")"

# No container may be left, whichever way the tool ends, even against an entrypoint that ignores SIGTERM.
no_container() { [ -z "$(containers_of slipway.run)" ]; }
for signal in INT TERM; do
  # A shell without job control starts its background jobs with SIGINT ignored, and the tool keeps to that.
  env --default-signal=INT pipeline-test run --image "$sleeper" --stop-grace 1s >"$scratch/out" 2>"$scratch/err" &
  pid=$!
  within 20 grep -q started "$scratch/err" || fail "the sleeper starts" "$(cat "$scratch/err")"
  kill -"$signal" "$pid"
  got=0
  wait "$pid" || got=$?
  if [ "$got" = $((128 + $(kill -l "$signal"))) ]; then pass "SIG$signal ends it by that signal"; else fail "SIG$signal ends it by that signal" "status $got: $(cat "$scratch/err")"; fi
  empty "SIG$signal: nothing on stdout" "$(cat "$scratch/out")"
  holds "SIG$signal leaves no container" no_container
done
pipeline-test run --image "$sleeper" >/dev/null 2>"$scratch/err" &
pid=$!
within 20 grep -q started "$scratch/err" || fail "the sleeper starts" "$(cat "$scratch/err")"
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
holds "not even SIGKILL leaves one" within 30 no_container

status "a time limit is 124" 124 pipeline-test run --image "$sleeper" --timeout 2s --stop-grace 1s
empty "and passes nothing" "$out"
holds "and leaves no container" no_container

cat >Dockerfile.greedy <<DOCKERFILE
FROM $base
ENTRYPOINT ["/bin/sh", "-c", "a=x; while :; do a=\$a\$a; done"]
DOCKERFILE
greedy=$(build -f Dockerfile.greedy --tag localhost/e2e-greedy:1 2>"$scratch/err") || fail "build the greedy one" "$(cat "$scratch/err")"
status "running out of memory is 1" 1 pipeline-test run --image "$greedy" --memory 64m
has "and is named" '[Oo]ut of memory|OOM|memory limit' "$err"

printf 'FROM %s\nRUN echo before && echo a reason >&2 && exit 42\n' "$base" >Dockerfile.bad
status "a failing build step is 1" 1 build -f Dockerfile.bad
empty "and prints no image" "$out"
has "and shows the step's own words" 'a reason' "$err"
status "an image that is not there is 66" 66 pipeline-test run --image localhost/e2e-absent:1
finish
