#!/usr/bin/env bash
# check.sh BUILD: the contract of the API against every answer its tests get. Needs npm and the packages of package-lock.json.
set -euo pipefail
cd "$(dirname "$0")"
build=$(cd "$OLDPWD" && cd "$1" && pwd) answers=$(mktemp)
trap 'rm -f "$answers"' EXIT
[ -d node_modules ] || npm ci --ignore-scripts --no-audit --no-fund --silent
LOGYSTERA_API_ANSWERS="$answers" "$build/test_api" >&2
node check.mjs "$build/api/openapi.json" "$answers"
