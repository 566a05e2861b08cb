<?php

/**
 * @generate-class-entries
 * @undocumentable
 */

namespace Logystera\Agent {

    /**
     * Writes the signals of one request to the buffer; the commit happens when the request ends.
     * @strict-properties
     * @not-serializable
     */
    final class Recorder
    {
        /**
         * @param string $bufferDir absolute path of the site's buffer directory
         * @param array $options enabled (list of types) or toggles (group => [key => bool], by each signal's config_key; a
         *   signal that is in neither is as its default says), signals (list of further signal definitions: type, cap,
         *   labels; config_key, default),
         *   uid_key (16-256 bytes, or Credentials: their secret), anonymize_ip,
         *   root (the application's directory: fatal errors name files relative to it),
         *   durability ("default"|"critical"), share ("user"|"group"), allow_network_fs, max_events
         * A declared signal's labels are name => type, or arrays with name, type and max_chars (1-1,024; strings only). A type
         * is string, int, float, bool or string[], as PHP has them (integer, number, boolean and list mean the same), or one
         * that is made safe: uid, path, ip, message, sql.
         * @phpstan-param array{
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
         * } $options
         * @throws Exception\InvalidOption
         * @throws Exception\BufferUnavailable
         */
        public function __construct(string $bufferDir, #[\SensitiveParameter] array $options = []) {}

        /** Whether this type is on: ask before computing labels that cost something. False for an unknown type. */
        public function wants(string $type): bool {}

        /**
         * Writes one event into the request's memory; it is committed to the buffer when the request ends. False: the type is off
         * or unknown, its cap is reached, or it does not fit; all but the first are counted, see stats(). A label the type does
         * not have is left out, a value the label cannot hold becomes null. Unknown types and labels are told by an
         * E_USER_NOTICE, each once a request, where logystera.warn says so.
         * @phpstan-param array<string, scalar|null|list<string|int>> $labels
         */
        public function record(string $type, array $labels = []): bool {}

        /** 64 hex digits: HMAC-SHA256 of a user id under uid_key; empty for the anonymous user ("" and 0), and while recording is off. */
        public function hashId(string|int $id): string {}

        /** Commits what is pending now; a long-running process may want to. How many events are in the buffer for certain. */
        public function commit(): int {}

        /**
         * What this request has recorded so far; `dropped` counts by reason.
         * @phpstan-return array{recording: bool, why_off?: string, recorded?: int, committed?: int, pending?: int, truncated?: int, labels_dropped?: int, labels_nulled?: int, dropped?: array<string, int>}
         */
        public function stats(): array {}

        /**
         * The catalogue: every type with its labels.
         * @phpstan-return list<array{type: string, group: string, config_key: string|null, default: bool, cap: int, severity: string, documented: bool, name: string, summary: string, labels: list<array{name: string, type: string, privacy: 'none'|'pseudonym'|'personal', max_chars?: int, description: string}>}>
         */
        public static function signals(): array {}
    }

    /**
     * Reads and administers a buffer directory.
     * @strict-properties
     * @not-serializable
     */
    final class Buffer
    {
        /**
         * @param array $options durability, share, allow_network_fs: as Recorder has them
         * @phpstan-param array{durability?: 'default'|'critical', share?: 'user'|'group', allow_network_fs?: bool} $options
         * @throws Exception\InvalidOption
         * @throws Exception\BufferUnavailable
         */
        public function __construct(string $bufferDir, array $options = []) {}

        /**
         * Sizes in bytes; `dropped` by reason, times in Unix seconds.
         * @phpstan-return array{bytes: int, pending_bytes: int, sent_bytes: int, cap_bytes: int, files: int, spilled: int, healed: int, dropped: array<string, array{count: int, first_at: int, last_at: int}>}
         * @throws Exception\BufferUnavailable
         */
        public function stats(): array {}

        /**
         * The buffer's files, oldest first.
         * @phpstan-return list<array{name: string, bytes: int}>
         * @throws Exception\BufferUnavailable
         */
        public function files(): array {}

        /**
         * total, invalid, events (newest first), sent (of each event, whether it was delivered), and hours: start of each of the
         * last 24 hours => how many were recorded in it
         * @param array $filter type, severity (one or a list), delivery ("waiting", unless given, "sent" or "any"), since, until (Unix seconds, inclusive), text (at most 256 bytes)
         * @param int $offset how many of the newest to pass over
         * @param int $limit 1-500
         * @phpstan-param array{type?: string|list<string>|null, severity?: string|list<string>|null, delivery?: 'waiting'|'sent'|'any'|null, since?: int|null, until?: int|null, text?: string|null} $filter
         * @phpstan-return array{total: int, invalid: int, events: list<array{event_type: string, created_at: int, timestamp: int, event_id: string, labels: array<string, scalar|null|list<string>>}|null>, sent: list<bool>, hours: array<int, int>}
         * @throws Exception\InvalidOption
         * @throws Exception\BufferUnavailable
         */
        public function events(array $filter = [], int $offset = 0, int $limit = 50): array {}

        /**
         * Deletes every buffered event, and what stays of those that were sent. How many had not been sent.
         * @throws Exception\BufferUnavailable
         */
        public function clear(): int {}
    }

