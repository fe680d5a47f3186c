# SPDX-License-Identifier: Apache-2.0
#
# Sourced after registry/lib.sh: a real OpenStack Swift, out of Debian's packages, with one device and one replica, on ports of
# its own: PORT the proxy, and from there on account, container, object, memcached.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the variables are for, and from, the scripts around this

# swift_up PORT: comes back when it answers; swift_pids has a pid for each of its servers.
declare -A swift_pids
swift_up() {
  local port=$1 home=$scratch/swift server number=0 filter
  mkdir -p "$home/etc" "$home/run" "$home/device/d1"
  for server in account container object; do
    number=$((number + 1))
    swift_server_conf "$server" $((port + number)) >"$home/etc/$server-server.conf"
    (
      cd "$home/etc" || exit
      swift-ring-builder "$server.builder" create 4 1 0
      swift-ring-builder "$server.builder" add "r1z1-127.0.0.1:$((port + number))/d1" 1
      swift-ring-builder "$server.builder" rebalance
    ) >>"$scratch/swift-rings.log" 2>&1
  done
  printf '[object-updater]\ninterval = 5\n' >>"$home/etc/object-server.conf"
  {
    swift_default_conf "$port"
    printf '[pipeline:main]\npipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk tempurl tempauth copy slo dlo versioned_writes proxy-server\n'
    for filter in catch_errors gatekeeper healthcheck listing_formats bulk tempurl copy slo dlo versioned_writes; do
      printf '[filter:%s]\nuse = egg:swift#%s\n' "$filter" "$filter"
    done
    # Else Swift does not look for memcached again for a minute after it was gone.
    printf '[filter:cache]\nuse = egg:swift#memcache\nmemcache_servers = 127.0.0.1:%s\nerror_suppression_limit = 0\nerror_suppression_interval = 0\n' $((port + 4))
    printf '[filter:tempauth]\nuse = egg:swift#tempauth\nuser_registry_pusher = secret .admin\n'
    printf '[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n'
  } >"$home/etc/proxy-server.conf"
  swift_memcached "$port"
  for server in account container object proxy; do
    background "swift-$server" "swift-$server-server" "$home/etc/$server-server.conf" verbose
    swift_pids[$server]=$pid
  done
  background swift-updater swift-object-updater "$home/etc/object-server.conf" verbose
  # The proxy is healthy before those behind it are there, and what it then asks in vain it does not ask again for a minute.
  for number in 1 2 3; do within 60 swift_listens $((port + number)) || return 1; done
  within 60 curl -fs --noproxy '*' -o /dev/null "http://127.0.0.1:$port/healthcheck" && within 60 swift_stores "$port"
}

swift_listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# swift_login PORT: sets token and url.
swift_login() {
  local head
  head=$(curl -si --noproxy '*' -H 'X-Auth-User: registry:pusher' -H 'X-Auth-Key: secret' "http://127.0.0.1:$1/auth/v1.0" | tr -d '\r')
  token=$(sed -n 's/^[Xx]-[Aa]uth-[Tt]oken: //p' <<<"$head") url=$(sed -n 's/^[Xx]-[Ss]torage-[Uu]rl: //p' <<<"$head")
}

# swift_stores PORT: an account is there, and takes a container.
swift_stores() {
  local token url
  swift_login "$1" && [ -n "$url" ] &&
    curl -fs --noproxy '*' -o /dev/null -X PUT -H "X-Auth-Token: $token" "$url/registry"
}
swift_memcached() {
  background swift-memcached memcached -u "$(id -un)" -l 127.0.0.1 -p $(($1 + 4)) -m 64
  swift_pids[memcached]=$pid
}
swift_default_conf() {
  printf '[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = %s\nuser = %s\nswift_dir = %s\nworkers = 0\n' "$1" "$(id -un)" "$scratch/swift/etc"
}
swift_server_conf() {
  swift_default_conf "$2"
  printf 'devices = %s\nmount_check = false\ndisable_fallocate = true\ncontainer_update_timeout = 10\nrecon_cache_path = %s\n' \
    "$scratch/swift/device" "$scratch/swift/run"
  printf '[pipeline:main]\npipeline = %s-server\n[app:%s-server]\nuse = egg:swift#%s\n' "$1" "$1" "$1"
}
# swift_objects PORT: how many objects the registry's container has.
swift_objects() {
  local token url
  swift_login "$1"
  curl -sI --noproxy '*' -H "X-Auth-Token: $token" "$url/registry" | tr -d '\r' | sed -n 's/^X-Container-Object-Count: //p'
}
