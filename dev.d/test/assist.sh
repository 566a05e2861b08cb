#!/usr/bin/env bash
# 24: the assistant against models of three providers, and a real llama-server: no planted value of any kind reaches one, by any command
# lane: servers
source "$(dirname "$0")/../stage.sh"
source "$root/dev.d/debian.sh"
install_packages build test assist
"$root/dev" build program

# suite NAME COMMAND...: one that counts its own checks.
suite() {
  local name=$1 counts
  shift
  if "$@" | tee "$stage_dir/$name"; then :; fi
  read -r -a counts <<<"$(tail -1 "$stage_dir/$name" | tr -cd '0-9 \n')"
  [ ${#counts[@]} -eq 3 ] || { echo "the checks of $name stopped before their summary" >&2; exit 1; }
  tally "${counts[@]}"
}
suite providers "$root/tests/e2e/assist/check.py" "$build_dir/logystera" "$stage_dir/work"

# llama-server is packaged in Debian's unstable release alone.
say 'llama-server, of a Debian beside this one'
sid_dir=${LOGYSTERA_SID:-${XDG_CACHE_HOME:-$HOME/.cache}/logystera/sid}
llama_checks=14
refusal=''
if [ "$(id -u)" -ne 0 ]; then refusal='only root can run a program of another Debian'
else
  mkdir -p "$(dirname "$sid_dir")"
  exec {sid_lock}>"$sid_dir.lock"
  flock "$sid_lock"
  make_debian sid "$sid_dir" LOGYSTERA_SID llama.cpp-tools || refusal=$debian_refusal
  flock -u "$sid_lock"
  [ -n "$refusal" ] || in_debian "$sid_dir" / llama-server --version || refusal="llama-server of $sid_dir does not run here"
fi
if [ -n "$refusal" ]; then
  echo "skipped llama-server: $llama_checks checks skipped: $refusal"
  tally 0 0 "$llama_checks"
  finish
fi
model=$(mktemp "$sid_dir/srv/made-XXXXXX.gguf")
trap 'rm -f "$model"' EXIT
python3 "$root/tests/e2e/assist/made_model.py" "$model"
cat >"$stage_dir/llama-server" <<S
source "$root/dev.d/lib.sh"
source "$root/dev.d/debian.sh"
in_debian "$sid_dir" / llama-server --model "/srv/${model##*/}" "\$@"
S
suite llama "$root/tests/e2e/assist/llama.py" "$build_dir/logystera" "$stage_dir/llama-work" bash "$stage_dir/llama-server"
finish
