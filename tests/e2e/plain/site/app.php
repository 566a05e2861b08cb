<?php

declare(strict_types=1);

// A small hand-written site, of the kind that has no framework: a front page, articles, a login, an admin area, an API.
// It records what happens on it through Logystera\Agent\Recorder, the way any PHP application would.
//
// SITE_DATA names its data directory: config.json (buffer directory, key for user ids), accounts.json, and, once the site
// is connected, the gateway's address and credentials.

use Logystera\Agent\Exception\AgentException;
use Logystera\Agent\Recorder;

final class Site
{
    public readonly array $config;
    private ?Recorder $recorder = null;
    public string $recorderError = '';

    public function __construct(public readonly string $dataDir)
    {
        $this->config = self::readJson("$dataDir/config.json");
        try {
            $this->recorder = new Recorder($this->config['buffer'], [
                'uid_key' => $this->config['uid_key'],
                'enabled' => $this->enabledSignals(),
                'share' => $this->config['share'] ?? 'user',
            ]);
        } catch (AgentException $e) {
            // An audit log that cannot be written must not take the site down; the status page tells the administrator.
            $this->recorderError = $e->getMessage();
        }
    }

    public static function fromEnvironment(): self
    {
        $dir = $_SERVER['SITE_DATA'] ?? getenv('SITE_DATA');
        if (!is_string($dir) || $dir === '') {
            throw new RuntimeException('SITE_DATA is not set: it names the site\'s data directory');
        }
        return new self($dir);
    }

    public static function readJson(string $file): array
    {
        return json_decode((string) file_get_contents($file), true, 16, JSON_THROW_ON_ERROR);
    }

    /** The catalogue's defaults, and what this site switches on besides. */
    private function enabledSignals(): array
    {
        $types = [];
        foreach (Recorder::signals() as $signal) {
            if ($signal['default'] || $signal['type'] === 'api.access') {
                $types[] = $signal['type'];
            }
        }
        return $types;
    }

    public function record(string $type, array $labels): void
    {
        $this->recorder?->record($type, $labels);
    }

    public function recorderStats(): array
    {
        return $this->recorder?->stats() ?? ['error' => $this->recorderError];
    }

    public function accounts(): array
    {
        return self::readJson("$this->dataDir/accounts.json");
    }

    public function saveAccounts(array $accounts): void
    {
        $file = "$this->dataDir/accounts.json";
        file_put_contents("$file.new", json_encode($accounts, JSON_PRETTY_PRINT | JSON_THROW_ON_ERROR), LOCK_EX);
        rename("$file.new", $file);
    }
}

final class Response
{
    public function __construct(
        public readonly string $body,
        public readonly int $status = 200,
        public readonly string $type = 'text/html; charset=utf-8',
        public readonly string $location = '',
    ) {}

    public static function page(string $title, string $html, int $status = 200): self
    {
        $title = htmlspecialchars($title);
        return new self("<!doctype html><html lang=\"en\"><title>$title</title><h1>$title</h1>$html</html>\n", $status);
    }

    public static function redirect(string $to): self
    {
        return new self('', 303, location: $to);
    }

    public static function json(mixed $data, int $status = 200): self
    {
        return new self(json_encode($data, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES) . "\n", $status, 'application/json');
    }

    public function send(): void
    {
        http_response_code($this->status);
        header("Content-Type: $this->type");
        if ($this->location !== '') {
            header("Location: $this->location");
        }
        echo $this->body;
    }
}
