<?php

declare(strict_types=1);

/**
 * A browser without JavaScript: keeps cookies, follows redirects and fills in forms.
 *
 * It writes down what a correct site must record of each of its requests: it knows what it sent, as whom, and what came back.
 * That is the oracle for http.request; how paths are told is done here once more, the naive way.
 */
final class Visitor
{
    public string $agent = 'site-visitor/1.0';
    public int $status = 0;
    public string $body = '';
    public string $path = '';
    /** Placeholder of the key ids are hashed with: {site:…} before the site is connected, then {uid:…}. */
    public static string $key = 'site';

    /** Where session cookies and tokens that were handed out are written down, for whoever wants to look for them; null: nowhere. */
    public static ?string $secrets = null;

    /** Set for a request that PHP does not live to see the end of: the site cannot tell of it as of a request. */
    public bool $dies = false;

    private ?int $uid = null;
    private array $headers = [];
    private CurlHandle $curl;

    public function __construct(private readonly string $site, private readonly string $logFile)
    {
        $this->curl = curl_init();
        curl_setopt_array($this->curl, [
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_COOKIEFILE => '',
            CURLOPT_TIMEOUT => 60,
            CURLOPT_HEADERFUNCTION => function ($curl, string $line): int {
                [$name, $value] = explode(':', $line, 2) + [1 => ''];
                $this->headers[strtolower(trim($name))] = trim($value);
                if (preg_match('/^set-cookie: S?SESS\w+=([^;]{20,})/i', $line, $m)) {
                    self::keepSecret('~session cookie', urldecode($m[1]));
                }
                return strlen($line);
            },
        ]);
        // Without it the site would send its messages by script.
        curl_setopt($this->curl, CURLOPT_COOKIELIST, 'Set-Cookie: big_pipe_nojs=1; path=/');
    }

    /** From now on requests are this account's, because a login or logout just succeeded. */
    public function is(?int $uid): void
    {
        $this->uid = $uid;
    }

    public function get(string $path, array $headers = []): self
    {
        return $this->send('GET', $path, null, $headers);
    }

    /** @param int|null|false $becomes as for submit() */
    public function postJson(string $path, array $body, int|null|false $becomes = false): self
    {
        return $this->send('POST', $path, json_encode((object) $body), ['Content-Type: application/json'], $becomes);
    }

    /**
     * Fills in the form with that id on the page just fetched and presses the button; unmentioned fields keep their values.
     *
     * @param int|null|false $becomes the account the answer's request belongs to already, false: unchanged
     */
    public function submit(string $formId, array $fields, string $button, int|null|false $becomes = false): self
    {
        $page = $this->document();
        $form = $page->query("//form[.//input[@name='form_id' and @value='$formId']]")->item(0)
            ?? throw new RuntimeException("no form $formId on {$this->path} ({$this->status}): " . $this->excerpt());
        $values = $this->fieldsOf($page, $form);
        foreach ($fields as $name => $value) {
            if ($page->query(".//*[@name='$name']", $form)->length === 0) {
                throw new RuntimeException("no field $name in form $formId on {$this->path}");
            }
            if ($value === null) {
                unset($values[$name]);
            } else {
                $values[$name] = $value;
            }
        }
        $pressed = $page->query(".//input[@type='submit' and @value='$button']", $form)->item(0)
            ?? throw new RuntimeException("no button '$button' in form $formId on {$this->path}");
        $values[$pressed->getAttribute('name')] = $button;
        $action = html_entity_decode($form->getAttribute('action')) ?: $this->path;
        if (array_filter($fields, is_object(...))) {
            // A file is sent as a browser does it: cURL makes the multipart body.
            return $this->send('POST', $action, $values, [], $becomes);
        }
        $body = implode('&', array_map(static fn($k, $v) => urlencode((string) $k) . '=' . urlencode((string) $v), array_keys($values), $values));
        return $this->send('POST', $action, $body, ['Content-Type: application/x-www-form-urlencoded'], $becomes);
    }

    /** Follows the link on the page whose address matches. */
    public function click(string $pattern): self
    {
        foreach ($this->document()->query('//a[@href]') as $link) {
            if (preg_match($pattern, $link->getAttribute('href'))) {
                return $this->get($this->local($link->getAttribute('href')));
            }
        }
        throw new RuntimeException("no link $pattern on {$this->path}");
    }

    /** Follows a redirect and the pages of a batch, each request by itself. */
    public function follow(): self
    {
        for ($hops = 0; $hops < 50; $hops++) {
            if (in_array($this->status, [301, 302, 303], true)) {
                $this->get($this->local($this->headers['location']));
            } elseif (preg_match('/<meta http-equiv="refresh" content="0; ?URL=([^"]+)"/i', $this->body, $m) && str_contains($m[1], '/batch?')) {
                $this->get($this->local(html_entity_decode($m[1])));
            } elseif (isset($this->headers['refresh']) && preg_match('/URL=(.*)$/i', $this->headers['refresh'], $m)) {
                $this->get($this->local($m[1]));
            } else {
                return $this;
            }
        }
        throw new RuntimeException("{$this->path} leads nowhere");
    }