    /**
     * What a site needs to sign its batches. Never dumped, serialised or printed.
     * @strict-properties
     * @not-serializable
     */
    final class Credentials
    {
        /**
         * @param string $gatewayUrl https://HOST[:PORT][/PATH]; http:// for loopback only
         * @param string $entityToken ent_…
         * @throws Exception\InvalidOption
         */
        public function __construct(string $gatewayUrl, string $entityToken, #[\SensitiveParameter] string $entitySecret) {}

        /**
         * Encrypted (AES-256-GCM), to be stored in a database.
         * @param string $key 16-4,096 bytes the site keeps outside its database
         * @throws Exception\InvalidOption
         */
        public function seal(#[\SensitiveParameter] string $key): string {}

        /**
         * What seal() gave, opened with the same key.
         * @throws Exception\InvalidOption
         */
        public static function unseal(string $sealed, #[\SensitiveParameter] string $key): Credentials {}

        /** Where batches go, without a slash or /v1/ingest at its end; no secret. */
        public function gatewayUrl(): string {}

        /** Which site it is at the gateway (ent_…); no secret. */
        public function entityToken(): string {}

        /** Hex SHA-256 that changes with any of the three values and reveals none. */
        public function fingerprint(): string {}
    }

    /**
     * What a site has to keep to itself besides its Credentials: a proxy's password. Never dumped, serialised or printed.
     * @strict-properties
     * @not-serializable
     */
    final class Secret
    {
        /**
         * @param string $value 1-1,024 bytes
         * @throws Exception\InvalidOption
         */
        public function __construct(#[\SensitiveParameter] string $value) {}

        /**
         * Encrypted (AES-256-GCM), to be stored in a database.
         * @param string $key 16-4,096 bytes the site keeps outside its database
         * @param string $purpose what it is for, 1-1,024 bytes: it opens for that purpose only
         * @throws Exception\InvalidOption
         */
        public function seal(#[\SensitiveParameter] string $key, string $purpose): string {}

        /**
         * What seal() gave, opened with the same key and for the same purpose.
         * @throws Exception\InvalidOption
         */
        public static function unseal(string $sealed, #[\SensitiveParameter] string $key, string $purpose): Secret {}

        /** For whatever takes a string only; keep it out of logs and dumps. */
        public function reveal(): string {}
    }

    /**
     * Sends what the buffer holds to the gateway.
     * @strict-properties
     * @not-serializable
     */
    final class Dispatcher
    {
        /**
         * @param array $options batch_size (10-500), sent_bytes (0-5,242,880: how much of what was delivered stays readable in the
         *   buffer; 0 unless given), proxy, proxy_password (Secret), proxy_from_environment, ca_bundle, connect_timeout (1-60 s),
         *   timeout (1-300 s), max_seconds (1-3600), max_requests (0: no limit), user_agent, share, allow_network_fs
         * @phpstan-param array{
         *   batch_size?: int<10, 500>,
         *   sent_bytes?: int<0, 5242880>,
         *   proxy?: string,
         *   proxy_password?: Secret,
         *   proxy_from_environment?: bool,
         *   ca_bundle?: string,
         *   connect_timeout?: int<1, 60>,
         *   timeout?: int<1, 300>,
         *   max_seconds?: int<1, 3600>,
         *   max_requests?: int<0, max>,
         *   user_agent?: string,
         *   share?: 'user'|'group',
         *   allow_network_fs?: bool
         * } $options
         * @throws Exception\InvalidOption
         * @throws Exception\BufferUnavailable
         */
        public function __construct(string $bufferDir, Credentials $credentials, #[\SensitiveParameter] array $options = []) {}

        /**
         * One run. status, sent, batches, requests, dead_lettered, remaining_bytes, retry_at (Unix time or null), error (or null)
         * @phpstan-return array{status: 'idle'|'sent'|'partial'|'backoff'|'suspended'|'busy'|'unavailable', sent: int, batches: int, requests: int, dead_lettered: int, remaining_bytes: int, retry_at: int|null, error: string|null}
         */
        public function flush(): array {}

        /**
         * Where sending stands, since the buffer directory exists; times in Unix seconds, null for never.
         * @phpstan-return array{known: bool, suspended: bool, trouble: string, remedy: string|null, http_status: int, last_attempt: int|null, last_success: int|null, next_attempt: int|null, failures: int, auth_failures: int, clock_skew: int, batch_limit: int, events_sent: int, batches_sent: int, requests: int, duplicates: int, dead_lettered: int, bytes_sent: int}
         */
        public function state(): array {}

        /**
         * The last requests to the gateway, newest first.
         * @param int $limit 1-500
         * @phpstan-return list<array{at: int, events: int, bytes: int, http_status: int, duration_ms: int, acknowledged: bool, batch: string, error: string|null}>
         * @throws Exception\InvalidOption
         */
        public function history(int $limit = 50): array {}

        /**
         * Ends suspension and waiting: the next flush() sends.
         * @throws Exception\BufferUnavailable
         */
        public function resume(): void {}

        /**
         * Each of the three makes one signed request and gives status ("ok"|"unreachable"|"refused"), http_code (int or null)
         * and error (cause and remedy, or null). ping() asks whether the credentials hold.
         * @phpstan-return array{status: 'ok'|'unreachable'|'refused', http_code: int|null, error: string|null}
         */
        public function ping(): array {}

        /**
         * Ends these credentials at the gateway. "refused" with 401: it does not know them (any more).
         * @phpstan-return array{status: 'ok'|'unreachable'|'refused', http_code: int|null, error: string|null}
         */
        public function disconnect(): array {}

        /**
         * Sends a request for support to the gateway.
         * @param string $message 1-10,000 characters
         * @param string|null $email where to answer, at most 254 bytes
         * @param string|null $diagnosticsJson one JSON object; all three together at most 256 KiB
         * @return array as above, and reference (string or null), under which the gateway keeps the message
         * @phpstan-return array{status: 'ok'|'unreachable'|'refused', http_code: int|null, error: string|null, reference: string|null}
         */
        public function support(string $message, ?string $email = null, ?string $diagnosticsJson = null): array {}
    }
}

namespace Logystera\Agent\Exception {

    class AgentException extends \RuntimeException {}

    class InvalidOption extends AgentException {}

    class BufferUnavailable extends AgentException {}
}
