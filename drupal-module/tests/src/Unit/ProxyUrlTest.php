<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Unit;

use Drupal\logystera\Agent\ProxyUrl;
use Drupal\Tests\UnitTestCase;
use PHPUnit\Framework\Attributes\Group;

/**
 * Addresses of proxies, with passwords and without.
 *
 * @group logystera
 */
#[Group('logystera')]
final class ProxyUrlTest extends UnitTestCase {

  /**
   * Whatever is typed, no part of a password stays in the address.
   */
  public function testPasswordIsTakenOutOfAnyText(): void {
    $texts = [
      '' => ['', NULL],
      'http://proxy:3128' => ['http://proxy:3128', NULL],
      'http://[2001:db8::1]:3128' => ['http://[2001:db8::1]:3128', NULL],
      'http://ann@proxy:3128' => ['http://ann@proxy:3128', NULL],
      'http://ann:@proxy:3128' => ['http://ann:@proxy:3128', ''],
      'http://ann:hush@proxy:3128' => ['http://ann@proxy:3128', 'hush'],
      'HTTP://ann:hush@proxy' => ['HTTP://ann@proxy', 'hush'],
      'http://:hush@proxy' => ['http://@proxy', 'hush'],
      'http://ann:h:u/s@h?#@proxy/' => ['http://ann@proxy/', 'h:u/s@h?#'],
      'http://a%40b:h%2Fu%25s%20h@proxy' => ['http://a%40b@proxy', 'h/u%s h'],
      'ann:hush@proxy:3128' => ['ann@proxy:3128', 'hush'],
      'ann:x://hush@proxy' => ['ann@proxy', 'x://hush'],
      'foo://ann:hush@' => ['foo://ann@', 'hush'],
      '://ann:hush@proxy' => ['@proxy', '//ann:hush'],
      "http://ann:hu\nsh@proxy" => ['http://ann@proxy', "hu\nsh"],
    ];
    foreach ($texts as $text => $expected) {
      $this->assertSame($expected, ProxyUrl::split($text), $text);
    }
  }

  /**
   * A password that is put in again comes out the same.
   */
  public function testPasswordGoesInAsItCameOut(): void {
    foreach (['http://ann@proxy:3128', 'socks5h://@[::1]', 'http://a%40b@proxy/'] as $address) {
      $this->assertTrue(ProxyUrl::needsPassword($address));
      foreach (['hush', 'h:u/s@h?#', '%2F', "\u{E9} +", '0'] as $password) {
        $this->assertSame([$address, $password], ProxyUrl::split(ProxyUrl::join($address, $password)));
      }
      $this->assertFalse(ProxyUrl::needsPassword(ProxyUrl::withoutPassword($address)));
    }
    foreach (['', 'http://proxy', 'http://ann:@proxy', 'http://[::1]:1'] as $address) {
      $this->assertFalse(ProxyUrl::needsPassword($address));
      $this->assertSame($address, ProxyUrl::withoutPassword($address));
    }
  }

  /**
   * Only what the extension takes is taken.
   */
  public function testAddressesOfEveryKind(): void {
    $usable = [
      'http://proxy',
      'http://proxy:3128',
      'https://proxy.example.org:3128/',
      'socks5://web_proxy:1080',
      'socks5h://ann@[2001:db8::1]:65535',
      'http://ann:@proxy:1',
    ];
    foreach ($usable as $address) {
      $this->assertTrue(ProxyUrl::isUsable($address), $address);
    }
    $unusable = [
      '',
      'proxy:3128',
      'HTTP://proxy',
      'ftp://proxy',
      'http://',
      'http://ann@',
      'http://proxy:',
      'http://proxy:0',
      'http://proxy:65536',
      'http://proxy:99999',
      'http://pro xy',
      "http://proxy\n",
      'http://pröxy',
      'http://::1:3128',
      'http://proxy/' . str_repeat('x', 512),
      'http://' . str_repeat('x', 506),
    ];
    foreach ($unusable as $address) {
      $this->assertFalse(ProxyUrl::isUsable($address), $address);
    }
  }

}
