#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by scripts/local-cluster: what one cluster is made of. Its network, its keys, its configuration
# files, and how each of its programs is started. Nothing here decides; local-cluster does.
#
# The whole cluster lives in a network namespace of its own, joined to the machine by one veth pair:
#
#     machine  10.213.I.1 ---- slipwayI | eth0  10.213.I.2  API server, kubelet, NodePorts
#                                                pods0      10.(244+I).0.1/24, the bridge of the pods
#
# So every cluster can use the standard ports, kube-proxy has the packet filter of the namespace to itself
# (several clusters side by side do not disturb each other, nor Docker's rules them), etcd needs no password
# since nobody outside can reach its loopback, and when the namespace goes, bridge and rules go with it.
#
# Expects: common.sh; name, dir, index, net (two octets of a private range), kube_bin.
# shellcheck disable=SC2154,SC2034,SC2054 # the variables above; some of these are local-cluster's; commas are meant

ns=slipway-$name
veth=slipway$index
link=$net.$index
host_ip=$link.1
node_ip=$link.2
pod_net=10.$((244 + index)).0.0/24
service_net=10.$((96 + index)).0.0/16
service_ip=10.$((96 + index)).0.1
dns_ip=10.$((96 + index)).0.10
pause=localhost/pause:slipway
chain=SLIPWAY-$index
socket=$dir/containerd.sock
kubeconfig=$dir/kubeconfig

inside() { nsenter --net="/run/netns/$ns" "$@"; }
containers() { ctr -a "$socket" -n k8s.io "$@"; }

# ---- network

network_is_up() { ip -n "$ns" address show dev eth0 2>/dev/null | grep -qF "$node_ip/30"; }

network_up() {
  ip netns list | grep -qE "^$ns( |\$)" || ip netns add "$ns"
  if ! network_is_up; then
    ip link delete "$veth" 2>/dev/null || true
    ip link add "$veth" type veth peer name eth0 netns "$ns"
    ip -n "$ns" address add "$node_ip/30" dev eth0
  fi
  ip address replace "$host_ip/30" dev "$veth"
  ip link set "$veth" up
  ip -n "$ns" link set lo up
  ip -n "$ns" link set eth0 up
  ip -n "$ns" route replace default via "$host_ip"
  inside sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
  # Services and pods can be reached from the machine by their own addresses, too.
  ip route replace "$service_net" via "$node_ip"
  ip route replace "$pod_net" via "$node_ip"
  # The way out, for images of real registries. Docker drops what it does not know, so it must be said.
  # (ip_forward stays on at the end: Docker, or another cluster, may count on it by then.)
  echo 1 >/proc/sys/net/ipv4/ip_forward
  if ! iptables -w -n -L "$chain" >/dev/null 2>&1; then
    iptables -w -N "$chain"
    iptables -w -A "$chain" -i "$veth" -j ACCEPT
    iptables -w -A "$chain" -o "$veth" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
    iptables -w -t nat -N "$chain"
    iptables -w -t nat -A "$chain" -s "$link.0/30" ! -o "$veth" -j MASQUERADE
  fi
  iptables -w -C FORWARD -j "$chain" 2>/dev/null || iptables -w -I FORWARD -j "$chain"
  iptables -w -t nat -C POSTROUTING -j "$chain" 2>/dev/null || iptables -w -t nat -A POSTROUTING -j "$chain"
}

network_down() {
  {
    iptables -w -D FORWARD -j "$chain"
    iptables -w -F "$chain"
    iptables -w -X "$chain"
    iptables -w -t nat -D POSTROUTING -j "$chain"
    iptables -w -t nat -F "$chain"
    iptables -w -t nat -X "$chain"
    ip link delete "$veth" # takes the routes with it
    ip netns delete "$ns"
  } 2>/dev/null || true
}

# ---- keys

quiet_openssl() {
  openssl "$@" 2>>"$dir/log/openssl" || { tail -n 3 "$dir/log/openssl" >&2; die 70 "openssl $1 failed"; }
}

certificate() { # NAME SUBJECT EXTENSION
  quiet_openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2"
  quiet_openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -out "$1.crt" -days 3650 \
    -extfile <(printf '%s\n' "$3")
}

write_kubeconfig() { # FILE CERTIFICATE
  cat >"$1" <<YAML
apiVersion: v1
kind: Config
clusters:
- name: $name
  cluster:
    server: https://$node_ip:6443
    certificate-authority-data: $(base64 -w0 ca.crt)
users:
- name: $name-$2
  user:
    client-certificate-data: $(base64 -w0 "$2.crt")
    client-key-data: $(base64 -w0 "$2.key")
contexts:
- name: $name
  context:
    cluster: $name
    user: $name-$2
    namespace: default
current-context: $name
YAML
}

