#!/usr/bin/env bash
# 83: the Drupal site on a real PostgreSQL that deadlocks, dies, is away, is slow and runs out of disk
# lane: servers
source "$(dirname "$0")/../stage.sh"
install_packages build site drupal postgresql
source "$root/tests/e2e/drupal/databases.sh"
database_checks postgresql
