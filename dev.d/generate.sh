# ./dev generate: rewrites every committed file that is made from another one. `./dev lint` proves that none is stale.

install_packages build lint
say 'src/core/catalogue_table.hpp from signals.json'
php "$root/dev.d/generate-catalogue.php"
say 'docs/signals.md from signals.json'
php "$root/dev.d/generate-docs.php"
say 'src/extension/logystera_arginfo.h from stubs/logystera.stub.php'
bash "$root/dev.d/generate-arginfo.sh"
say 'package.xml and config.w32 from the tree'
php "$root/dev.d/generate-package.php"
say "drupal-module's default configuration and table of signals from signals.json"
php "$root/dev.d/generate-drupal.php"
say 'client/stubs/logystera.stub.php from stubs/'
cp "$root/stubs/logystera.stub.php" "$root/client/stubs/logystera.stub.php"