write_pki() (
  [ ! -f "$dir/pki/complete" ] || exit 0
  client=extendedKeyUsage=clientAuth
  cd "$dir/pki" || exit
  quiet_openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 3650 \
    -subj "/CN=slipway-$name"
  quiet_openssl genrsa -out sa.key 2048
  quiet_openssl rsa -in sa.key -pubout -out sa.pub
  certificate apiserver /CN=kube-apiserver "subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,\
DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:$node_ip,IP:$service_ip"
  certificate kubelet-server "/CN=$name" "subjectAltName=DNS:$name,IP:127.0.0.1,IP:$node_ip"
  certificate admin /O=system:masters/CN=admin $client
  certificate controller-manager /CN=system:kube-controller-manager $client
  certificate scheduler /CN=system:kube-scheduler $client
  certificate proxy /CN=system:kube-proxy $client
  certificate node "/O=system:nodes/CN=system:node:$name" $client
  for user in controller-manager scheduler proxy node; do write_kubeconfig "$user.kubeconfig" "$user"; done
  write_kubeconfig "$kubeconfig" admin
  touch complete
)

# ---- configuration files

cni_folder() {
  local folder
  for folder in /usr/lib/cni /opt/cni/bin; do [ ! -x "$folder/bridge" ] || { printf '%s\n' "$folder"; return; }; done
  printf '/usr/lib/cni\n'
}

# configuration FILE: stdin becomes the file, unless it holds just that already. What runs keeps the one that it was
# started with: kube-proxy watches its file and ends when anything is written to it, be it the same.
configuration() {
  cat >"$1.new"
  if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1"; fi
}

