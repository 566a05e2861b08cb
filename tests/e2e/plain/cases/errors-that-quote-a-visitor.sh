#!/usr/bin/env bash
# what a visitor sends is quoted by the site's errors, made to break what reads it: every page is answered, every worker lives, every event is kept
source "$(dirname "$0")/../plain.sh"
open_state "$1"
prepare_site site
# A page that quotes its visitor: in an error it records, in one it throws.
cat >"$state/site/site/public/index.php" <<'PHP'
<?php
$config = json_decode(file_get_contents($_SERVER['SITE_DATA'] . '/config.json'), true);
$recorder = new Logystera\Agent\Recorder($config['buffer'], ['uid_key' => $config['uid_key']]);
$text = file_get_contents('php://input');
if ($_SERVER['REQUEST_URI'] === '/thrown') {
    throw new RuntimeException($text);
}
foreach (['php.exception', 'php.warning', 'email.failed'] as $type) {
    $recorder->record($type, ['message' => $text, 'error' => $text]);
}
echo 'ok';
PHP
start_sites site

# hostile NUMBER: some text; each is as long as a message may be, or longer. The last one is made for a writer that puts a byte for
# each "=()" behind memory of 4,096: it moves that writer's own places, so that the next bytes go over the stack.
hostile() {
  "$php_bin" -n -r '
    if ($argv[1] == 10) exit(str_repeat("=()", 1025) . "\x01\x01\x01\x07 \x0c" . str_repeat("\0", 6) . "V" . str_repeat("\x01", 1008));
    $pieces = ["=()", "=(", "\"", "\x27", "=()token=x ", "(a)=(\x27", "\xff=()", "/user/1", "\0", "\xe2\x80\x98"];
    echo substr(str_repeat($pieces[$argv[1]], 8192), 0, [4094, 4095, 4096, 4097, 8000][$argv[1] % 5]);' -- "$1"
}

for number in 0 1 2 3 4 5 6 7 8 9 10; do
  hostile "$number" >"$state/tmp/body"
  expect "text $number recorded" 200 "$(visit /recorded --data-binary "@$state/tmp/body")"
  expect "text $number thrown" 500 "$(visit /thrown --data-binary "@$state/tmp/body")"
done
no_lines 'workers that crashed' 'exited on signal' "$state/log/fpm-error.log"
for type in php.exception php.warning email.failed php.fatal; do
  expect "events of $type" 11 "$(buffered site | grep -c "^{\"event_type\":\"$type\"")"
done
