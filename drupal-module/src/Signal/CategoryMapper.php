<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

/**
 * The semantic category of a configuration object, by the start of its name.
 */
final class CategoryMapper {

  /**
   * What is no prefix below: configuration of contributed and custom modules.
   */
  public const OTHER = 'custom';

  /**
   * Prefix => category. Of several that fit, the longest decides.
   */
  private const PREFIXES = [
    'automated_cron.' => 'system',
    'block.' => 'block',
    'block_content.' => 'block',
    'ckeditor5.' => 'editor',
    'claro.' => 'theme',
    'comment.' => 'comment',
    'config_translation.' => 'language',
    'contact.' => 'contact',
    'content_moderation.' => 'workflow',
    'core.base_field_override.' => 'field',
    'core.date_format.' => 'system',
    'core.entity_form_display.' => 'field',
    'core.entity_form_mode.' => 'field',
    'core.entity_view_display.' => 'field',
    'core.entity_view_mode.' => 'field',
    'core.extension' => 'module',
    'core.menu.' => 'menu',
    'dblog.' => 'system',
    'editor.' => 'editor',
    'field.' => 'field',
    'field_ui.' => 'field',
    'file.' => 'file',
    'filter.' => 'editor',
    'image.' => 'media',
    'jsonapi.' => 'api',
    'jsonapi_extras.' => 'api',
    'language.' => 'language',
    'layout_builder.' => 'layout',
    'locale.' => 'language',
    'media.' => 'media',
    'media_library.' => 'media',
    'menu_ui.' => 'menu',
    'node.' => 'node',
    'olivero.' => 'theme',
    'pathauto.' => 'path',
    'redirect.' => 'path',
    'rest.' => 'api',
    'search.' => 'search',
    'search_api.' => 'search',
    'shortcut.' => 'menu',
    'syslog.' => 'system',
    'system.' => 'system',
    'system.action.' => 'action',
    'system.file' => 'file',
    'system.mail' => 'mail',
    'system.menu.' => 'menu',
    'system.theme' => 'theme',
    'taxonomy.' => 'taxonomy',
    'update.' => 'system',
    'user.' => 'user',
    'user.mail' => 'mail',
    'views.' => 'views',
    'webform.' => 'form',
    'workflows.' => 'workflow',
  ];

  /**
   * The category of an object.
   *
   * @param string $name
   *   Its full name, for example "views.view.content".
   */
  public static function categoryOf(string $name): string {
    $prefix = $name;
    while (!isset(self::PREFIXES[$prefix])) {
      // The next shorter prefix: "a.b.c", "a.b.", "a.".
      $dot = strrpos(rtrim($prefix, '.'), '.');
      if ($dot === FALSE) {
        return self::OTHER;
      }
      $prefix = substr($prefix, 0, $dot + 1);
    }
    return self::PREFIXES[$prefix];
  }

  /**
   * Every category there is, for documentation and tests.
   *
   * @return array<string, string>
   *   Prefix => category.
   */
  public static function table(): array {
    return self::PREFIXES;
  }

}
