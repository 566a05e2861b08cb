#!/usr/bin/env bash
# False alarms of the built-in rules on quiet logs, per 100,000 lines, medium or worse: ./dev bench noise [LINES [FILE...]]
#
# Quiet are two logs that are made here, FILE..., and of $LOGYSTERA_DATA those below. Each log is held against the goal by itself, so that a
# long one hides no short one; one that has more alarms ends this with 1. Logs that hold attacks stand apart: what fires there is no false
# alarm, and wants to be looked at. PROGRAM=... measures another build.
source "$(dirname "$0")/../lib.sh"

lines=${1:-400000}
whole_numbers './dev bench noise [LINES [FILE...]]' "$lines"
program=${PROGRAM:-$build_dir/logystera}
if [ -z "${PROGRAM:-}" ]; then
  install_packages build
  build_for_bench logystera
fi
work="$run_dir/bench/noise"
data=${LOGYSTERA_DATA:-$root/../shared/data}
mkdir -p "$work"
goal=5 # alarms in 100,000 lines: none in a log of fewer than 20,000

# Alarms that are no fault of a rule, by the name of their log, each with its reason.
declare -A tolerated=()

# Each a log, or several that are measured as one: a name, a colon, and paths below $LOGYSTERA_DATA.
quiet=(
  'loghub Android: loghub/Android/Android_2k.log'
  'loghub Apache: loghub/Apache/Apache_2k.log'
  'loghub BGL: loghub/BGL/BGL_2k.log'
  'loghub HDFS: loghub/HDFS/HDFS_2k.log'
  'loghub HPC: loghub/HPC/HPC_2k.log'
  'loghub Hadoop: loghub/Hadoop/Hadoop_2k.log'
  'loghub HealthApp: loghub/HealthApp/HealthApp_2k.log'
  'loghub Mac: loghub/Mac/Mac_2k.log'
  'loghub OpenStack: loghub/OpenStack/OpenStack_2k.log'
  'loghub Proxifier: loghub/Proxifier/Proxifier_2k.log'
  'loghub Spark: loghub/Spark/Spark_2k.log'
  'loghub Thunderbird: loghub/Thunderbird/Thunderbird_2k.log'
  'loghub Windows: loghub/Windows/Windows_2k.log'
  'loghub Zookeeper: loghub/Zookeeper/Zookeeper_2k.log'
  'elastic apache: weblogs/elastic-examples/Common Data Formats/apache_logs/apache_logs'
  'elastic nginx: weblogs/elastic-examples/Common Data Formats/nginx_json_plus_logs/nginxplus_json_logs'
  'elastic kafka: weblogs/elastic-examples/Miscellaneous/kafka_monitoring/filebeat_monitoring/logs'
  # What its authors hold to be wanted: applications that look like attacks, and logins.
  'crowdsec benign: weblogs/crowdsec-hub/.tests/*-whitelist/*.log weblogs/crowdsec-hub/.tests/whitelists/*.log weblogs/crowdsec-hub/.tests/sshd-logs-fp/*.log weblogs/crowdsec-hub/.tests/sshd-success-logs/*.log weblogs/crowdsec-hub/.tests/sshd-impossible-travel-user/*.log'
)
# Real guessing of passwords, day and night.
attacked=(
  'loghub OpenSSH: loghub/OpenSSH/OpenSSH_2k.log'
  'loghub Linux: loghub/Linux/Linux_2k.log'
  'elastic auth: weblogs/elastic-examples/Machine Learning/Security Analytics Recipes/suspicious_login_activity/data/auth.log'
)

