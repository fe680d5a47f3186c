#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What config-get prints, every reader takes for the same: helm 3 and 4, kubectl, yq and PyYAML, in values and in keys that
# one or the other of them could take for a boolean, a number, a date, a tag or the end of a document.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for program in yq git; do
  command -v "$program" >/dev/null || { printf 'skip config-readers: no %s\n' "$program"; exit 1; }
done
python=/usr/bin/python3 # that of the distribution has its yaml
"$python" -c 'import yaml' 2>/dev/null || { printf 'skip config-readers: no yaml for python3\n'; exit 1; }
kubectl=$("$top/scripts/bench/kubectl-binary")
helms=("$("$top/scripts/lib/helm-binary" 3)" "$("$top/scripts/lib/helm-binary" 4)")
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org HOME=$scratch XDG_CONFIG_HOME=$scratch/settings KUBECONFIG=/dev/null
unset CONFIG_REGISTRY

git init -q -b main "$scratch/config"
mkdir -p "$scratch/config/services/hello"
"$python" - "$scratch" <<'PY'
import json, sys
words = """yes Yes NO no on OFF y n Y N true True FALSE null Null ~ .inf -.Inf .nan NaN 0 -0 012 0o17 0x1f 0b11 1_000 1.0 1.10 .5 1.
    +1 -1 1e3 1E3 123e4 1e+06 12:30 1:30:00 190:20:30 2001-12-14 2001-12-14T21:59:43Z 9007199254740993 18446744073709551616
    = << - -- --- ... ? ?x : :x x: , [ ] { } [] {} # #x & &x * *x ! !x !!str | |- > > % %x @x ` ' " '' \"\" \\ \\n
    v1.2.3 a-b registry:5000/x@sha256:ab a=b $x ${x} {{x}} x# http://a:1/b?c#d""".split()
words += ["", " ", "a b", " a", "a ", "a: b", "a #b", "- a", "? a", "key: [", "{a: b}", "\t", "a\tb", "one\ntwo", "one\ntwo\n",
          "\n", "\none", "one\n\n\n", " one\n two\n", "one\n  two\nthree", "a \nb", "---\na", "...\n", "# no comment\nx\n", "a\r\nb",
          "\r", "\x01", "\x1b[0m", "\x7f", "\x85", "\xa0", "\u2028", "\ufeff", "\u00e9", "\u4e2d", "\U0001f6a2", "x" * 3000,
          "word " * 500, "long words of which there are many " * 10 + "\nand a line break", "it's", 'say "x"', "back\\slash"]
words = list(dict.fromkeys(words))
keys = [word for word in words if len(word) < 300]  # YAML takes no key of more than 1024 characters
values = {"strings": words, "keys": {word: index for index, word in enumerate(keys)},
          "nested": {word: {word: [word, {word: word}]} for word in keys},
          "others": [True, False, None, 0, -7, 9007199254740991, 1.5, 0.1, -2.5e-9, [], {}, [[1, [2]], {}], {"a": []}]}
text = json.dumps(values, indent=1)  # JSON is YAML, and all that could be mistaken stands in quotes
open(f"{sys.argv[1]}/config/services/hello/values.yaml", "w").write(text)
json.dump(values, open(f"{sys.argv[1]}/wanted", "w"))
print(len(words), "words")
PY
git -C "$scratch/config" add -A && git -C "$scratch/config" commit -q -m one
printf 'only: {dc1: true}\n' >"$scratch/config/services/hello/values-dc1.yaml"
git -C "$scratch/config" add -A && git -C "$scratch/config" commit -q -m two

read_it() { config-get hello -e dc1 --registry "$scratch/config" "$@"; }
status 'it is read' 0 read_it
cp "$scratch/out" "$scratch/values.yaml"
empty 'without a warning' "$err"
status 'a second time' 0 read_it
holds 'byte for byte the same' cmp "$scratch/out" "$scratch/values.yaml"

# same NAME FILE: the JSON in FILE is what was written.
same() {
  holds "$1 reads the same" "$python" - "$2" "$scratch/wanted" <<'PY'
import json, sys
got, wanted = (json.load(open(name)) for name in sys.argv[1:])
wanted["only"] = {"dc1": True}
def compare(a, b, path):
    if type(a) in (int, float) and type(b) in (int, float):
        same = a == b
    else:
        same = type(a) is type(b) and (a == b if not isinstance(a, (dict, list)) else True)
    if not same:
        sys.exit(f"{path}: {a!r}, not {b!r}")
    if isinstance(a, dict):
        if a.keys() != b.keys():
            sys.exit(f"{path}: {sorted(a.keys() ^ b.keys())!r}")
        for key in a:
            compare(a[key], b[key], f"{path}/{key!r}")
    if isinstance(a, list):
        if len(a) != len(b):
            sys.exit(f"{path}: {len(a)} items, not {len(b)}")
        for index, (x, y) in enumerate(zip(a, b)):
            compare(x, y, f"{path}/{index}")
compare(got, wanted, "")
PY
}
status 'as JSON' 0 read_it -o json
cp "$scratch/out" "$scratch/json"
same 'a reader of its JSON' "$scratch/json"
status 'as a bundle' 0 read_it -o bundle
"$python" -c 'import json, sys; json.dump(json.load(sys.stdin)["values"], sys.stdout)' <"$scratch/out" >"$scratch/bundle"
same 'a reader of its bundle' "$scratch/bundle"

status 'PyYAML' 0 "$python" -c 'import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1], encoding="utf-8")), sys.stdout)' "$scratch/values.yaml"
cp "$scratch/out" "$scratch/pyyaml"
same PyYAML "$scratch/pyyaml"
status yq 0 yq -c . "$scratch/values.yaml"
cp "$scratch/out" "$scratch/yq"
same yq "$scratch/yq"

mkdir -p "$scratch/printer/templates"
printf 'apiVersion: v2\nname: printer\nversion: 0.1.0\n' >"$scratch/printer/Chart.yaml"
printf 'values: {{ toJson .Values | quote }}\n' >"$scratch/printer/templates/values.yaml"
for version in 3 4; do
  status "helm $version" 0 "${helms[version - 3]}" template x "$scratch/printer" -f "$scratch/values.yaml"
  "$python" -c 'import sys, yaml; sys.stdout.write(yaml.safe_load(sys.stdin)["values"])' <"$scratch/out" >"$scratch/helm$version"
  # helm's own addition, and what 4.3 leaves out: a null of a list stays.
  "$python" -c 'import json, sys; v = json.load(open(sys.argv[1])); v.pop("global", None); json.dump(v, open(sys.argv[1], "w"))' "$scratch/helm$version"
  same "helm $version" "$scratch/helm$version"
done

{
  printf 'apiVersion: example.org/v1\nkind: Values\nmetadata: {name: x}\nvalues:\n'
  sed 's/^/  /' "$scratch/values.yaml"
} >"$scratch/object.yaml"
# The indentation of the text does not change what it says: a block of several lines is indented as a whole.
status kubectl 0 "$kubectl" annotate --local -f "$scratch/object.yaml" a=b -o json
"$python" -c 'import json, sys; json.dump(json.load(sys.stdin)["values"], sys.stdout)' <"$scratch/out" >"$scratch/kubectl"
same kubectl "$scratch/kubectl"
finish
