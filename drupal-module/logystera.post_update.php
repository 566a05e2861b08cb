<?php

/**
 * @file
 * What an update has to do once.
 */

declare(strict_types=1);

use Drupal\Core\StringTranslation\TranslatableMarkup;
use Drupal\logystera\Agent\Dispatch;
use Drupal\logystera\Agent\Proxy;
use Drupal\logystera\Agent\ProxyUrl;

/**
 * Move the password of the proxy out of the configuration.
 */
function logystera_post_update_seal_proxy_password(): ?TranslatableMarkup {
  $proxy = \Drupal::service(Proxy::class);
  $settings = \Drupal::configFactory()->getEditable('logystera.settings');
  $address = trim((string) $settings->get('proxy'));
  // A user without a password has worked so far, and goes on to.
  if (ProxyUrl::needsPassword($address) && !$proxy->hasPasswordFor($address)) {
    $settings->set('proxy', ProxyUrl::withoutPassword($address))->save();
    return new TranslatableMarkup('The proxy address is now @address, which says that its user has no password.', [
      '@address' => ProxyUrl::withoutPassword($address),
    ]);
  }
  $was_exposed = $proxy->isExposed();
  if ($was_exposed && !$proxy->secure()) {
    return new TranslatableMarkup('The proxy password is still in the configuration, because the PHP of this command line cannot encrypt it: the extension is missing or too old. The next cron run of a PHP with a current extension moves it. Change the password if others could read the configuration.');
  }
  $was_exposed = $proxy->cleanSnapshot() || $was_exposed;
  $exported = \Drupal::service('config.storage.sync')->read('logystera.settings')['proxy'] ?? '';
  $exported_holds_one = is_string($exported) && (string) ProxyUrl::split($exported)[1] !== '';
  if ($exported_holds_one) {
    return new TranslatableMarkup('The proxy password is now stored encrypted, outside the configuration. logystera.settings.yml in the synchronization directory still contains it: export the configuration again, and change the password if others could read that file or its history.');
  }
  return $was_exposed ? new TranslatableMarkup('The proxy password was moved out of the configuration and is now stored encrypted. Change it if others could read an export or a dump of the database.') : NULL;
}

/**
 * Keep the newest sent signals readable on the Events tab, as new sites do.
 */
function logystera_post_update_sent_signals_stay(): ?TranslatableMarkup {
  $settings = \Drupal::configFactory()->getEditable('logystera.settings');
  if ($settings->get('sent_mib') !== NULL) {
    return NULL;
  }
  $settings->set('sent_mib', Dispatch::SENT_MIB)->save();
  return new TranslatableMarkup('The newest sent signals, up to @size MiB, now stay readable on the Events tab. The Settings tab switches that off.', ['@size' => Dispatch::SENT_MIB]);
}
