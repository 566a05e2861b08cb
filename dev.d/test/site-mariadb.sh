#!/usr/bin/env bash
# 82: the Drupal site on a real MariaDB that deadlocks, dies, is away, is slow and runs out of disk
# lane: servers
source "$(dirname "$0")/../stage.sh"
install_packages build site drupal mariadb
source "$root/tests/e2e/drupal/databases.sh"
database_checks mariadb
