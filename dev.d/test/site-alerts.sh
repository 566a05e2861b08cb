#!/usr/bin/env bash
# 83: twelve things that happen to a real Drupal site, and the alert each opens at the gateway, with its evidence, by the API
# lane: servers
source "$(dirname "$0")/../stage.sh"
install_packages build site drupal
source "$root/tests/e2e/drupal/site.sh"

accounts='[{"uid":918273645,"name":"boss","pass":"planted-password-boss","roles":["administrator"]},{"uid":918273646,"name":"maria","pass":"planted-password-maria"}'
for leaver in 1 2 3 4 5; do accounts+=",{\"uid\":91827365$leaver,\"name\":\"leaver$leaver\",\"pass\":\"planted-password-$leaver\"}"; done
accounts+=]
pool() { printf 'pm.max_children = 1\nphp_admin_value[sendmail_path] = %s\n' "$state/cli/sendmail.sh"; }

# happens PART: of alerts.php, with the facts as they stand.
happens() {
  (
    umask 077
    printf '{"site":"%s","cron_key":"%s","accounts":%s,"gateway":{"url":"%s","token":"%s"}}\n' "$site_url" "$cron_key" "$accounts" "$gateway_url" "$entity_token" \
      >"$state/scenario.json"
  )
  "$php_bin" "$drupal_dir/alerts.php" "$1" "$state"
}

a_standard_site_installs_and_is_connected() {
  drupal_code && drupal_site && cron_key=$(drupal_php "$state/cli/prepare.php" "$accounts") && drupal_php "$state/cli/modules.php" install logystera &&
    start_fpm "$web" "$(pool)" && start_nginx "$web" && start_gateway && new_entity drupal && drupal_php "$state/cli/connect.php" "$state/drupal.credentials.json"
}

everyday_work_opens_no_alert() {
  happens before && drupal_php "$state/cli/flush.php" && wait_until 'detection to have looked' 60 looked && is "$(logystera --json alerts list --state all)" ''
}
looked() { [ "$(logystera --json events | grep -c '"content.created"')" -ge 20 ] && sleep 2; }

twelve_things_happen_to_it() {
  happens requests && drupal_php "$state/cli/cron_lock.php" hold && happens cron && drupal_php "$state/cli/cron_lock.php" release &&
    drupal_php "$state/cli/allow_uploads.php" && happens upload && publish_a_release && happens news && drupal_php "$state/cli/flush.php"
}

each_opens_its_alert_with_its_evidence() { happens told; }

run_site_checks a_standard_site_installs_and_is_connected everyday_work_opens_no_alert twelve_things_happen_to_it each_opens_its_alert_with_its_evidence
