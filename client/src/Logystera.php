<?php

declare(strict_types=1);

namespace Logystera\Client;

use Logystera\Agent\Credentials;
use Logystera\Agent\Dispatcher;
use Logystera\Agent\Exception\BufferUnavailable;
use Logystera\Agent\Recorder as AgentRecorder;

/**
 * Where an application begins: a recorder for its requests, and the run of its cron job.
 *
 * @phpstan-type Flush array{status: 'idle'|'sent'|'partial'|'backoff'|'suspended'|'busy'|'unavailable', sent: int, batches: int, requests: int, dead_lettered: int, remaining_bytes: int, retry_at: int|null, error: string|null}
 */
final class Logystera
{
    private const MISSING = 'the PHP extension logystera is not loaded';

    /** Whether the extension is there. Whether it records, a recorder's stats() say. */
    public static function isAvailable(): bool
    {
        return class_exists(AgentRecorder::class, false);
    }

    /**
     * A recorder for this request. Without the extension, or where its buffer cannot be used, it does nothing, and its stats()
     * say why: a disk that is full stops no page. Options that are wrong throw what the extension throws: a mistake in the code.
     *
     * @param string $bufferDir absolute path outside of the document root, for this site alone
     * @param array{
     *   enabled?: list<string>|null,
     *   toggles?: array<string, array<string, bool>>|null,
     *   signals?: list<array{type: string, cap: int<1, 200>, config_key?: string|null, default?: bool, labels?: array<int|string, string|array{name?: string, type: string, max_chars?: int<1, 1024>}>}>|null,
     *   uid_key?: string|Credentials,
     *   anonymize_ip?: bool,
     *   root?: string,
     *   durability?: 'default'|'critical',
     *   share?: 'user'|'group',
     *   allow_network_fs?: bool,
     *   max_events?: int<1, 200>
     * } $options as Logystera\Agent\Recorder has them
     */
    public static function recorder(string $bufferDir, #[\SensitiveParameter] array $options = []): Recorder
    {
        if (!self::isAvailable()) {
            return new NullRecorder(self::MISSING);
        }
        try {
            return new NativeRecorder(new AgentRecorder($bufferDir, $options));
        } catch (BufferUnavailable $unavailable) {
            return new NullRecorder($unavailable->getMessage());
        }
    }

    /**
     * Sends what the buffer holds: a cron job's work. Gives what Dispatcher::flush() gives; without the extension, or where the
     * buffer cannot be used, the status "unavailable". Credentials and options that are wrong throw.
     *
     * @param array{
     *   batch_size?: int<10, 500>,
     *   sent_bytes?: int<0, 5242880>,
     *   proxy?: string,
     *   proxy_from_environment?: bool,
     *   ca_bundle?: string,
     *   connect_timeout?: int<1, 60>,
     *   timeout?: int<1, 300>,
     *   max_seconds?: int<1, 3600>,
     *   max_requests?: int<0, max>,
     *   user_agent?: string,
     *   share?: 'user'|'group',
     *   allow_network_fs?: bool
     * } $options as Logystera\Agent\Dispatcher has them
     * @return Flush
     */
    public static function flush(
        string $bufferDir,
        string $gatewayUrl,
        string $entityToken,
        #[\SensitiveParameter] string $entitySecret,
        array $options = [],
    ): array {
        if (!self::isAvailable()) {
            return self::unavailable(self::MISSING);
        }
        $credentials = new Credentials($gatewayUrl, $entityToken, $entitySecret);
        try {
            return (new Dispatcher($bufferDir, $credentials, $options))->flush();
        } catch (BufferUnavailable $unavailable) {
            return self::unavailable($unavailable->getMessage());
        }
    }

    /**
     * @return Flush
     */
    private static function unavailable(string $why): array
    {
        return ['status' => 'unavailable', 'sent' => 0, 'batches' => 0, 'requests' => 0, 'dead_lettered' => 0, 'remaining_bytes' => 0,
            'retry_at' => null, 'error' => $why];
    }
}