    public function expect(int $status, string $text = ''): self
    {
        if ($this->status !== $status || ($text !== '' && !str_contains($this->text(), $text))) {
            throw new RuntimeException("{$this->path}: expected $status '$text', got {$this->status}: " . $this->excerpt());
        }
        return $this;
    }

    /** The visible words of the page. */
    public function text(): string
    {
        $html = preg_replace('#<(script|style)\b.*?</\1>#s', '', $this->body);
        return preg_replace('/\s+/', ' ', html_entity_decode(strip_tags($html), ENT_QUOTES));
    }

    public function header(string $name): string
    {
        return $this->headers[$name] ?? '';
    }

    private function send(string $method, string $path, string|array|null $body, array $headers, int|null|false $becomes = false): self
    {
        $this->headers = [];
        $this->path = $path;
        curl_setopt_array($this->curl, [
            CURLOPT_URL => $this->site . $path,
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => [...$headers, 'Expect:'],
            CURLOPT_USERAGENT => $this->agent,
        ]);
        if ($method === 'GET') {
            curl_setopt($this->curl, CURLOPT_HTTPGET, true);
        }
        $answer = curl_exec($this->curl);
        if ($answer === false) {
            throw new RuntimeException("$method $path: " . curl_error($this->curl));
        }
        $this->body = $answer;
        $this->status = curl_getinfo($this->curl, CURLINFO_RESPONSE_CODE);
        if ($becomes !== false && in_array($this->status, [200, 204, 302, 303], true)) {
            $this->uid = $becomes;
        }
        $this->note($method, $path, $headers);
        preg_match_all('/name="form_token" value="([\w-]{20,})"|[?&;]token=([\w-]{20,})|"(?:csrf|logout)_token":"([\w-]{20,})"/', $answer, $tokens);
        foreach (array_filter(array_merge(...array_slice($tokens, 1))) as $token) {
            self::keepSecret('~token', $token);
        }
        return $this;
    }

    public static function keepSecret(string $name, string $value): void
    {
        if (self::$secrets !== null) {
            file_put_contents(self::$secrets, "$name\t$value\n", FILE_APPEND);
        }
    }

    /** What the site has to record of the request just made; a page from the page cache never reaches the module. */
    private function note(string $method, string $path, array $headers): void
    {
        $plain = parse_url($path, PHP_URL_PATH);
        $actor = $this->uid ? '{' . self::$key . ":{$this->uid}}" : '';
        if ($this->status === 403) {
            $this->write(['event_type' => 'access.denied', 'labels' => [
                'method' => $method, 'path' => self::told($plain), 'ip' => '127.0.0.1', 'actor_uid' => $actor,
            ]]);
        }
        if ($this->dies || ($this->headers['x-drupal-cache'] ?? '') === 'HIT') {
            return;
        }
        $this->write(['event_type' => 'http.request', 'labels' => [
            'method' => $method,
            'path' => self::told($plain),
            'status_code' => $this->status,
            'ip' => '127.0.0.1',
            'is_admin' => str_starts_with($plain, '/admin/'),
            'is_ajax' => in_array('X-Requested-With: XMLHttpRequest', $headers, true),
            'actor_uid' => $actor,
            'ua' => substr($this->agent, 0, 200),
        ]]);
    }

    private function write(array $event): void
    {
        file_put_contents($this->logFile, json_encode($event, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE) . "\n", FILE_APPEND);
    }

    /** A path as it may be told: no user id, no login link, no token. */
    private static function told(string $path): string
    {
        $path = preg_replace('#^(/user/reset)/.*#', '$1/*', $path);
        $path = preg_replace('#/user/(\d+)(?=/|$)#', '/user/{' . self::$key . '12:$1}', $path);
        return preg_replace('#^(/cron)/[\w-]{20,}$#', '$1/*', $path);
    }

    private function local(string $url): string
    {
        return str_starts_with($url, $this->site) ? substr($url, strlen($this->site)) : $url;
    }

    private function document(): DOMXPath
    {
        $document = new DOMDocument();
        @$document->loadHTML('<?xml encoding="UTF-8">' . $this->body);
        return new DOMXPath($document);
    }

    /** What a browser would send of the form if nothing was touched. */
    private function fieldsOf(DOMXPath $page, DOMNode $form): array
    {
        $values = [];
        foreach ($page->query('.//input[@name] | .//select[@name] | .//textarea[@name]', $form) as $field) {
            $name = $field->getAttribute('name');
            if ($field->hasAttribute('disabled')) {
                continue;
            }
            if ($field->nodeName === 'textarea') {
                $values[$name] = $field->textContent;
            } elseif ($field->nodeName === 'select') {
                $chosen = $page->query('.//option[@selected]', $field)->item(0) ?? ($field->hasAttribute('multiple') ? null : $page->query('.//option', $field)->item(0));
                if ($chosen) {
                    $values[$name] = $chosen->getAttribute('value');
                }
            } elseif (in_array($field->getAttribute('type'), ['checkbox', 'radio'], true)) {
                if ($field->hasAttribute('checked')) {
                    $values[$name] = $field->getAttribute('value');
                }
            } elseif (!in_array($field->getAttribute('type'), ['submit', 'button', 'image', 'file'], true)) {
                $values[$name] = $field->getAttribute('value');
            }
        }
        return $values;
    }

    private function excerpt(): string
    {
        return substr($this->text(), 0, 600);
    }
}
