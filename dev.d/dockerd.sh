# A Docker daemon of a stage's own, in a directory of its own. Sourced after stage.sh.
#
#   make_dockerd_home NAME          a directory in $docker_home, DOCKER_HOST on a socket there; all of it ends with the stage
#   start_dockerd ARGUMENT...       false: it does not start here
#   make_box                        an image "box" of busybox alone; false: containers do not run here
#   stop_dockerd                    with SIGTERM; containers go on if it was started with --live-restore
#
# Without rules of a firewall, which a container's host may not have; ports are published by Docker's own proxy.
docker_home='' dockerd=''

make_dockerd_home() {
  docker_home=$(mktemp -d "/tmp/logystera-$1.XXXXXX")
  export DOCKER_HOST="unix://$docker_home/docker.sock"
  trap end_dockerd EXIT
}

# storage_driver DIR: overlay2 where an overlay can be mounted; with vfs each layer and each container is a copy of all below it.
storage_driver() {
  mkdir -p "$1/lower" "$1/upper" "$1/work" "$1/both"
  if mount -t overlay overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" "$1/both" 2>/dev/null; then
    umount "$1/both"
    echo overlay2
  else
    echo vfs
  fi
  rm -rf "$1"
}

start_dockerd() {
  local driver
  driver=$(storage_driver "$docker_home/overlay")
  dockerd --data-root "$docker_home/data" --exec-root "$docker_home/exec" --host "$DOCKER_HOST" --pidfile "$docker_home/pid" \
    --storage-driver "$driver" --iptables=false --ip6tables=false --bridge=none "$@" >>"$stage_dir/dockerd.log" 2>&1 &
  dockerd=$!
  for _ in $(seq 300); do
    docker version >/dev/null 2>&1 && return 0
    kill -0 "$dockerd" 2>/dev/null || break
    sleep 0.2
  done
  tail -5 "$stage_dir/dockerd.log"
  return 1
}

make_box() {
  local applet
  mkdir -p "$docker_home/image/bin"
  cp /bin/busybox "$docker_home/image/bin/"
  for applet in sh awk cat echo head printf seq sleep tr true usleep; do ln -s busybox "$docker_home/image/bin/$applet"; done
  tar -C "$docker_home/image" -c . | docker import - box >/dev/null
  docker run --rm --network none box true
}

stop_dockerd() {
  kill "$dockerd" 2>/dev/null || true
  wait "$dockerd" 2>/dev/null || true
  dockerd=''
}

# without_containers may be defined: what else a stage has to end, once its containers are gone.
end_dockerd() {
  local status=$?
  trap - EXIT
  [ -z "$dockerd" ] || docker ps -aq 2>/dev/null | xargs -r docker rm -f >/dev/null 2>&1 || true
  if declare -F without_containers >/dev/null; then without_containers; fi
  [ -z "$dockerd" ] || stop_dockerd
  # Of networks and containers, which the daemon leaves mounted.
  awk -v below="$docker_home/" 'index($2, below) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r -n 1 umount || true
  rm -rf --one-file-system "$docker_home" || true
  exit "$status"
}
