#!/usr/bin/env bash
# 75: the container image and compose.yaml, built and run by a Docker of the stage's own
# lane: servers
source "$(dirname "$0")/../stage.sh"
source "$root/dev.d/dockerd.sh"
source "$root/dev.d/documented.sh"

checks=15
mirror=${LOGYSTERA_DEBIAN_MIRROR:-http://deb.debian.org/debian}

[ "$(id -u)" -eq 0 ] || skip_all 'only root can run a Docker of its own'
install_packages docker
make_dockerd_home docker
state=$docker_home
export DOCKER_BUILDKIT=0 COMPOSE_PROJECT_NAME=logystera
without_containers() { docker network rm logystera_default >/dev/null 2>&1 || true; }
start_dockerd || skip_all 'dockerd does not start here'

say 'an image of Debian, as the registry has it'
debootstrap --variant=minbase bookworm "$state/base" "$mirror" >"$stage_dir/debootstrap.log" 2>&1 || skip_all "debootstrap cannot make a Debian 12 from $mirror"
echo force-unsafe-io >"$state/base/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
tar -C "$state/base" -c . | docker import - debian:12-slim >/dev/null
rm -rf --one-file-system "$state/base"
docker run --rm --network host debian:12-slim true || skip_all 'containers do not run here'

say 'a base to build on, with what the compiler has made of the same sources here'
# The newest of the cache, half a gigabyte at most: the ordinary build, which comes first, has compiled the program as the image does.
copy_newest_compiled() {
  local cache
  cache=$(ccache --get-config cache_dir) && mkdir "$state/ccache" && (
    cd "$cache" && find . -type f \( -name '*R' -o -name '*M' \) -printf '%T@ %s %p\n' | sort -rn |
      awk '(sum += $2) < 5e8 { print $3 }' | xargs cp --parents -t "$state/ccache"
  )
}
make_build_base() {
  local container
  copy_newest_compiled || true
  container=$(docker create --network host debian:12-slim sh -c 'apt-get update &&
    apt-get install --yes --no-install-recommends ccache && rm -rf /var/lib/apt/lists/* && mkdir -p /root/.cache') || return 1
  docker start --attach "$container" && docker cp "$state/ccache" "$container:/root/.cache/" && docker commit "$container" build-base &&
    docker rm --force "$container"
}
make_build_base >"$stage_dir/build-base.log" 2>&1 || {
  tail -5 "$stage_dir/build-base.log"
  docker tag debian:12-slim build-base
}
rm -rf "$state/ccache"

say 'building the image'
mkdir "$state/source"
git -C "$root" ls-files -z --cached --others --exclude-standard | (cd "$root" && xargs -0 cp --parents -t "$state/source" 2>/dev/null) || true
sooner=(--build-arg BUILD_BASE=build-base)
build_image() { docker build --network host "${sooner[@]}" "$@" "$state/source"; }
check 'the image builds' build_image --quiet --tag logystera
[ "$failed" -eq 0 ] || { build_image --force-rm 2>&1 | tail -40; finish; }
ask() { curl --silent --show-error --max-time 10 "$@"; }
status_of() { ask --output /dev/null --write-out '%{http_code}' "$@"; }

stages_of_image() { [ "$(grep -c '^FROM ' "$root/Dockerfile")" -eq 2 ] && ! docker run --rm logystera sh -c 'command -v g++ || ls /source' 2>/dev/null; }
check 'the image is what the last stage made, without a compiler and sources' stages_of_image
check 'it runs as user 1001' is "$(docker run --rm logystera id -u)" 1001
mkdir "$state/logs"
for second in 10 11 12 13 14 15; do
  echo "May 18 10:00:$second web1 sshd[1000]: Failed password for root from 198.51.100.7 port 22 ssh2"
done >"$state/logs/syslog"
chmod 755 "$state/logs"
once() { docker run --rm -v "$state/logs:/logs:ro" -v store:/data logystera "$@" 2>&1; }
check 'a log of the host is scanned once' holds "$(once logystera scan /logs/syslog --track-errors)" 'Stored   : 1 new findings'
check 'the command may leave the name out' holds "$(once scan /logs/syslog)" 'Findings : 1'

token=0123456789abcdef0123456789abcdef
docker run --detach --name one --network host -e LOGYSTERA_API_TOKEN=$token -e LOGYSTERA_PII_SALT=a-long-random-string -v store:/data \
  --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges logystera >/dev/null
url=http://127.0.0.1:8080
findings() { ask -H "Authorization: Bearer $token" "$url/api/v1/stats" | grep -oE '"findings_total":[0-9]+'; }
found() { is "$(findings)" "\"findings_total\":$1"; }
served() {
  is "$(status_of "$url/health")" 200 && is "$(status_of "$url/api/v1/findings")" 401 &&
    is "$(status_of -H 'Authorization: Bearer wrong' "$url/api/v1/findings")" 401 && found 1
}
eventually ask --fail "$url/health" >/dev/null || docker logs one
check 'the server has the store of the scan, for whoever has the token' served
check 'store and configuration are in /data, for its user alone' holds "$(docker exec one sh -c 'ls -l /data && cat /data/config.yaml')" 'db_path: /data/logystera.db'
seeded() {
  docker exec one logystera demo seed >/dev/null && eventually found 26 &&
    docker exec one logystera demo clear >/dev/null && found 1
}
check 'made-up data come and go in a running server' seeded
check 'it says that it is well' bash -c 'for _ in $(seq 240); do [ "$(docker inspect --format "{{.State.Health.Status}}" one)" = healthy ] && exit 0; sleep 0.5; done; docker inspect --format "{{json .State.Health}}" one; exit 1'
stopped() { docker stop --time 120 one >/dev/null && is "$(docker inspect --format '{{.State.ExitCode}}' one)" 0; }
check 'it ends at once, and well, when it is asked to' stopped
docker rm one >/dev/null

composed() {
  (cd "$state/source" && LOGYSTERA_API_TOKEN=$token docker-compose up --detach --no-build) && eventually ask --fail "$url/health" &&
    is "$(status_of -H "Authorization: Bearer $token" "$url/api/v1/stats")" 200 &&
    (cd "$state/source" && docker-compose exec -T logystera logystera demo seed) && found 25
}
check 'docker compose up starts it on port 8080 with a volume' composed
# in_clone COMMANDS: docs/install.md says `docker compose`; Debian's is a program of its own. An image is built as above.
in_clone() {
  (cd "$state/source" && bash -euc 'docker() {
    case "$1 $2" in
      "compose build") docker-compose build '"${sooner[*]}"' "${@:3}" ;;
      compose\ *) docker-compose "${@:2}" ;;
      *) command docker "$@" ;;
    esac
  }
  '"$1")
}
unset_token() {
  in_clone 'docker compose down --volumes' && in_clone "$(documented 'docker')" &&
    eventually ask --fail "$url/health" && is "$(status_of "$url/api/v1/findings")" 401 &&
    holds "$(in_clone 'docker compose logs')" '/setup#'
}
check 'without a token it waits to be set up, and its log says where' unset_token
in_container() { in_clone "docker compose exec -T logystera logystera $1"; }
image_in_use() { docker inspect --format '{{.Image}}' "$(in_clone 'docker compose ps -q logystera')"; }
upgraded() {
  in_container 'demo seed' && in_container 'entity add shop' >/dev/null && printf 'LABEL release=newer\n' >>"$state/source/Dockerfile" &&
    local before after && before=$(image_in_use) && in_clone "$(documented 'docker-upgrade')" &&
    after=$(image_in_use) && [ "$before" != "$after" ] && eventually ask --fail "$url/health" &&
    holds "$(in_container 'findings summary')" 'high      20' && holds "$(in_container 'entity list')" shop
}
check 'a newer image takes over the store' upgraded
restored() {
  in_clone "$(documented 'docker-backup')" && in_container 'demo clear' && in_clone 'docker compose down --volumes' && in_clone "$(documented 'docker-restore')" &&
    eventually ask --fail "$url/health" && holds "$(in_container 'findings summary')" 'high      20' && holds "$(in_container 'entity list')" shop
}
check 'a copy of the store comes back into an empty volume' restored
removed() { in_clone "$(documented 'docker-remove')" && is "$(docker ps -aq)$(docker images -q logystera)$(docker volume ls -q | grep logystera_)" ''; }
check 'nothing of it is left' removed
(cd "$state/source" && docker-compose down --volumes) >/dev/null 2>&1 || true
finish
