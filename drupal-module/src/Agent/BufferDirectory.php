<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

use Drupal\Core\Site\Settings;

/**
 * Where this site's buffer lies on disk.
 *
 * The directory private://logystera, or $settings['logystera_buffer_path']. A
 * site of a multisite that is not the default one has a directory of its own
 * below it, because several sites may share one private path.
 */
final class BufferDirectory {

  /**
   * The site whose buffer lies in private://logystera itself.
   */
  private const DEFAULT_SITE = 'sites/default';

  public function __construct(
    private readonly string $appRoot,
    private readonly string $sitePath,
  ) {}

  /**
   * The absolute path; NULL where there is no private place for it.
   */
  public function path(): ?string {
    $path = Settings::get('logystera_buffer_path');
    if (!is_string($path) || $path === '') {
      $private = Settings::get('file_private_path');
      if (!is_string($private) || $private === '') {
        return NULL;
      }
      $path = $this->absolute($private) . '/logystera';
      if ($this->sitePath !== self::DEFAULT_SITE) {
        $path .= '/' . strtr(substr($this->sitePath, strlen('sites/')), '/', '-');
      }
    }
    return $this->absolute(rtrim($path, '/'));
  }

  /**
   * The file whose time says when a page sent the buffer last; NULL for none.
   *
   * It lies next to the directories of buffers, never inside of one. Where
   * other installations may have theirs there, its name says which it is of.
   */
  public function autoMark(): ?string {
    $path = $this->path();
    if ($path === NULL) {
      return NULL;
    }
    $private = Settings::get('file_private_path');
    $start = is_string($private) && $private !== ''
      ? $this->absolute($private) . '/.logystera-auto-'
      : dirname($path) . '/.logystera-auto-' . basename($path) . '-';
    return $start . strtr($this->sitePath, '/', '-');
  }

  /**
   * Gives the directory the modes that go with the setting buffer_share.
   *
   * The extension makes a directory with them, but leaves an existing one as
   * it is: the setting was changed since. Only the owner can do this.
   */
  public function adapt(string $path, bool $group): void {
    $wanted = $group ? 02770 : 0700;
    if (is_link($path) || !is_dir($path) || (fileperms($path) & 07777) === $wanted || fileowner($path) !== $this->processOwner()) {
      return;
    }
    foreach (["$path/*", "$path/.part-*", "$path/dead/*", "$path/sent/*"] as $pattern) {
      foreach (glob($pattern) ?: [] as $entry) {
        if (!is_link($entry)) {
          chmod($entry, is_dir($entry) ? $wanted : ($group ? 0660 : 0600));
        }
      }
    }
    chmod($path, $wanted);
  }

  /**
   * Makes the directory a site of a multisite has its own one in.
   *
   * The extension makes the last directory of a path alone: it cannot know
   * which of the others are the site's.
   */
  public function makeParent(string $path, bool $group): void {
    $parent = dirname($path);
    if (!is_dir($parent) && is_dir(dirname($parent))) {
      @mkdir($parent, 0700);
      $this->adapt($parent, $group);
    }
  }

  /**
   * The user id this process makes files as; the posix extension is optional.
   */
  private function processOwner(): int|false {
    if (function_exists('posix_geteuid')) {
      return posix_geteuid();
    }
    $probe = tmpfile();
    return $probe === FALSE ? FALSE : (fstat($probe)['uid'] ?? FALSE);
  }

  /**
   * Resolves a path that settings.php gives relative to Drupal's root.
   */
  private function absolute(string $path): string {
    return $path[0] === '/' ? $path : $this->appRoot . '/' . $path;
  }

}
