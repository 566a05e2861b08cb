<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Kernel;

use Drupal\logystera\Agent\Authorization;
use Drupal\logystera\Agent\AuthorizationFailed;
use Drupal\Tests\logystera\Traits\StrangeGatewayTrait;
use Logystera\Agent\Credentials;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\Attributes\RunTestsInSeparateProcesses;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Session\Session;
use Symfony\Component\HttpFoundation\Session\SessionInterface;
use Symfony\Component\HttpFoundation\Session\Storage\MockArraySessionStorage;

/**
 * Connecting with one click, when somebody or something plays foul.
 *
 * That it works with a real gateway is shown in a browser elsewhere.
 *
 * @group logystera
 */
#[Group('logystera')]
#[RunTestsInSeparateProcesses]
final class AuthorizationTest extends LogysteraKernelTestBase {

  use StrangeGatewayTrait;

  private const SITE = 'https://site.example.org';

  /**
   * The session of who connects the site.
   */
  private SessionInterface $session;

  /**
   * {@inheritdoc}
   */
  protected function setUp(): void {
    parent::setUp();
    $this->session = new Session(new MockArraySessionStorage());
    $this->config('system.site')->set('name', str_repeat('ä', 200))->save();
  }

  /**
   * {@inheritdoc}
   */
  protected function tearDown(): void {
    $this->stopGateway();
    parent::tearDown();
  }

  /**
   * The browser is sent on with everything the gateway needs, and no secret.
   */
  public function testBrowserIsSentToTheGateway(): void {
    $url = $this->begin('https://gateway.example.org/');
    [$there, $query] = explode('?', $url);
    parse_str($query, $sent);
    $this->assertSame('https://gateway.example.org/oauth/authorize', $there);
    $attempt = $this->session->get('logystera.authorization');
    $this->assertSame([
      'response_type' => 'code',
      'client_id' => self::SITE . '/',
      'redirect_uri' => $attempt['redirect'],
      'state' => $attempt['state'],
      'code_challenge' => rtrim(strtr(base64_encode(hash('sha256', $attempt['verifier'], TRUE)), '+/', '-_'), '='),
      'code_challenge_method' => 'S256',
      'site_name' => str_repeat('ä', 128),
    ], $sent);
    $this->assertMatchesRegularExpression('/^[A-Za-z0-9_-]{43}$/', $attempt['state']);
    $this->assertMatchesRegularExpression('/^[A-Za-z0-9_-]{43}$/', $attempt['verifier']);
    $this->assertStringNotContainsString($attempt['verifier'], $url);
    $this->assertStringEndsWith('/admin/config/system/logystera/connected', $attempt['redirect']);
    // A second attempt has other values.
    $this->begin('https://gateway.example.org');
    $again = $this->session->get('logystera.authorization');
    $this->assertNotSame($attempt['state'], $again['state']);
    $this->assertNotSame($attempt['verifier'], $again['verifier']);
  }

  /**
   * Nothing begins where secrets would travel in the clear.
   */
  public function testAddressesThatWillNotDo(): void {
    $addresses = [
      'http://gateway.example.org',
      'ftp://gateway.example.org',
      'javascript:alert(1)',
      'https://user:planted@gateway.example.org',
      'https://gateway.example.org/?a=b',
      'https://gateway.example.org/#a',
      'https://',
      'gateway.example.org',
      '',
    ];
    foreach ($addresses as $address) {
      $this->fails('begins with https://', fn() => $this->begin($address));
    }
    $this->fails('opened over plain HTTP', fn() => $this->begin('https://gateway.example.org', 'http://site.example.org'));
    $this->assertStringStartsWith('http://127.0.0.1:8080/oauth/authorize?', $this->begin('http://127.0.0.1:8080', 'http://localhost'));
  }

  /**
   * Only the answer to the attempt of this very session counts, once, in time.
   */
  public function testAnswersThatBelongToNoAttempt(): void {
    $none = 'does not belong to a connection you started';
    $this->fails($none, fn() => $this->answer(['state' => 'x', 'code' => 'y']));
    foreach (['', 'wrong', ['a'], str_repeat('x', 10000)] as $state) {
      $this->begin('https://gateway.example.org');
      $right = $this->session->get('logystera.authorization')['state'];
      $this->fails($none, fn() => $this->answer(['state' => $state]));
      // A wrong answer uses the attempt up: nobody may guess twice.
      $this->fails($none, fn() => $this->answer(['state' => $right]));
    }
    $this->begin('https://gateway.example.org');
    $attempt = $this->session->get('logystera.authorization');
    $this->session->set('logystera.authorization', ['until' => time() - 1] + $attempt);
    $this->fails($none, fn() => $this->answer(['state' => $attempt['state']]));
    $this->begin('https://gateway.example.org');
    $attempt = $this->session->get('logystera.authorization');
    $this->session = new Session(new MockArraySessionStorage());
    $this->fails($none, fn() => $this->answer(['state' => $attempt['state']]));
  }

