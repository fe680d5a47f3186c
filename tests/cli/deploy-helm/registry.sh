# SPDX-License-Identifier: Apache-2.0
# A configuration registry for a case: ./registry, with the case's own deploy-targets.yaml if it has one. The same
# bytes give the same commit on every machine.
export GIT_AUTHOR_DATE='2026-11-24T00:00:00Z' GIT_COMMITTER_DATE='2026-11-24T00:00:00Z'
export CONFIG_REGISTRY="$TMP/registry"
cp -R ../registry "$TMP/registry"
[ ! -f deploy-targets.yaml ] || cp deploy-targets.yaml "$TMP/registry/"
git -C "$TMP/registry" init -q -b main
git -C "$TMP/registry" add -A
git -C "$TMP/registry" -c user.name=test -c user.email=test@example.org commit -q -m case
