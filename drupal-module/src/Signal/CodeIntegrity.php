<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal;

use Drupal\Core\Extension\Extension;
use Drupal\Core\Extension\ModuleExtensionList;
use Drupal\Core\Extension\ThemeExtensionList;
use Drupal\Core\KeyValueStore\KeyValueFactoryInterface;
use Drupal\Core\KeyValueStore\KeyValueStoreInterface;
use Drupal\Core\Site\Settings;

/**
 * Notices code that changed without a release behind it.
 *
 * Watched are the front controller and its neighbours, the site's settings,
 * core, and every installed module and theme: each a unit with a baseline of
 * size, time and MD5 of its files. Cron looks at units in turn, for a bounded
 * time, at one of them at least; a file is read only when its size or time
 * differs. A directory that cannot be read counts as not there. What has been
 * told becomes the new baseline. A unit whose version changed was updated: it gets a new
 * baseline and nothing is told, as for one that is new here.
 */
final class CodeIntegrity {

  /**
   * The key-value collection with the baselines.
   */
  public const COLLECTION = 'logystera.integrity';

  /**
   * The name of the next unit is kept among the baselines under this key.
   */
  private const NEXT = '.next';

  /**
   * How long one cron run may look, in seconds, unless settings.php says so.
   */
  private const SECONDS = 2.0;

  /**
   * What is code, by extension.
   */
  private const CODE = '/\.(?:php|inc|module|install|theme|profile|engine|phar|yml|twig|m?js|htaccess)$/D';

  /**
   * Files next to the front controller.
   */
  private const SITE = ['index.php', '.htaccess', 'autoload.php'];

  /**
   * Directories whose files no request runs, and other units below a unit.
   */
  private const SKIPPED = ['.git', 'node_modules', 'tests', 'Tests'];

  /**
   * Folders of core that belong to no extension.
   */
  private const CORE = [
    'core/assets',
    'core/config',
    'core/includes',
    'core/lib',
    'core/misc',
    'core/recipes',
    'core/scripts',
    'core/themes/engines/twig',
  ];

  public function __construct(
    private readonly string $appRoot,
    private readonly string $sitePath,
    private readonly KeyValueFactoryInterface $keyValue,
    private readonly ModuleExtensionList $modules,
    private readonly ThemeExtensionList $themes,
  ) {}

  /**
   * Labels of each file that is not what it was.
   */
  public function changes(): \Generator {
    $store = $this->keyValue->get(self::COLLECTION);
    $units = $this->units();
    $names = array_keys($units);
    $start = max(0, (int) array_search($store->get(self::NEXT), $names, TRUE));
    $until = microtime(TRUE) + (float) Settings::get('logystera_integrity_seconds', self::SECONDS);
    $done = 0;
    try {
      do {
        $name = $names[($start + $done) % count($names)];
        $done++;
        yield from $this->unitChanges($store, $name, $units[$name]);
      } while ($done < count($names) && microtime(TRUE) < $until);
    }
    finally {
      // A unit that cannot be looked at has its turn, and the others theirs.
      $store->set(self::NEXT, $names[($start + $done) % count($names)]);
    }
    $store->deleteMultiple(array_diff(array_keys($store->getAll()), $names, [self::NEXT]));
  }

  /**
   * Removes what is kept.
   */
  public function forget(): void {
    $this->keyValue->get(self::COLLECTION)->deleteAll();
  }

