<?php

declare(strict_types=1);

namespace Drupal\logystera\Agent;

use Drupal\Component\Datetime\TimeInterface;
use Drupal\Component\Utility\Crypt;
use Drupal\Component\Utility\UrlHelper;
use Drupal\Core\Config\ConfigFactoryInterface;
use Drupal\Core\StringTranslation\StringTranslationTrait;
use Drupal\Core\Url;
use GuzzleHttp\ClientInterface;
use GuzzleHttp\Exception\ConnectException;
use GuzzleHttp\Psr7\BufferStream;
use GuzzleHttp\RequestOptions;
use Logystera\Agent\Credentials;
use Logystera\Agent\Exception\AgentException;
use Psr\Http\Message\ResponseInterface;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Session\SessionInterface;

/**
 * Connects the site with one click: OAuth 2, authorization code with PKCE.
 *
 * The administrator is sent to the gateway, agrees there, and comes back with a
 * code, which the site exchanges for its credentials from server to server. The
 * secret never passes through a browser. What belongs to one attempt lies in
 * the session of who began it, for one answer and ten minutes.
 */
final class Authorization {

  use StringTranslationTrait;

  /**
   * Where the attempt under way is kept in the session.
   */
  private const SESSION_KEY = 'logystera.authorization';

  /**
   * How long the gateway's answer is waited for.
   */
  private const ATTEMPT_SECONDS = 600;

  /**
   * Bytes of randomness in the state and the code verifier.
   */
  private const RANDOM_BYTES = 32;

  /**
   * What the exchange of the code may take.
   */
  private const CONNECT_SECONDS = 5;
  private const TIMEOUT_SECONDS = 15;
  private const ANSWER_BYTES_MAX = 65536;
  private const ANSWER_DEPTH_MAX = 8;

  /**
   * More characters than a code, or an error's name, ever has.
   */
  private const PARAMETER_CHARS_MAX = 512;
  private const SITE_NAME_CHARS_MAX = 128;

  public function __construct(
    private readonly ClientInterface $http,
    private readonly ConfigFactoryInterface $config,
    private readonly TimeInterface $time,
    private readonly Proxy $proxy,
    private readonly array $settings,
  ) {}

  /**
   * Begins an attempt.
   *
   * @param string $gateway
   *   The address of the gateway.
   * @param \Symfony\Component\HttpFoundation\Request $request
   *   The request of who wants to connect the site.
   *
   * @return string
   *   Where the browser has to go.
   *
   * @throws \Drupal\logystera\Agent\AuthorizationFailed
   *   When it cannot work from this site or with that gateway.
   */
  public function begin(string $gateway, Request $request): string {
    $gateway = $this->gatewayAddress($gateway);
    $client = $request->getSchemeAndHttpHost() . $request->getBasePath() . '/';
    if (!self::isTrustworthy($client)) {
      throw AuthorizationFailed::because($this->t('This page was opened over plain HTTP, but the answer of the gateway needs HTTPS. Open the site over HTTPS, or connect it with credentials.'));
    }
    // Better now than when the gateway has been asked.
    if ($problem = $this->proxy->problem()) {
      throw new AuthorizationFailed($problem);
    }
    $attempt = [
      'gateway' => $gateway,
      'client' => $client,
      'state' => Crypt::randomBytesBase64(self::RANDOM_BYTES),
      'verifier' => Crypt::randomBytesBase64(self::RANDOM_BYTES),
      'redirect' => Url::fromRoute('logystera.connected', [], ['absolute' => TRUE, 'path_processing' => FALSE])->toString(TRUE)->getGeneratedUrl(),
      'until' => $this->time->getCurrentTime() + self::ATTEMPT_SECONDS,
    ];
    $request->getSession()->set(self::SESSION_KEY, $attempt);
    return $gateway . '/oauth/authorize?' . UrlHelper::buildQuery([
      'response_type' => 'code',
      'client_id' => $client,
      'redirect_uri' => $attempt['redirect'],
      'state' => $attempt['state'],
      'code_challenge' => Crypt::hashBase64($attempt['verifier']),
      'code_challenge_method' => 'S256',
      'site_name' => mb_substr((string) $this->config->get('system.site')->get('name'), 0, self::SITE_NAME_CHARS_MAX),
    ]);
  }

  /**
   * Ends an attempt, whatever comes of it: an answer counts once.
   *
   * @param \Symfony\Component\HttpFoundation\Request $request
   *   The request the gateway sent the browser back with.
   *
   * @return \Logystera\Agent\Credentials
   *   The site's credentials.
   *
   * @throws \Drupal\logystera\Agent\AuthorizationFailed
   *   When there are none.
   */
  public function complete(Request $request): Credentials {
    $attempt = $this->takeAttempt($request->getSession());
    $answer = [];
    foreach (['state', 'iss', 'code', 'error'] as $name) {
      $value = $request->query->all()[$name] ?? '';
      $answer[$name] = is_string($value) && strlen($value) <= self::PARAMETER_CHARS_MAX ? $value : '';
    }
    if ($attempt === NULL || !hash_equals($attempt['state'], $answer['state'])) {
      throw AuthorizationFailed::because($this->t('This answer does not belong to a connection you started within the last ten minutes. Press Connect again.'));
    }
    if (rtrim($answer['iss'], '/') !== $attempt['gateway']) {
      throw AuthorizationFailed::because($this->t('The answer does not come from @gateway. If that gateway uses another address, enter that address.', ['@gateway' => $attempt['gateway']]));
    }
    if ($answer['error'] !== '') {
      throw AuthorizationFailed::because($this->refusal($answer['error']));
    }
    return $this->exchange($answer['code'], $attempt);
  }