# A month of a web site in which nothing happens: searches hold words of SQL, of shells and of scripts, addresses look like names attackers
# use, robots crawl, people write for it in WordPress, pages miss their pictures, monitoring asks how the server is.
awk -v lines="$lines" 'BEGIN {
  srand(7)
  split("node article images themes products about search blog archive contact", word, " ")
  searches = split("how+to+sleep+well sql+union+select+tutorial select+all+or+none drop+table+lamp passwd+file script+fonts " \
    "python+time.sleep(5) sql+union+select+name,+id+example information_schema.tables+explained exec+xp_cmdshell+how+to " \
    "union+select+price+from+workers+where+wages rock\047n+and+x=y l%27oreal+or+1%3D1 update+xml(sql) what+is+in+/etc/passwd win.ini " \
    "what+does+%3Cscript+src%3E+do img+onload+%3D+what javascript:+the+good+parts tom+%26%26+cat+stevens dogs+%7C%7C+cat+food " \
    "what+is+169.254.169.254", search, " ")
  ordinaries = split("/up.php /x.php /blog/reboot.initiative /wiki/Darwin.initial /wp-content/uploads/2024/05/backup.zip " \
    "/downloads/release-1.2.tar.gz /.well-known/acme-challenge/abc /shop/cart?next=javascript:history.back() /list?sort=name|id " \
    "/order/12852039166 /docs/.environment/setup /blog/nessus-vs-openvas", ordinary, " ")
  split("/wp-login.php /wp-admin/ /wp-admin/admin-ajax.php /wp-content/uploads/a.png /xmlrpc.php /wp-includes/js/a.js", press, " ")
  for (i = 0; i < lines; ++i) {
    at = int(i * 86400 * 28 / lines)
    time = sprintf("%02d/May/2026:%02d:%02d:%02d", 1 + int(at / 86400), int(at / 3600) % 24, int(at / 60) % 60, at % 60)
    from = "192.0.2." 1 + int(rand() * 250)
    path = "/" word[1 + int(rand() * 10)] "/" word[1 + int(rand() * 10)] "-" int(rand() * 5000)
    if (rand() < 0.03) path = "/search?q=" search[1 + int(rand() * searches)]
    dice = rand()
    status = dice < 0.02 ? 404 : dice < 0.021 ? 500 : dice < 0.08 ? 304 : 200
    kind = rand()
    if (kind < 0.01) { path = press[1 + int(rand() * 6)]; status = 200 }
    else if (kind < 0.015) { from = "127.0.0.1"; path = rand() < 0.5 ? "/server-status?auto" : "/nginx_status"; status = 200 }
    else if (kind < 0.018) { from = "10.0.0.5"; path = rand() < 0.5 ? "/actuator/health" : "/actuator/prometheus"; status = 200 }
    else if (kind < 0.019) { path = "/app/migrations/00" int(rand() * 9) "-column.sql"; status = 200 }
    else if (kind < 0.022) { path = ordinary[1 + int(rand() * ordinaries)]; status = 200 }
    else if (kind < 0.0221)
      for (missing = 0; missing < 25 && i < lines - 1; ++missing) {
        ++i
        printf "%s - - [%s +0000] \"GET /images/thumb-%d.jpg HTTP/1.1\" 404 162 \"https://www.example.com/gallery\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n", from, time, missing
      }
    printf "%s - - [%s +0000] \"GET %s HTTP/1.1\" %d %d \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n", from, time, path, status, 1 + int(rand() * 60000)
  }
}' >"$work/quiet_access.log"
# And of an office: people mistype, jobs run, administrators administrate.
awk -v lines="$((lines / 4 + 1))" 'BEGIN {
  srand(8)
  split("anna bert carl dora emil fred gina hans", name, " ")
  for (i = 0; i < lines; ++i) {
    at = int(i * 86400 * 28 / lines)
    time = sprintf("2026-05-%02dT%02d:%02d:%02d+00:00", 1 + int(at / 86400), int(at / 3600) % 24, int(at / 60) % 60, at % 60)
    who = name[1 + int(rand() * 8)]; from = "203.0.113." 1 + int(rand() * 40); pid = 1000 + i % 30000; dice = rand()
    if (dice < 0.02) printf "%s web1 sshd[%d]: Failed password for %s from %s port %d ssh2\n", time, pid, who, from, 30000 + i % 30000
    else if (dice < 0.3) printf "%s web1 sshd[%d]: Accepted publickey for %s from %s port %d ssh2\n", time, pid, who, from, 30000 + i % 30000
    else if (dice < 0.31) printf "%s web1 sudo: %s : TTY=pts/0 ; PWD=/home/%s ; USER=root ; COMMAND=/usr/bin/systemctl restart nginx\n", time, who, who
    else if (dice < 0.6) printf "%s web1 CRON[%d]: pam_unix(cron:session): session opened for user root by (uid=0)\n", time, pid
    else printf "%s web1 sshd[%d]: Disconnected from user %s %s port %d\n", time, pid, who, from, 30000 + i % 30000
  }
}' >"$work/quiet_auth.log"

