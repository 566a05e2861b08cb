#!/usr/bin/env bash
# share=group: a command line user of the pool's group records into the same buffer and may dispatch it
source "$(dirname "$0")/../plain.sh"
[ "$(id -u)" -eq 0 ] || leave_out 'acting as a second user needs root'
open_state "$1"
start_gateway
prepare_site site group
start_sites site
new_entity site
chmod 640 "$state/site.credentials.json"

as_deployer() { SITE_DATA="$state/site/data" setpriv --reuid nobody --regid "$web_group" --clear-groups -- "$php_bin" "${php_options[@]}" "$@"; }

visit_many 10 | served 10
as_deployer "$state/site/site/job.php" deploy >"$state/job.one"
expect 'events the command line user committed' 160 "$(wc -l <"$state/job.one")"
visit_many 10 | served 10
expect 'directory' '2770 www-data:www-data' "$(stat -c '%a %U:%G' "$(buffer_of site)")"
find "$(buffer_of site)" -type f ! -perm 660 | expect_nothing 'files that are not 0660'
expect 'cron by the command line user' sent "$(as_deployer "$state/site/site/cron.php" | field status)"
visit_many 10 | served 10
expect 'cron by the pool user' sent "$(cron site | field status)"
expect 'events stored' $((30 + 160)) "$(stored_events | wc -l)"