  /**
   * Takes the attempt out of the session; NULL when there is none, or too old.
   */
  private function takeAttempt(SessionInterface $session): ?array {
    $attempt = $session->remove(self::SESSION_KEY);
    return is_array($attempt) && $attempt['until'] >= $this->time->getCurrentTime() ? $attempt : NULL;
  }

  /**
   * Exchanges the code for the credentials.
   */
  private function exchange(#[\SensitiveParameter] string $code, #[\SensitiveParameter] array $attempt): Credentials {
    try {
      $response = $this->http->request('POST', $attempt['gateway'] . '/oauth/token', [
        RequestOptions::FORM_PARAMS => [
          'grant_type' => 'authorization_code',
          'code' => $code,
          'redirect_uri' => $attempt['redirect'],
          'client_id' => $attempt['client'],
          'code_verifier' => $attempt['verifier'],
        ],
        RequestOptions::HEADERS => ['Accept' => 'application/json'],
        RequestOptions::ALLOW_REDIRECTS => FALSE,
        RequestOptions::HTTP_ERRORS => FALSE,
        RequestOptions::CONNECT_TIMEOUT => self::CONNECT_SECONDS,
        RequestOptions::TIMEOUT => self::TIMEOUT_SECONDS,
        // Takes no more than that, and ends the transfer then.
        RequestOptions::SINK => new BufferStream(self::ANSWER_BYTES_MAX),
      ] + $this->transport());
    }
    catch (ConnectException) {
      throw AuthorizationFailed::because($this->t('You agreed, but this server cannot reach @gateway. Check its firewall, and the proxy and the certificate authorities on this page.', ['@gateway' => $attempt['gateway']]));
    }
    catch (\Throwable) {
      // Whatever it is: its message and its trace may quote the request, the
      // proxy's password included.
      throw AuthorizationFailed::because($this->t('You agreed, but the answer of @gateway did not arrive completely. Try again.', ['@gateway' => $attempt['gateway']]));
    }
    return $this->credentials($response, $attempt['gateway']);
  }

  /**
   * Reads the answer to the exchange.
   */
  private function credentials(#[\SensitiveParameter] ResponseInterface $response, string $gateway): Credentials {
    try {
      $answer = json_decode($response->getBody()->getContents(), TRUE, self::ANSWER_DEPTH_MAX, JSON_THROW_ON_ERROR);
    }
    catch (\JsonException) {
      $answer = NULL;
    }
    $status = $response->getStatusCode();
    if ($status !== 200 && is_string($answer['error'] ?? NULL)) {
      throw AuthorizationFailed::because($this->refusal($answer['error']));
    }
    $values = [];
    foreach (['gateway_url', 'entity_token', 'entity_secret'] as $name) {
      $values[] = is_string($answer[$name] ?? NULL) ? $answer[$name] : '';
    }
    if ($status !== 200 || ($answer['token_type'] ?? '') !== 'entity' || in_array('', $values, TRUE)) {
      throw AuthorizationFailed::because($this->t('The server at @gateway is not a Logystera gateway, or too old a one (status @status). Check the address.', [
        '@gateway' => $gateway,
        '@status' => $status,
      ]));
    }
    if (rtrim($values[0], '/') !== $gateway) {
      throw AuthorizationFailed::because($this->t('The gateway at @gateway uses the address @other. Enter that address if it is the right one.', [
        '@gateway' => $gateway,
        '@other' => mb_substr($values[0], 0, self::PARAMETER_CHARS_MAX),
      ]));
    }
    try {
      return new Credentials(...$values);
    }
    catch (AgentException $error) {
      throw new AuthorizationFailed($error->getMessage(), 0, $error);
    }
  }

  /**
   * Proxy and certificates, as the dispatcher uses them.
   */
  private function transport(): array {
    return array_filter([
      RequestOptions::PROXY => $this->proxy->url(),
      RequestOptions::VERIFY => $this->settings['ca_bundle'] ?? '',
    ]);
  }

  /**
   * What an error of RFC 6749 means for who wants to connect a site.
   */
  private function refusal(string $error): \Stringable {
    return match ($error) {
      'access_denied' => $this->t('The connection was declined at the gateway. Nothing was changed.'),
      'invalid_grant' => $this->t('The gateway no longer accepts its code: the code was used before, or is older than a minute. Press Connect again.'),
      'invalid_client', 'unauthorized_client' => $this->t('The gateway does not let this site connect by itself. Ask its operator for credentials.'),
      'temporarily_unavailable', 'server_error' => $this->t('The gateway cannot connect sites at the moment. Try again later.'),
      default => $this->t('The gateway refused: @error. Try again; if the error persists, tell the operator of the gateway.', [
        '@error' => preg_replace('/[^a-z_]/', '?', mb_substr($error, 0, 64)),
      ]),
    };
  }

  /**
   * The address without a slash at its end.
   */
  private function gatewayAddress(string $gateway): string {
    $gateway = rtrim(trim($gateway), '/');
    $parts = parse_url($gateway);
    $superfluous = array_intersect_key($parts ?: [], array_flip(['user', 'query', 'fragment']));
    if ($superfluous || !UrlHelper::isValid($gateway, TRUE) || !self::isTrustworthy($gateway)) {
      throw AuthorizationFailed::because($this->t('Enter a gateway address that begins with https:// and has no user, query or fragment, for example https://gateway.example.org.'));
    }
    return $gateway;
  }

  /**
   * Whether secrets may travel there: HTTPS, or this very machine.
   */
  private static function isTrustworthy(string $url): bool {
    $parts = parse_url($url);
    $scheme = strtolower($parts['scheme'] ?? '');
    $is_local = in_array(strtolower($parts['host'] ?? ''), ['localhost', '127.0.0.1', '[::1]'], TRUE);
    return $scheme === 'https' || ($scheme === 'http' && $is_local);
  }

}