# The pack of each rule: the name of its file.
for pack in "$root"/rules/*.yml; do
  sed -n "s/^id: *\([A-Z0-9_]*\).*/\1 $(basename "$pack" .yml)/p" "$pack"
done >"$work/packs"

# measure SORT NAME FILE...: a row of the table; a quiet log's is held against the goal, and its findings are added up for each pack.
measure() {
  local sort=$1 name=$2
  shift 2
  LOGYSTERA_RULE_CACHE=off LOGYSTERA_PII_SALT=noise "$program" scan "$@" --ndjson -n 0 --min-severity medium --no-progress \
    >"$work/lines.json" 2>"$work/said" || true # a log that cannot be read to its end has a summary, too
  sed -n 's/^{"summary":\(.*\)}$/\1/p' "$work/lines.json" >"$work/summary.json"
  [ -s "$work/summary.json" ] || die "$name: $(head -1 "$work/said")"
  php -n -r '[, $sort, $name, $summary, $sums, $goal, $tolerated] = $argv;
    $s = json_decode(file_get_contents($summary), true); $rules = $s["findings_by_rule"]; arsort($rules);
    $named = []; foreach ($rules as $rule => $count) $named[] = "$rule $count";
    $over = $sort === "quiet" && $s["findings"] > intdiv($goal * $s["events"], 100000) + $tolerated;
    printf("%-24s %10s %8s %14.1f  %s%s\n", $name, number_format($s["events"]), number_format($s["findings"]),
      $s["findings"] * 100000 / max(1, $s["events"]), $over ? "TOO MANY: " : "", implode(", ", $named));
    if ($sort !== "quiet") exit;
    $rows = [["log", $s["events"], $s["findings"], (int) $over]];
    foreach ($rules as $rule => $count) $rows[] = ["rule", $rule, $count];
    foreach ($rows as $row) file_put_contents($sums, implode(" ", $row) . "\n", FILE_APPEND);' \
    -- "$sort" "$name" "$work/summary.json" "$work/sums" "$goal" "${tolerated[$name]:-0}"
}

# Those that are there; the others are named, so that nobody takes a short table for a quiet one.
measure_listed() {
  local sort=$1 entry path found
  for entry in "${@:2}"; do
    found=()
    if [[ "$entry" == crowdsec* ]]; then
      for path in ${entry#*: }; do while IFS= read -r file; do found+=("$file"); done < <(compgen -G "$data/$path"); done
    elif [ -e "$data/${entry#*: }" ]; then
      found=("$data/${entry#*: }")
    fi
    if [ ${#found[@]} -gt 0 ]; then measure "$sort" "${entry%%:*}" "${found[@]}"; else absent+=("${entry%%:*}"); fi
  done
}

heading() { printf '%-24s %10s %8s %14s  %s\n' "$1" lines alarms 'per 100,000' rules; }

{
  absent=()
  : >"$work/sums"
  heading quiet
  for log in "$work/quiet_access.log" "$work/quiet_auth.log" "${@:2}"; do measure quiet "$(basename "$log")" "$log"; done
  measure_listed quiet "${quiet[@]}"
  awk '$1 == "log" { ++logs; lines += $2; alarms += $3; over += $4 } END {
    printf "%-24s %10d %8d %14.1f  %d of %d logs above the goal\n", "all quiet ones", lines, alarms, alarms * 100000 / lines, over, logs
  }' "$work/sums"
  echo
  printf '%-24s %10s %8s %14s\n' 'rule pack' rules alarms 'per 100,000'
  awk 'FNR == NR { pack[$1] = $2; ++rules[$2]; next } $1 == "log" { lines += $2 } $1 == "rule" { alarms[pack[$2]] += $3 } END {
    for (name in rules) printf "%-24s %10d %8d %14.1f\n", name, rules[name], alarms[name], alarms[name] * 100000 / lines
  }' "$work/packs" "$work/sums" | sort
  echo
  heading attacked
  measure_listed attacked "${attacked[@]}"
  [ ${#absent[@]} -eq 0 ] || printf '\nNot below %s: %s\n' "$data" "$(printf '%s, ' "${absent[@]}" | sed 's/, $//')"
} | tee "$run_dir/bench/noise.txt"
over=$(awk '$1 == "log" && $4 { ++over } END { print over + 0 }' "$work/sums")
if [ "$over" -gt 0 ]; then
  echo "$over quiet logs have more than $goal alarms in 100,000 lines" >&2
  exit 1
fi
