<?php

// Generated from signals.json by `./dev generate`. Do not edit.

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\Core\StringTranslation\StringTranslationTrait;
use Drupal\Core\StringTranslation\TranslatableMarkup;

/**
 * What people call the signals of the catalogue, and what each says.
 */
final class SignalWords {

  use StringTranslationTrait;

  /**
   * The name of a type; NULL for one of another module.
   */
  public function name(string $type): ?TranslatableMarkup {
    return match ($type) {
      'config.save' => $this->t('Configuration saved'),
      'config.delete' => $this->t('Configuration deleted'),
      'config.import' => $this->t('Configuration imported'),
      'auth.login' => $this->t('Login'),
      'auth.login_failed' => $this->t('Failed login'),
      'auth.logout' => $this->t('Logout'),
      'user.created' => $this->t('Account created'),
      'user.role_changed' => $this->t('Account roles changed'),
      'user.blocked' => $this->t('Account blocked'),
      'user.deleted' => $this->t('Account deleted'),
      'module.install' => $this->t('Module installed'),
      'module.uninstall' => $this->t('Module uninstalled'),
      'http.request' => $this->t('Page request'),
      'content.moderation' => $this->t('Moderation state changed'),
      'views.change' => $this->t('View changed'),
      'api.access' => $this->t('API request'),
      'cache.flush' => $this->t('Caches rebuilt'),
      'db.slow_query' => $this->t('Slow query'),
      'auth.flood_blocked' => $this->t('Login refused by flood control'),
      'auth.password_reset' => $this->t('Password reset requested'),
      'user.unblocked' => $this->t('Account unblocked'),
      'role.permissions_changed' => $this->t('Role permissions changed'),
      'content.created' => $this->t('Content created'),
      'content.updated' => $this->t('Content updated'),
      'content.deleted' => $this->t('Content deleted'),
      'media.created' => $this->t('Media created'),
      'media.updated' => $this->t('Media updated'),
      'media.deleted' => $this->t('Media deleted'),
      'file.uploaded' => $this->t('File uploaded'),
      'file.deleted' => $this->t('File deleted'),
      'config.export' => $this->t('Configuration exported'),
      'theme.install' => $this->t('Theme installed'),
      'theme.uninstall' => $this->t('Theme uninstalled'),
      'cron.run' => $this->t('Cron run'),
      'update.available' => $this->t('Update available'),
      'maintenance.changed' => $this->t('Maintenance mode switched'),
      'php.warning' => $this->t('PHP warning'),
      'php.exception' => $this->t('Exception'),
      'php.fatal' => $this->t('Fatal error'),
      'db.deadlock' => $this->t('Database deadlock'),
      'db.connection_failed' => $this->t('Database unreachable'),
      'db.disk_full' => $this->t('Database disk full'),
      'file.integrity_changed' => $this->t('Code file changed'),
      'access.denied' => $this->t('Access denied'),
      'email.sent' => $this->t('E-mail sent'),
      'email.failed' => $this->t('E-mail failed'),
      'agent.changed' => $this->t('Recording changed'),
      'agent.dropped' => $this->t('Signals dropped'),
      default => NULL,
    };
  }

