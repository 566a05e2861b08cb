<?php

declare(strict_types=1);

namespace Drupal\Tests\logystera\Traits;

/**
 * Starts an HTTP server that plays a gateway, or a proxy, and misbehaves.
 */
trait StrangeGatewayTrait {

  /**
   * How long it may take to start, in seconds.
   */
  private const STARTED_SECONDS = 60;

  /**
   * The process.
   *
   * @var resource|null
   */
  private $gateway = NULL;

  /**
   * Where it is.
   */
  private string $address = '';

  /**
   * Starts it.
   */
  private function startGateway(): void {
    $probe = stream_socket_server('tcp://127.0.0.1:0');
    assert($probe !== FALSE);
    $this->address = 'http://' . stream_socket_get_name($probe, FALSE);
    fclose($probe);
    $router = dirname(__DIR__, 2) . '/fixtures/strange_gateway.php';
    $gateway = proc_open(
      [PHP_BINARY, '-n', '-S', substr($this->address, strlen('http://')), $router],
      [['file', '/dev/null', 'r'], ['file', '/dev/null', 'w'], ['file', '/dev/null', 'w']],
      $pipes,
      NULL,
      ['RECEIVED' => "$this->privateDirectory/received"],
    );
    assert($gateway !== FALSE);
    $this->gateway = $gateway;
    for ($until = time() + self::STARTED_SECONDS; !@fsockopen(str_replace('http://', 'tcp://', $this->address)); usleep(20000)) {
      $this->assertLessThan($until, time(), 'the gateway does not start');
    }
  }

  /**
   * What it was sent last: method, URI, fields and the user of a proxy.
   */
  private function received(): array {
    return json_decode((string) file_get_contents("$this->privateDirectory/received"), TRUE);
  }

  /**
   * Ends it.
   */
  private function stopGateway(): void {
    if ($this->gateway) {
      proc_terminate($this->gateway);
      proc_close($this->gateway);
      $this->gateway = NULL;
    }
  }

}
