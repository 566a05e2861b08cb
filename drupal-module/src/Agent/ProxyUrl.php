<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

/**
 * Takes user and password out of the address of a proxy, and puts them back.
 *
 * Works on any text: what cannot be an address must not show its password
 * either. The last "@" ends user and password, the first ":" parts them.
 */
final class ProxyUrl {

  /**
   * As much as the extension takes, and every byte a password may have.
   */
  public const CHARS_MAX = 512;
  public const PASSWORD_CHARS_MAX = 256;

  private const SCHEME = '~^[a-z][a-z0-9+.-]*://~i';
  private const USABLE = '~^(?:https?|socks5h?)://(?:[^\s@]+@)?(?:[a-z0-9._-]+|\[[a-z0-9:.%_-]+\])(?::([0-9]{1,5}))?/?$~iD';
  private const PORT_MAX = 65535;

  /**
   * The address without its password, and the password.
   *
   * @return array{string, ?string}
   *   The password is NULL where none is meant to be there. An empty one
   *   ("http://user:@host") says that the user has none, and stays.
   */
  public static function split(#[\SensitiveParameter] string $url): array {
    [$scheme, $user_info, $host] = self::parts($url);
    if ($user_info === NULL || !str_contains($user_info, ':')) {
      return [$url, NULL];
    }
    [$user, $password] = explode(':', $user_info, 2);
    return $password === '' ? [$url, ''] : ["$scheme$user@$host", rawurldecode($password)];
  }

  /**
   * The address with a password in it, for clients that want it so.
   */
  public static function join(string $address, #[\SensitiveParameter] string $password): string {
    [$scheme, $user_info, $host] = self::parts($address);
    return $scheme . strtok((string) $user_info, ':') . ':' . rawurlencode($password) . "@$host";
  }

  /**
   * Whether a user is named who may need a password that is not there.
   */
  public static function needsPassword(string $address): bool {
    $user_info = self::parts($address)[1];
    return $user_info !== NULL && !str_contains($user_info, ':');
  }

  /**
   * The address, saying that its user has no password.
   */
  public static function withoutPassword(string $address): string {
    return self::needsPassword($address) ? self::join($address, '') : $address;
  }

  /**
   * Whether the extension takes an address.
   */
  public static function isUsable(string $address): bool {
    return strlen($address) <= self::CHARS_MAX
      && preg_match('/^[\x21-\x7e]+$/D', $address) === 1
      && preg_match(self::USABLE, $address, $match) === 1
      && $address[0] !== strtoupper($address[0])
      && (!isset($match[1]) || ((int) $match[1] >= 1 && (int) $match[1] <= self::PORT_MAX));
  }

  /**
   * What stands before, in and behind "user:password@".
   *
   * @return array{string, ?string, string}
   *   The middle is NULL where there is no "@".
   */
  private static function parts(#[\SensitiveParameter] string $url): array {
    $start = preg_match(self::SCHEME, $url, $match) ? strlen($match[0]) : 0;
    $at = strrpos($url, '@');
    if ($at === FALSE || $at < $start) {
      return [substr($url, 0, $start), NULL, substr($url, $start)];
    }
    return [substr($url, 0, $start), substr($url, $start, $at - $start), substr($url, $at + 1)];
  }

}