  /**
   * What happened, in a sentence; NULL for a type of another module.
   *
   * @param string $type
   *   The type.
   * @param array<string, string> $values
   *   The value of each label as text, by its name behind an @.
   * @param array<string, mixed> $labels
   *   The values as they were recorded: one of them may choose the sentence.
   */
  public function sentence(string $type, array $values, array $labels): ?TranslatableMarkup {
    return match ($type) {
      'config.save' => $this->t('Configuration @config_name was saved (@change_type) by @actor_uid', $values),
      'config.delete' => $this->t('Configuration @config_name was deleted by @actor_uid', $values),
      'config.import' => $this->t('Configuration was imported by @actor_uid', $values),
      'auth.login' => $this->t('@uid logged in from @ip', $values),
      'auth.login_failed' => $this->t('A login as "@username" from @ip failed', $values),
      'auth.logout' => $this->t('@uid logged out', $values),
      'user.created' => $this->t('@uid was created by @actor_uid', $values),
      'user.role_changed' => $this->t('The roles of @uid were changed by @actor_uid: added @roles_added, removed @roles_removed', $values),
      'user.blocked' => $this->t('@uid was blocked by @actor_uid', $values),
      'user.deleted' => $this->t('@uid was deleted by @actor_uid', $values),
      'module.install' => $this->t('Module @module was installed by @actor_uid', $values),
      'module.uninstall' => $this->t('Module @module was uninstalled by @actor_uid', $values),
      'http.request' => $this->t('@method @path from @ip was answered with @status_code', $values),
      'content.moderation' => $this->t('"@label" (@entity_type @entity_id) went from @old_state to @new_state, by @actor_uid', $values),
      'views.change' => $this->t('View @view_id was changed (@change_type) by @actor_uid', $values),
      'api.access' => $this->t('@method @path from @ip was answered with @status_code', $values),
      'cache.flush' => $this->t('All caches were rebuilt by @actor_uid', $values),
      'db.slow_query' => $this->t('A query of @caller took @time_ms ms', $values),
      'auth.flood_blocked' => $this->formatPlural((int) ($labels['threshold'] ?? 0), 'Logins from @ip were refused after 1 attempt in @window_s seconds (limit: @scope)', 'Logins from @ip were refused after @count attempts in @window_s seconds (limit: @scope)', $values),
      'auth.password_reset' => $this->t('A login link for @uid was requested from @ip', $values),
      'user.unblocked' => $this->t('@uid was unblocked by @actor_uid', $values),
      'role.permissions_changed' => $this->t('Role @role was changed (@change_type) by @actor_uid: added @permissions_added, removed @permissions_removed', $values),
      'content.created' => $this->t('@entity_type @entity_id (@bundle) was created by @actor_uid', $values),
      'content.updated' => $this->t('@entity_type @entity_id (@bundle) was updated by @actor_uid', $values),
      'content.deleted' => $this->t('@entity_type @entity_id (@bundle) was deleted by @actor_uid', $values),
      'media.created' => $this->t('Media item @entity_id (@bundle) was created by @actor_uid', $values),
      'media.updated' => $this->t('Media item @entity_id (@bundle) was updated by @actor_uid', $values),
      'media.deleted' => $this->t('Media item @entity_id (@bundle) was deleted by @actor_uid', $values),
      'file.uploaded' => $this->formatPlural((int) ($labels['size_bytes'] ?? 0), '@path (@mime_type, 1 byte) was uploaded by @actor_uid', '@path (@mime_type, @count bytes) was uploaded by @actor_uid', $values),
      'file.deleted' => $this->formatPlural((int) ($labels['size_bytes'] ?? 0), '@path (@mime_type, 1 byte) was deleted by @actor_uid', '@path (@mime_type, @count bytes) was deleted by @actor_uid', $values),
      'config.export' => $this->t('The whole configuration was exported by @actor_uid', $values),
      'theme.install' => $this->t('Theme @theme was installed by @actor_uid', $values),
      'theme.uninstall' => $this->t('Theme @theme was uninstalled by @actor_uid', $values),
      'cron.run' => match ($labels['success'] ?? NULL) {
        TRUE => $this->t('Cron ran for @duration_ms ms and succeeded', $values),
        FALSE => $this->t('Cron failed after @duration_ms ms', $values),
        default => $this->t('Cron ran for @duration_ms ms', $values),
      },
      'update.available' => match ($labels['security'] ?? NULL) {
        TRUE => $this->t('@project @installed needs a security update: @recommended is available', $values),
        default => $this->t('@project @recommended is available, @installed is installed', $values),
      },
      'maintenance.changed' => match ($labels['enabled'] ?? NULL) {
        TRUE => $this->t('Maintenance mode was switched on by @actor_uid', $values),
        FALSE => $this->t('Maintenance mode was switched off by @actor_uid', $values),
        default => $this->t('Maintenance mode was switched by @actor_uid', $values),
      },
      'php.warning' => $this->t('@message (in @file:@line)', $values),
      'php.exception' => $this->t('@class: @message (in @file:@line)', $values),
      'php.fatal' => $this->t('@message (in @file:@line)', $values),
      'db.deadlock' => $this->t('The database (@driver) gave up on a statement: @message', $values),
      'db.connection_failed' => $this->t('The database (@driver) could not be reached: @message', $values),
      'db.disk_full' => $this->t('The database (@driver) has no room left: @message', $values),
      'file.integrity_changed' => $this->t('@path is not what it was (@change_type)', $values),
      'access.denied' => $this->t('@method @path from @ip was refused', $values),
      'email.sent' => $this->formatPlural((int) ($labels['recipients'] ?? 0), '@module sent the message @key to 1 recipient', '@module sent the message @key to @count recipients', $values),
      'email.failed' => $this->formatPlural((int) ($labels['recipients'] ?? 0), 'The message @key of @module to 1 recipient was refused: @message', 'The message @key of @module to @count recipients was refused: @message', $values),
      'agent.changed' => $this->t('Logystera was changed (@change_type) by @actor_uid', $values),
      'agent.dropped' => $this->formatPlural((int) ($labels['count'] ?? 0), '1 signal was dropped: @reason', '@count signals were dropped: @reason', $values),
      default => NULL,
    };
  }

}
