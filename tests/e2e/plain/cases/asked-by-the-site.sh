#!/usr/bin/env bash
# ping, a message to support and a disconnect from PHP: each has its effect at the gateway, and ends with it
source "$(dirname "$0")/../plain.sh"
open_state "$1"
start_gateway
prepare_site site
new_entity site

# asked METHOD [ARGUMENTS AS JSON]: prints the method's answer as JSON.
asked() {
  SITE_DATA="$state/site/data" as_web "$php_bin" "${php_options[@]}" -r '
    [, $data, $method, $arguments] = $argv;
    $config = json_decode(file_get_contents("$data/config.json"), true);
    $gateway = json_decode(file_get_contents($config["credentials"]), true);
    $credentials = new Logystera\Agent\Credentials($gateway["url"], $gateway["token"], $gateway["secret"]);
    $dispatcher = new Logystera\Agent\Dispatcher($config["buffer"], $credentials, ["connect_timeout" => 5]);
    echo json_encode($dispatcher->$method(...json_decode($arguments, true)), JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES), "\n";
  ' -- "$state/site/data" "$1" "${2:-[]}"
}

expect 'ping' '{"status":"ok","http_code":200,"error":null}' "$(asked ping)"

message='["It \"breaks\"\nafter the update: é", "maria@example.org", "{\"php\": \"8.4\", \"list\": [1, {\"a\": null}]}"]'
asked support "$message" >"$state/support.json"
expect 'a message' 'ok 202' "$(field status <"$state/support.json") $(field http_code <"$state/support.json")"
reference=$(field reference <"$state/support.json")
expect 'the same message again' "$reference" "$(asked support "$message" | field reference)"
logystera --json support show "$reference" >"$state/shown.json"
expect 'its text' 'It "breaks"
after the update: é' "$(field message <"$state/shown.json")"
expect 'its address' maria@example.org "$(field email <"$state/shown.json")"
expect 'its site' site "$(field name <"$state/shown.json")"
grep -qF '"diagnostics":{"php":"8.4","list":[1,{"a":null}]}' "$state/shown.json"
expect 'kept once' 1 "$(logystera --json support list | wc -l)"
expect 'a message that is too long' 'refused  message: is longer than 10000 characters; shorten it' \
  "$(asked support "[\"$(printf 'x%.0s' $(seq 10001))\"]" | "$php_bin" -n -r '$a = json_decode(stream_get_contents(STDIN), true); echo "$a[status] $a[http_code] $a[error]";')"

expect 'disconnect' '{"status":"ok","http_code":200,"error":null}' "$(asked disconnect)"
expect 'what the operator sees' revoked "$(logystera --json entity list | field state)"
[ "$(logystera --json entity list | field revoked_at)" -gt 1700000000 ]
for method in ping disconnect; do
  expect "$method afterwards" 'refused 401' "$(asked "$method" | tee "$state/after.json" | field status) $(field http_code <"$state/after.json")"
done
expect 'sending afterwards' idle "$(cron site | field status)"

stop_process gateway
asked ping >"$state/gone.json"
expect 'without a gateway' 'unreachable null' "$(field status <"$state/gone.json") $(field http_code <"$state/gone.json")"
grep -q 'could not be reached' "$state/gone.json"

# Neither what was written nor who wrote it is in the gateway's log.
no_lines 'of the message in the log' 'breaks|maria|8\.4' "$state/log/gateway.log"
{ grep -hF "$entity_secret" "$state"/log/*.log "$state"/{support,shown,after,gone}.json || true; } | expect_nothing 'secrets in what was written'
