#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What blubber prints, built by real builders: docker's classic one, the BuildKit inside dockerd, buildah and
# podman, and BuildKit 0.25 and kaniko where scripts/lib/builder-binaries has built them. What is in the images is compared path by path with what the images of the configuration's first
# home have in them; tests/builders holds the cases and why ours differ where they do.
#
# usage: builders.sh [all] [OPTION...]    all: podman builds everything, too; OPTION: of tests/builders/run
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ "${1:-}" != all ] || set -- --whole "${@:2}"
need_engine
need_base
network=$("$top/scripts/lib/build-network")
# The mirror that the base image itself uses.
mirror=$(docker run --rm --network none "$base" sh -c 'cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null; true' |
  awk '!found { for (i = 1; i <= NF; i++) if ($i ~ /^https?:.*\/debian\/?$/) { found = 1; sub(/\/$/, "", $i); print $i; next } }')
# BuildKit 0.25 and kaniko, for which there are no packages: where they have been built.
if SLIPWAY_BUILDERS=$("$top/scripts/lib/builder-binaries" --check 2>/dev/null); then need_registry; fi
export SLIPWAY_BUILDERS
python3 "$top/tests/builders/run" --bin "$SLIPWAY_BIN" --base "$base" --network "$network" --mirror "$mirror" "$@"