  /**
   * An answer of another gateway, or a refusal, connects nothing.
   */
  public function testAnswersThatAreNone(): void {
    foreach (['https://evil.example.org', '', 'https://gateway.example.org.evil.example.org'] as $issuer) {
      $this->fails('does not come from https://gateway.example.org', fn() => $this->attempt('https://gateway.example.org', ['iss' => $issuer]));
    }
    $refusals = [
      'access_denied' => 'was declined',
      'unauthorized_client' => 'Ask its operator',
      'server_error' => 'Try again later',
      '<script>' => 'The gateway refused: ?script?',
    ];
    foreach ($refusals as $error => $words) {
      $this->fails($words, fn() => $this->attempt('https://gateway.example.org', ['error' => $error]));
    }
  }

  /**
   * The exchange of the code: sent once, to that gateway, and read with care.
   */
  public function testExchangeOfTheCode(): void {
    $this->startGateway();
    $credentials = $this->attempt("$this->address/good");
    $this->assertInstanceOf(Credentials::class, $credentials);
    $this->assertSame('ent_plantedplantedplanted', $credentials->entityToken());
    $this->assertSame("$this->address/good", $credentials->gatewayUrl());
    [$method, $path, $fields] = $this->received();
    $this->assertSame(['POST', '/good/oauth/token'], [$method, $path]);
    $this->assertSame(['grant_type', 'code', 'redirect_uri', 'client_id', 'code_verifier'], array_keys($fields));
    $this->assertSame('authorization_code', $fields['grant_type']);
    $this->assertSame('planted-code', $fields['code']);
    $this->assertSame(self::SITE . '/', $fields['client_id']);
    $this->assertSame(43, strlen($fields['code_verifier']));

    $no_gateway = 'is not a Logystera gateway';
    $faults = [
      'redirecting' => "$no_gateway, or too old a one (status 307)",
      'failing' => "$no_gateway, or too old a one (status 500)",
      'endless' => 'did not arrive completely',
      'refusing' => 'no longer accepts its code',
      'shouting' => 'The gateway refused: ?b????????b?xxx',
      'elsewhere' => 'uses the address https://elsewhere.example.org',
      'forgetful' => $no_gateway,
      'wrong' => $no_gateway,
      'short' => 'secret',
      'deep' => $no_gateway,
      'speechless' => $no_gateway,
    ];
    foreach ($faults as $kind => $words) {
      $this->fails($words, fn() => $this->attempt("$this->address/$kind"));
      $this->assertSame("/$kind/oauth/token", $this->received()[1], 'no redirect is followed');
    }
    $this->stopGateway();
    $this->fails('cannot reach', fn() => $this->attempt("$this->address/good"));
  }

  /**
   * The proxy of the settings is used for it as well.
   */
  public function testExchangeGoesThroughTheProxy(): void {
    $this->startGateway();
    $this->config('logystera.settings')->set('proxy', $this->address)->save();
    $this->rebuild();
    // Nobody listens there: only the proxy can have answered.
    $this->assertSame('http://localhost:9', rtrim($this->attempt('http://localhost:9')->gatewayUrl(), '/'));
    $this->assertSame('http://localhost:9/oauth/token', $this->received()[1]);
    $this->assertNull($this->received()[3]);
  }

  /**
   * So is its password, and one that is missing is asked for before anything.
   */
  public function testExchangeTellsTheProxyItsPassword(): void {
    $this->startGateway();
    $this->config('logystera.settings')->set('proxy', str_replace('//', '//ann:planted-h%2Fush@', $this->address))->save();
    $this->assertStringNotContainsString('planted', serialize($this->config('logystera.settings')->getRawData()));
    $this->attempt('http://localhost:9');
    $this->assertSame('Basic ' . base64_encode('ann:planted-h/ush'), $this->received()[3]);
    $this->stopGateway();
    $this->fails('cannot reach', fn() => $this->attempt('http://localhost:9'));
    $this->container->get('state')->delete('logystera.proxy');
    $this->fails('Enter it on the Logystera page', fn() => $this->begin('http://localhost:9'));
  }

  /**
   * Begins an attempt.
   */
  private function begin(string $gateway, string $site = self::SITE): string {
    return $this->container->get(Authorization::class)->begin($gateway, $this->request("$site/admin"));
  }

  /**
   * Begins an attempt and answers it, rightly but for what is told.
   */
  private function attempt(string $gateway, array $answer = []): Credentials {
    $this->begin($gateway);
    return $this->answer($answer + [
      'state' => $this->session->get('logystera.authorization')['state'],
      'iss' => $gateway,
      'code' => 'planted-code',
    ]);
  }

  /**
   * What the browser brings back.
   */
  private function answer(array $query): Credentials {
    return $this->container->get(Authorization::class)->complete($this->request(self::SITE . '/connected?' . http_build_query($query)));
  }

  /**
   * A request in the session.
   */
  private function request(string $url): Request {
    $request = Request::create($url);
    $request->setSession($this->session);
    return $request;
  }

  /**
   * Asserts that connecting fails, in those words and without a secret.
   */
  private function fails(string $words, \Closure $attempt): void {
    try {
      $attempt();
    }
    catch (AuthorizationFailed $failed) {
      $this->assertStringContainsString($words, $failed->getMessage());
      $this->assertStringNotContainsString('planted-secret', (string) $failed);
      $this->assertStringNotContainsString('planted-code', $failed->getMessage());
      $this->assertFalse($this->session->has('logystera.authorization'));
      return;
    }
    $this->fail("It did not fail: $words");
  }

}
