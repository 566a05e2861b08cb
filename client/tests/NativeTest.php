<?php

declare(strict_types=1);

namespace Logystera\Client\Tests;

use Logystera\Agent\Buffer;
use Logystera\Agent\Exception\InvalidOption;
use Logystera\Agent\Recorder as AgentRecorder;
use Logystera\Client\Logystera;
use Logystera\Client\LogSignal;
use Logystera\Client\NativeRecorder;
use Logystera\Client\NullRecorder;
use Logystera\Client\Psr\Logger;
use Logystera\Client\Recorder;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;

/**
 * What an application sees where the extension is loaded.
 */
#[Group('extension')]
final class NativeTest extends TestCase
{
    use Scratch;

    public function testCallsReachTheExtension(): void
    {
        self::assertTrue(Logystera::isAvailable());
        $recorder = Logystera::recorder($this->scratch(), ['uid_key' => str_repeat('k', 16)]);
        self::assertInstanceOf(NativeRecorder::class, $recorder);
        self::assertTrue($recorder->wants('auth.login'));
        self::assertTrue($recorder->record('auth.login', ['uid' => 7, 'ip' => '192.0.2.1', 'roles' => ['editor']]));
        self::assertSame(1, $recorder->stats()['pending'] ?? null);
        self::assertSame(1, $recorder->commit());
        $event = (new Buffer($this->scratch()))->events()['events'][0] ?? null;
        self::assertSame(['uid' => hash_hmac('sha256', '7', str_repeat('k', 16)), 'ip' => '192.0.2.1', 'roles' => ['editor']], $event['labels'] ?? null);
        self::assertSame($event['labels']['uid'], $recorder->hashId('7'));
    }

    public function testTheInterfaceIsTheExtensions(): void
    {
        $native = array_filter((new \ReflectionClass(AgentRecorder::class))->getMethods(), static fn (\ReflectionMethod $method): bool
            => !$method->isConstructor() && !$method->isStatic());
        $own = (new \ReflectionClass(Recorder::class))->getMethods();
        $signatures = static fn (array $methods): array => array_map(static fn (\ReflectionMethod $method): string => $method->getName() . '('
            . implode(', ', array_map(static fn (\ReflectionParameter $parameter): string => $parameter->getType() . ' $' . $parameter->getName()
            . ($parameter->isOptional() ? ' = ' . var_export($parameter->getDefaultValue(), true) : ''), $method->getParameters()))
            . '): ' . $method->getReturnType(), array_values($methods));
        self::assertSame($signatures($native), $signatures($own));
    }

    public function testABufferThatCannotBeUsedStopsNoPage(): void
    {
        file_put_contents($this->scratch('file'), '');
        $recorder = Logystera::recorder($this->scratch('file'));
        self::assertInstanceOf(NullRecorder::class, $recorder);
        self::assertStringContainsString('is not a directory', $recorder->stats()['why_off'] ?? '');
        $flushed = Logystera::flush($this->scratch('file'), 'https://gateway.example.org', 'ent_' . str_repeat('a', 32), str_repeat('s', 32));
        self::assertSame('unavailable', $flushed['status']);
        self::assertStringContainsString('is not a directory', $flushed['error'] ?? '');
    }

    public function testAMistakeInTheCodeIsSaid(): void
    {
        $this->expectException(InvalidOption::class);
        $this->expectExceptionMessage("option 'max_events'");
        /** @phpstan-ignore argument.type */
        Logystera::recorder($this->scratch(), ['max_events' => 1000]);
    }

    public function testWhatIsSentBeginsWithWhatIsBuffered(): void
    {
        $credentials = ['http://127.0.0.1:1', 'ent_' . str_repeat('a', 32), str_repeat('s', 32)];
        self::assertSame('idle', Logystera::flush($this->scratch(), ...$credentials)['status']);
        Logystera::recorder($this->scratch())->record('cron.run', ['success' => true]);
        $recorder = Logystera::recorder($this->scratch());
        $recorder->commit();
        $flushed = Logystera::flush($this->scratch(), ...$credentials);
        self::assertSame(['backoff', 0, 1], [$flushed['status'], $flushed['sent'], $flushed['requests']]);
        self::assertGreaterThan(0, $flushed['remaining_bytes']);
    }

    public function testLogEntriesLoseTheirDataInTheExtension(): void
    {
        $recorder = Logystera::recorder($this->scratch(), ['signals' => [LogSignal::declaration(2)]]);
        $logger = new Logger($recorder);
        $logger->error("no account 'planted' for planted@example.org, password=planted");
        $logger->error('{name} was refused', ['name' => 'planted', 'exception' => new \RuntimeException('planted')]);
        $logger->error('over the cap');
        $recorder->commit();
        $page = (new Buffer($this->scratch()))->events();
        self::assertSame(2, $page['total']);
        self::assertStringNotContainsString('planted', json_encode($page, JSON_THROW_ON_ERROR));
        self::assertSame(['level' => 'error', 'channel' => 'app', 'message' => '{name} was refused', 'exception' => 'RuntimeException', 'file' => 'NativeTest.php'],
            array_diff_key($page['events'][0]['labels'] ?? [], ['line' => 0]));
    }
}
