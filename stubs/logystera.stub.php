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
         * @throws Exception\InvalidOption
         * @throws Exception\BufferUnavailable
         */
        public function __construct(string $bufferDir, #[\SensitiveParameter] array $options = []) {}

        public function wants(string $type): bool {}

        public function record(string $type, array $labels = []): bool {}

        public function hashId(string|int $id): string {}

        public function commit(): int {}

        public function stats(): array {}

        public static function signals(): array {}
    }

    /**
     * Reads and administers a buffer directory.
     * @strict-properties
     * @not-serializable
     */
    final class Buffer
    {
        /** @throws Exception\BufferUnavailable */
        public function __construct(string $bufferDir, array $options = []) {}

        public function stats(): array {}

        public function files(): array {}

        /**
         * total, invalid, events (newest first), and hours: start of each of the last 24 hours => how many were recorded in it
         * @throws Exception\InvalidOption
         */
        public function events(array $filter = [], int $offset = 0, int $limit = 50): array {}

        public function clear(): int {}
    }

    /**
     * What a site needs to sign its batches. Never dumped, serialised or printed.
     * @strict-properties
     * @not-serializable
     */
    final class Credentials
    {
        /** @throws Exception\InvalidOption */
        public function __construct(string $gatewayUrl, string $entityToken, #[\SensitiveParameter] string $entitySecret) {}

        /** @throws Exception\InvalidOption */
        public function seal(#[\SensitiveParameter] string $key): string {}

        /** @throws Exception\InvalidOption */
        public static function unseal(string $sealed, #[\SensitiveParameter] string $key): Credentials {}

        public function gatewayUrl(): string {}

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
         * @param string $key 16-4,096 bytes the site keeps outside its database
         * @param string $purpose what it is for, 1-1,024 bytes: it opens for that purpose only
         * @throws Exception\InvalidOption
         */
        public function seal(#[\SensitiveParameter] string $key, string $purpose): string {}

        /** @throws Exception\InvalidOption */
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
         * @param array $options batch_size (10-500), proxy, proxy_password (Secret), proxy_from_environment, ca_bundle, connect_timeout (1-60 s),
         *   timeout (1-300 s), max_seconds (1-3600), max_requests (0: no limit), user_agent, share, allow_network_fs
         * @throws Exception\InvalidOption
         * @throws Exception\BufferUnavailable
         */
        public function __construct(string $bufferDir, Credentials $credentials, #[\SensitiveParameter] array $options = []) {}

        /** status, sent, batches, requests, dead_lettered, remaining_bytes, retry_at (unix time or null), error (or null) */
        public function flush(): array {}

        public function state(): array {}

        public function history(int $limit = 50): array {}

        public function resume(): void {}

        /**
         * Each of the three makes one signed request and gives status ("ok"|"unreachable"|"refused"), http_code (int or null)
         * and error (cause and remedy, or null). ping() asks whether the credentials hold.
         */
        public function ping(): array {}

        /** Ends these credentials at the gateway. "refused" with 401: it does not know them (any more). */
        public function disconnect(): array {}

        /**
         * @param string $message 1-10,000 characters
         * @param string|null $email where to answer, at most 254 bytes
         * @param string|null $diagnosticsJson one JSON object; all three together at most 256 KiB
         * @return array as above, and reference (string or null), under which the gateway keeps the message
         */
        public function support(string $message, ?string $email = null, ?string $diagnosticsJson = null): array {}
    }
}

namespace Logystera\Agent\Exception {

    class AgentException extends \RuntimeException {}

    class InvalidOption extends AgentException {}

    class BufferUnavailable extends AgentException {}
}