write_configuration() {
  configuration "$dir/containerd.toml" <<TOML
version = 2
root = "$dir/containerd/root"
state = "$dir/containerd/state"
[grpc]
  address = "$socket"
[plugins."io.containerd.internal.v1.opt"]
  path = "$dir/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$pause"
  # Without the capability sys_resource (a container, a small VM) scores cannot be lowered; not asking for it
  # works everywhere.
  restrict_oom_score_adj = true
  # With all mounts below our own folder, "down" can find every one of them.
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$(cni_folder)"
    conf_dir = "$dir/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "$(command -v runc)"
TOML
  configuration "$dir/cni/10-slipway.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "$ns", "plugins": [
  {"type": "bridge", "bridge": "pods0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$dir/ipam", "ranges": [[{"subnet": "$pod_net"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
  # Evictions and image collection are off in effect: a developer's disk is often nearly full, and a cluster
  # that throws away its pods for that would only puzzle.
  configuration "$dir/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $node_ip
failSwapOn: false
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: /$ns
enforceNodeAllocatable: []
makeIPTablesUtilChains: false
containerRuntimeEndpoint: unix://$socket
podLogsDir: $dir/podlogs
volumePluginDir: $dir/kubelet/volumeplugins
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $dir/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $dir/pki/kubelet-server.crt
tlsPrivateKeyFile: $dir/pki/kubelet-server.key
clusterDomain: cluster.local
resolvConf: ""
clusterDNS: [$dns_ip]
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {imagefs.available: 1%, nodefs.available: 1%, memory.available: 100Mi}
YAML
  # masqueradeAll: a pod and the pod behind its Service share a bridge; the answer must come back the same way.
  # conntrack limits belong to the machine and cannot be set from within a namespace. Changes go into the packet
  # filter as they come: the default gathers them for a second, in which a ready pod is not reachable yet.
  configuration "$dir/proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $dir/pki/proxy.kubeconfig}
mode: iptables
clusterCIDR: $pod_net
hostnameOverride: $name
iptables: {masqueradeAll: true, minSyncPeriod: 50ms}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
YAML
}

# ---- control groups: the kubelet wants its root group to exist

cgroup_folders() {
  local folder
  for folder in "/sys/fs/cgroup/$ns" /sys/fs/cgroup/*/"$ns"; do [ ! -d "$folder" ] || printf '%s\n' "$folder"; done
}

cgroups_up() {
  local controller file
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then # version 2
    mkdir -p "/sys/fs/cgroup/$ns"
    for controller in cpu cpuset memory pids io hugetlb; do
      echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || true
    done
    return
  fi
  for controller in cpu cpuacct cpuset memory pids devices freezer blkio hugetlb systemd; do
    [ ! -d "/sys/fs/cgroup/$controller" ] || mkdir -p "/sys/fs/cgroup/$controller/$ns"
  done
  # A new cpuset is empty, and nothing can run in an empty one.
  for file in cpuset.cpus cpuset.mems; do
    [ ! -f "/sys/fs/cgroup/cpuset/$file" ] ||
      cat "/sys/fs/cgroup/cpuset/$file" >"/sys/fs/cgroup/cpuset/$ns/$file"
  done
}

# ---- programs, in the order in which they are started

components=(etcd kube-apiserver containerd kube-controller-manager kube-scheduler kubelet kube-proxy)

run_component() {
  local component=$1 config=$dir/pki program
  local -a arguments
  program=$kube_bin/$component
  case $component in
    # no-fsync: the content is thrown away with the cluster, and the disk would set the pace of everything.
    etcd)
      program=etcd
      arguments=(--name "$name" --data-dir "$dir/etcd" --unsafe-no-fsync --logger zap
        --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379
        --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380
        --initial-cluster "$name=http://127.0.0.1:2380")
      ;;
    kube-apiserver)
      arguments=(--etcd-servers=http://127.0.0.1:2379 --bind-address="$node_ip" --advertise-address="$node_ip"
        --tls-cert-file="$config/apiserver.crt" --tls-private-key-file="$config/apiserver.key"
        --client-ca-file="$config/ca.crt" --service-account-issuer=https://kubernetes.default.svc
        --service-account-key-file="$config/sa.pub" --service-account-signing-key-file="$config/sa.key"
        --service-cluster-ip-range="$service_net" --authorization-mode=Node,RBAC
        --enable-admission-plugins=NodeRestriction --allow-privileged=true
        --kubelet-client-certificate="$config/admin.crt" --kubelet-client-key="$config/admin.key"
        --kubelet-certificate-authority="$config/ca.crt" --kubelet-preferred-address-types=InternalIP)
      ;;
    kube-controller-manager)
      config=$config/controller-manager.kubeconfig
      arguments=(--kubeconfig="$config" --authentication-kubeconfig="$config" --authorization-kubeconfig="$config"
        --bind-address=127.0.0.1 --leader-elect=false --horizontal-pod-autoscaler-sync-period=5s
        --root-ca-file="$dir/pki/ca.crt"
        --service-account-private-key-file="$dir/pki/sa.key" --use-service-account-credentials=true
        --cluster-signing-cert-file="$dir/pki/ca.crt" --cluster-signing-key-file="$dir/pki/ca.key")
      ;;
    kube-scheduler)
      config=$config/scheduler.kubeconfig
      arguments=(--kubeconfig="$config" --authentication-kubeconfig="$config" --authorization-kubeconfig="$config"
        --bind-address=127.0.0.1 --leader-elect=false)
      ;;
    containerd) program=containerd arguments=(-c "$dir/containerd.toml") ;;
    kubelet)
      arguments=(--config="$dir/kubelet.yaml" --kubeconfig="$config/node.kubeconfig" --root-dir="$dir/kubelet"
        --hostname-override="$name" --node-ip="$node_ip")
      ;;
    kube-proxy) arguments=(--config="$dir/proxy.yaml") ;;
  esac
  spawn "$dir/pids/$component" "$dir/log/$component" nsenter --net="/run/netns/$ns" "$program" "${arguments[@]}"
}

# The image of the container that holds a pod's network: something that does nothing, for ever.
import_pause_image() {
  local work=$dir/pause layer config
  containers images ls -q | grep -qxF "$pause" && return
  mkdir -p "$work/rootfs"
  cp /bin/busybox "$work/rootfs/busybox"
  tar -C "$work/rootfs" --owner=0 --group=0 --numeric-owner -cf "$work/layer.tar" busybox
  layer=$(sha256sum <"$work/layer.tar" | cut -d' ' -f1)
  printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":["/busybox","tail","-f","/dev/null"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(dpkg --print-architecture)" "$layer" >"$work/config"
  config=$(sha256sum <"$work/config" | cut -d' ' -f1)
  mv "$work/config" "$work/$config.json"
  printf '[{"Config":"%s.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$config" "$pause" >"$work/manifest.json"
  tar -C "$work" -cf "$work/image.tar" "$config.json" layer.tar manifest.json
  containers images import "$work/image.tar" >/dev/null
  containers images label "$pause" io.cri-containerd.pinned=pinned >/dev/null
  rm -rf "$work"
}

# A registry on the machine's loopback, made reachable as the very same localhost:PORT inside the cluster's
# namespace. A socket file joins the two sides, since it belongs to no network: nothing gets a port that
# others could reach. (containerd speaks plain http with a registry called localhost without being told.)
join_registry() {
  local port=$1 joint=$dir/registry/$1.sock
  if ! alive "$dir/pids/registry-$port-out"; then
    rm -f "$joint"
    spawn "$dir/pids/registry-$port-out" "$dir/log/registry-$port-out" \
      socat "UNIX-LISTEN:$joint,fork,mode=600" "TCP:127.0.0.1:$port"
  fi
  alive "$dir/pids/registry-$port-in" ||
    spawn "$dir/pids/registry-$port-in" "$dir/log/registry-$port-in" nsenter --net="/run/netns/$ns" \
      socat "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" "UNIX-CONNECT:$joint"
}
