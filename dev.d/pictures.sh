# ./dev pictures: docs/pictures/scan.svg and top.svg, of what the program shows on a terminal over a small week of logs (bench/week).

pictures_columns=96
pictures_dir="$run_dir/pictures"

# picture NAME COMMAND: its output on a terminal of that many columns.
picture() {
  (cd "$pictures_dir" && env HOME="$pictures_dir/home" XDG_STATE_HOME= XDG_CACHE_HOME= LOGYSTERA_PII_SALT=pictures NO_COLOR= TERM=xterm-256color TZ=UTC LC_ALL=C.UTF-8 \
    PATH="$build_dir:$PATH" script -qec "stty cols $pictures_columns rows 50; $2" /dev/null </dev/null) |
    php -n "$root/dev.d/terminal-picture.php" --title="$2" --columns="$pictures_columns" >"$root/docs/pictures/$1.svg"
  say "docs/pictures/$1.svg, $(stat -c %s "$root/docs/pictures/$1.svg") bytes"
}

install_packages build
build_targets logystera >/dev/null
rm -rf "$pictures_dir"
mkdir -p "$pictures_dir/home"
php -n "$root/bench/week/generate.php" --out="$pictures_dir/log" --truth="$pictures_dir/truth.json" --mib=40 --end=1779084000
picture scan "logystera scan log --summary"
picture top "logystera top users addresses log/auth.log* --where 'action = accepted'"
