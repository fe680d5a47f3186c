# SPDX-License-Identifier: Apache-2.0
"""A line for each node of the list on stdin: how long it is there, what it says of itself, what keeps pods away."""
import datetime
import json
import sys

text = sys.stdin.read()
try:
    nodes = json.loads(text)["items"]
except (ValueError, KeyError):
    sys.exit(f"no list of nodes: {text[:300]}")
now = datetime.datetime.now(datetime.timezone.utc)
print(f"{len(nodes)} nodes")
for node in nodes:
    made = datetime.datetime.fromisoformat(node["metadata"]["creationTimestamp"].replace("Z", "+00:00"))
    states = [f"{c['type']}={c['status']}" for c in node["status"].get("conditions", [])]
    taints = [t["key"] for t in node["spec"].get("taints", [])]
    print(node["metadata"]["name"], f"{(now - made).total_seconds():.0f} s old;", *states,
          *(["unschedulable"] if node["spec"].get("unschedulable") else []), *(["tainted:", *taints] if taints else []))
