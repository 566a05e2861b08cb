#!/usr/bin/env bash
# False alarms of the built-in rules on quiet logs, per 100,000 lines, medium or worse: ./dev bench noise [LINES [FILE...]]
source "$(dirname "$0")/../lib.sh"

lines=${1:-400000}
[[ "$lines" =~ ^[1-9][0-9]*$ ]] || die 'usage: ./dev bench noise [LINES [FILE...]]'
install_packages build
cmake -S "$root" -B "$build_dir" -G Ninja >/dev/null
ninja -C "$build_dir" -j "$jobs" logystera >/dev/null
work="$run_dir/bench/noise"
mkdir -p "$work"

# A month of an office and its web site, in which nothing happens: people mistype, robots crawl, searches hold words of SQL.
awk -v lines="$lines" 'BEGIN {
  srand(7)
  split("node article images themes products about search blog archive contact", word, " ")
  split("how+to+sleep+well sql+union+select+tutorial select+all+or+none drop+table+lamp passwd+file script+fonts", search, " ")
  for (i = 0; i < lines; ++i) {
    at = int(i * 86400 * 28 / lines)
    time = sprintf("%02d/May/2026:%02d:%02d:%02d", 1 + int(at / 86400), int(at / 3600) % 24, int(at / 60) % 60, at % 60)
    path = "/" word[1 + int(rand() * 10)] "/" word[1 + int(rand() * 10)] "-" int(rand() * 5000)
    if (rand() < 0.03) path = "/search?q=" search[1 + int(rand() * 6)]
    dice = rand()
    status = dice < 0.02 ? 404 : dice < 0.021 ? 500 : dice < 0.08 ? 304 : 200
    printf "192.0.2.%d - - [%s +0000] \"GET %s HTTP/1.1\" %d %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n", 1 + int(rand() * 250), time, path, status, int(rand() * 60000)
  }
}' >"$work/quiet_access.log"
awk -v lines="$((lines / 4))" 'BEGIN {
  srand(8)
  split("anna bert carl dora emil fred gina hans", name, " ")
  for (i = 0; i < lines; ++i) {
    at = int(i * 86400 * 28 / lines)
    time = sprintf("2026-05-%02dT%02d:%02d:%02d+00:00", 1 + int(at / 86400), int(at / 3600) % 24, int(at / 60) % 60, at % 60)
    who = name[1 + int(rand() * 8)]; from = "203.0.113." 1 + int(rand() * 40); pid = 1000 + i % 30000; dice = rand()
    if (dice < 0.02) printf "%s web1 sshd[%d]: Failed password for %s from %s port %d ssh2\n", time, pid, who, from, 30000 + i % 30000
    else if (dice < 0.3) printf "%s web1 sshd[%d]: Accepted publickey for %s from %s port %d ssh2\n", time, pid, who, from, 30000 + i % 30000
    else if (dice < 0.6) printf "%s web1 CRON[%d]: pam_unix(cron:session): session opened for user root by (uid=0)\n", time, pid
    else printf "%s web1 sshd[%d]: Disconnected from user %s %s port %d\n", time, pid, who, from, 30000 + i % 30000
  }
}' >"$work/quiet_auth.log"

logs=("$work/quiet_access.log" "$work/quiet_auth.log" "${@:2}")
data=${LOGYSTERA_DATA:-$root/../shared/data}
elastic="$data/weblogs/elastic-examples/Common Data Formats/apache_logs/apache_logs"
[ ! -f "$elastic" ] || logs+=("$elastic")

printf '%-24s %10s %8s %14s  %s\n' log lines alarms 'per 100,000' rules
for log in "${logs[@]}"; do
  LOGYSTERA_RULE_CACHE=off LOGYSTERA_PII_SALT=noise "$build_dir/logystera" scan "$log" --ndjson -n 0 --min-severity medium --no-progress |
    sed -n 's/^{"summary":\(.*\)}$/\1/p' >"$work/summary.json"
  php -n -r '$s = json_decode(file_get_contents($argv[2]), true); $rules = $s["findings_by_rule"]; arsort($rules);
    $named = []; foreach ($rules as $rule => $count) $named[] = "$rule $count";
    printf("%-24s %10s %8s %14.1f  %s\n", basename($argv[1]), number_format($s["events"]), number_format($s["findings"]),
      $s["findings"] * 100000 / max(1, $s["events"]), implode(", ", $named));' -- "$log" "$work/summary.json"
done | tee "$run_dir/bench/noise.txt"
