# SPDX-License-Identifier: Apache-2.0
#
# Sourced after lib.sh by the end-to-end tests of registry-push: registries, fronts and networks that belong to one test alone,
# on ports of its own, ended by their pids. Certificates, and an image with what file systems are awkward about.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the variables are for, and from, the scripts around this

pids=()
on_exit+=('end_all')
# background NAME COMMAND...: a server of this test; its log is $scratch/NAME.log, its pid in $pid.
background() {
  local name=$1
  shift
  "$@" >"$scratch/$name.log" 2>&1 </dev/null &
  pid=$!
  pids+=("$pid")
}
end_all() {
  local one
  for one in "${pids[@]}"; do kill -CONT "$one" 2>/dev/null && kill "$one" 2>/dev/null; done
  for one in "${pids[@]}"; do wait "$one" 2>/dev/null; done
  pids=()
}
# answers URL [CURL OPTIONS]: whether something speaks HTTP there.
answers() { curl -s --noproxy '*' --max-time 3 -o /dev/null "$@"; }

# make_certificates NAME...: ca.crt and server.{crt,key} in $scratch/tls for these names and addresses.
make_certificates() {
  local dir=$scratch/tls name names=''
  mkdir -p "$dir"
  for name; do
    case $name in *[!0-9.]*) names+=",DNS:$name" ;; *) names+=",IP:$name" ;; esac
  done
  (
    cd "$dir"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=e2e-ca -keyout ca.key -out ca.crt \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=e2e -keyout server.key -out server.csr
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "${names#,}" >ext
    openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out server.crt
    mkdir -p ../authority && cp ca.crt ../authority/
  ) >"$scratch/openssl.log" 2>&1 || { cat "$scratch/openssl.log" >&2; return 1; }
}

# real_registry NAME PORT [YAML]: Debian's docker-registry with its content in $scratch/NAME; YAML is added to its settings.
real_registry() {
  local name=$1 port=$2 more=${3:-}
  mkdir -p "$scratch/$name"
  cat >"$scratch/$name.yml" <<YML
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $scratch/$name}
  delete: {enabled: true}
${more:-http: {addr: "127.0.0.1:$port"\}}
YML
  sed -i 's/\\}/}/' "$scratch/$name.yml"
  background "$name" docker-registry serve "$scratch/$name.yml"
}

# make_image: $image, a name in the engine; $archive, what `docker save` says of it. Three layers: a program, files that are
# awkward (links, modes, owners, long and odd names, an empty file, a hole), and one that changes and removes some of them.
make_image() {
  image=localhost/e2e-registry:$$ archive=$scratch/image.tar
  mkdir -p "$scratch/context"
  cp "$(command -v busybox)" "$scratch/context/busybox"
  cat >"$scratch/context/Dockerfile" <<'DOCKERFILE'
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin && mkdir -p /srv/a/b /tmp && chmod 1777 /tmp && head -c 12000000 /dev/urandom > /srv/noise && head -c 3000000 /dev/zero > /srv/zero && : > /srv/empty && ln /srv/noise /srv/a/hard && ln -s ../noise /srv/a/soft && ln -s /nowhere /srv/dangling && chmod 4755 /srv/zero && chown 1234:4321 /srv/empty && mkfifo /srv/fifo && touch '/srv/a name with  spaces' \"/srv/ümlaut\" && n=$(printf 'x%.0s' $(seq 120)) && mkdir -p /srv/$n/$n && echo long > /srv/$n/$n/$n && echo gone > /srv/a/b/gone"]
RUN ["/bin/busybox", "sh", "-c", "rm /srv/a/b/gone && mkdir /srv/a/b/new && echo changed > /srv/empty"]
CMD ["/bin/sh"]
DOCKERFILE
  docker build -q --network none -t "$image" "$scratch/context" >/dev/null 2>&1
  on_exit+=("docker image rm -f $image >/dev/null 2>&1")
  docker save "$image" >"$archive"
}
same_files() { "$top/tests/support/same_files" "$@"; }

# docker_trusts HOST:PORT: the engine verifies that registry by our authority.
docker_trusts() {
  mkdir -p "/etc/docker/certs.d/$1"
  cp "$scratch/tls/ca.crt" "/etc/docker/certs.d/$1/ca.crt"
  on_exit+=("rm -r '/etc/docker/certs.d/$1'")
}

# need_containerd: one of our own; ctr_here speaks to it.
need_containerd() {
  mkdir -p "$scratch/containerd"
  printf 'version = 2\nroot = "%s/root"\nstate = "%s/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "%s/sock"\n' \
    "$scratch/containerd" "$scratch/containerd" "$scratch/containerd" >"$scratch/containerd.toml"
  background containerd containerd --config "$scratch/containerd.toml"
  within 20 ctr_here version
}
ctr_here() { ctr -a "$scratch/containerd/sock" "$@"; }

# pulled_alike HOST:PORT/NAME@DIGEST [ANONYMOUS]: docker, skopeo and containerd pull it, without a login, and it is $archive.
pulled_alike() {
  local reference=$1 host=${1%%/*} with
  docker image rm -f "$image" "$reference" >/dev/null 2>&1 || true
  holds "  docker pulls it" docker pull -q "$reference"
  docker tag "$reference" "$image" && docker save "$image" >"$scratch/docker.tar"
  rm -f "$scratch/skopeo.tar"
  holds "  skopeo pulls it" skopeo copy -q --src-cert-dir "$scratch/authority" "docker://$reference" "docker-archive:$scratch/skopeo.tar:$image"
  mkdir -p "$scratch/hosts/$host"
  printf 'server = "https://%s"\n[host."https://%s"]\nca = "%s/tls/ca.crt"\n' "$host" "$host" "$scratch" >"$scratch/hosts/$host/hosts.toml"
  holds "  containerd pulls it" ctr_here images pull --snapshotter native --hosts-dir "$scratch/hosts" "$reference"
  holds "  and hands it out" ctr_here images export "$scratch/containerd.tar" "$reference"
  holds "  each the same, file by file" same_files "$archive" "$scratch/docker.tar" "$scratch/skopeo.tar" "$scratch/containerd.tar"
}
