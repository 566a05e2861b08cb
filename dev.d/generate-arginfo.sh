# Turns stubs/logystera.stub.php into src/extension/logystera_arginfo.h with PHP's own gen_stub.php. That script downloads
# its parser when it is missing, so the parser is brought by Composer and put where it looks.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

parser_version=4.15.1
tool_dir="$run_dir/gen-stub"
target=${1:-$root/src/extension/logystera_arginfo.h}

gen_stub="$(php-config --extension-dir)/build/gen_stub.php"
[ -f "$gen_stub" ] || gen_stub="$(dirname "$(php-config --phpize 2>/dev/null || command -v phpize)")/../lib/php/$(php-config --phpapi 2>/dev/null)/build/gen_stub.php"
[ -f "$gen_stub" ] || die "gen_stub.php is missing: it comes with PHP's development files (php-dev)"
mkdir -p "$tool_dir"
cp "$gen_stub" "$tool_dir/gen_stub.php"
wanted=$(sed -n 's/.*"PHP-Parser-\$version".*//p; s/^ *initPhpParser.*//p; s/.*\$version = "\([0-9.]*\)".*/\1/p' "$gen_stub" | head -1)
parser_version=${wanted:-$parser_version}
if [ ! -d "$tool_dir/PHP-Parser-$parser_version/lib" ]; then
  (cd "$tool_dir" && rm -rf vendor composer.json && composer require --quiet --no-interaction --no-progress "nikic/php-parser:$parser_version")
  rm -rf "$tool_dir/PHP-Parser-$parser_version"
  cp -r "$tool_dir/vendor/nikic/php-parser" "$tool_dir/PHP-Parser-$parser_version"
fi
cp "$root/stubs/logystera.stub.php" "$tool_dir/logystera.stub.php"
php "$tool_dir/gen_stub.php" -f "$tool_dir/logystera.stub.php" >/dev/null
cp "$tool_dir/logystera_arginfo.h" "$target"