  /**
   * Compares one unit with its baseline and renews that.
   *
   * @param \Drupal\Core\KeyValueStore\KeyValueStoreInterface $store
   *   Keeps the baselines.
   * @param string $name
   *   The unit.
   * @param array{string, list<string>} $unit
   *   Its version and its files and directories.
   */
  private function unitChanges(KeyValueStoreInterface $store, string $name, array $unit): \Generator {
    [$version, $paths] = $unit;
    $before = $store->get($name);
    $updated = !is_array($before) || $before['version'] !== $version;
    $known = $updated ? [] : $before['files'];
    $now = [];
    foreach ($this->files($paths) as $path => $file) {
      $old = $known[$path] ?? NULL;
      try {
        $size = $file->getSize();
        $time = $file->getMTime();
      }
      catch (\RuntimeException) {
        // It went while the others were looked at.
        continue;
      }
      $same = $old && $old[0] === $size && $old[1] === $time;
      $now[$path] = [$size, $time, $same ? $old[2] : (string) @md5_file($file->getPathname())];
    }
    if (!$updated) {
      foreach ($now + $known as $path => $ignored) {
        $md5_before = $known[$path][2] ?? '';
        $md5_after = $now[$path][2] ?? '';
        if ($md5_before !== $md5_after) {
          yield [
            'path' => $path,
            'change_type' => $md5_before === '' ? 'added' : ($md5_after === '' ? 'removed' : 'modified'),
            'md5_before' => $md5_before,
            'md5_after' => $md5_after,
          ];
        }
      }
    }
    if ($updated || $now !== $known) {
      $store->set($name, ['version' => $version, 'files' => $now]);
    }
  }

  /**
   * Every unit: name => [version, files and directories].
   */
  private function units(): array {
    $core = \Drupal::VERSION;
    $units = [
      'site' => ['', [...self::SITE, "$this->sitePath/settings.php", "$this->sitePath/services.yml"]],
    ];
    // Next to the front controller, but of core as well: update.php.
    $units['core'] = [$core, ['update.php', ...$this->codeIn('core')]];
    foreach (self::CORE as $folder) {
      $units[$folder] = [$core, [$folder]];
    }
    foreach ([$this->modules, $this->themes] as $list) {
      foreach ($list->getAllInstalledInfo() as $name => $info) {
        $extension = $list->get($name);
        assert($extension instanceof Extension);
        $version = (string) ($info['version'] ?? '') . (str_starts_with($extension->getPath(), 'core/') ? " $core" : '');
        $units[$extension->getPath()] = [$version, [$extension->getPath()]];
      }
    }
    ksort($units);
    return $units;
  }

  /**
   * The code in a folder itself, not below it.
   *
   * @return list<string>
   *   Paths below Drupal's root.
   */
  private function codeIn(string $folder): array {
    $names = preg_grep(self::CODE, @scandir("$this->appRoot/$folder") ?: []) ?: [];
    return array_map(static fn(string $name): string => "$folder/$name", array_values($names));
  }

  /**
   * The code below some files and directories: path => file.
   *
   * @param list<string> $paths
   *   Paths below Drupal's root.
   *
   * @return \Generator<string, \SplFileInfo>
   *   Links are not followed: what they lead to is not this unit's.
   */
  private function files(array $paths): \Generator {
    foreach ($paths as $path) {
      $full = "$this->appRoot/$path";
      if (is_file($full)) {
        yield $path => new \SplFileInfo($full);
      }
      elseif (is_dir($full) && is_readable($full)) {
        $below = new \RecursiveCallbackFilterIterator(
          new \RecursiveDirectoryIterator($full, \FilesystemIterator::SKIP_DOTS),
          fn(\SplFileInfo $file): bool => $file->isLink() ? FALSE : ($file->isDir()
            ? !in_array($file->getFilename(), self::SKIPPED, TRUE) && !glob($file->getPathname() . '/*.info.yml')
            : (bool) preg_match(self::CODE, $file->getFilename())),
        );
        // A directory that cannot be read is passed over.
        $all = new \RecursiveIteratorIterator($below, \RecursiveIteratorIterator::LEAVES_ONLY, \RecursiveIteratorIterator::CATCH_GET_CHILD);
        foreach ($all as $file) {
          yield substr($file->getPathname(), strlen($this->appRoot) + 1) => $file;
        }
      }
    }
  }

}
