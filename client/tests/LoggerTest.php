<?php

declare(strict_types=1);

namespace Logystera\Client\Tests;

use Logystera\Client\LogSignal;
use Logystera\Client\Psr\Logger;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Psr\Log\InvalidArgumentException;
use Psr\Log\LogLevel;

final class LoggerTest extends TestCase
{
    private const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

    public function testALevelAndThoseAboveAreRecorded(): void
    {
        foreach (self::LEVELS as $least => $level) {
            $recorder = new MemoryRecorder();
            $logger = new Logger($recorder, $level, 'shop');
            foreach (self::LEVELS as $each) {
                $logger->log($each, "a message of $each");
                $logger->{$each}("a message of $each");
            }
            $expected = [];
            foreach (array_slice(self::LEVELS, $least) as $each) {
                $event = [LogSignal::TYPE, ['level' => $each, 'channel' => 'shop', 'message' => "a message of $each"]];
                array_push($expected, $event, $event);
            }
            self::assertSame($expected, $recorder->events, $level);
        }
    }

    public function testAContextIsNotRecordedButForAnException(): void
    {
        $recorder = new MemoryRecorder();
        $logger = new Logger($recorder, LogLevel::DEBUG, root: dirname(__DIR__) . '/');
        $logger->info('{user} came', ['user' => 'planted', 'exception' => 'planted']);
        $logger->info(new class () implements \Stringable {
            public function __toString(): string
            {
                return 'text';
            }
        }, ['exception' => new \LogicException('planted')]);
        $line = __LINE__ - 1;
        self::assertSame([
            ['level' => 'info', 'channel' => 'app', 'message' => '{user} came'],
            ['level' => 'info', 'channel' => 'app', 'message' => 'text', 'exception' => 'LogicException', 'file' => 'tests/LoggerTest.php', 'line' => $line],
        ], array_column($recorder->events, 1));
    }

    public function testNoAbsolutePathIsRecorded(): void
    {
        $own = new class () extends \Exception {
        };
        foreach (['', '/', '/elsewhere', dirname(__DIR__) . '/te'] as $root) {
            $recorder = new MemoryRecorder();
            (new Logger($recorder, root: $root))->error('x', ['exception' => $own]);
            $labels = $recorder->events[0][1];
            self::assertSame('LoggerTest.php', $labels['file'] ?? null, $root);
            self::assertSame('Exception@anonymous', $labels['exception'] ?? null);
        }
    }

    #[DataProvider('strangeLevels')]
    public function testAnUnknownLevelIsRefused(mixed $level, string $shown): void
    {
        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage("There is no log level '$shown'; known are debug, info, notice, warning, error, critical, alert, emergency.");
        (new Logger(new MemoryRecorder()))->log($level, 'x');
    }

    /**
     * @return iterable<string, array{mixed, string}>
     */
    public static function strangeLevels(): iterable
    {
        yield 'a word' => ['loud', 'loud'];
        yield 'in capitals' => ['ERROR', 'ERROR'];
        yield 'a number' => [400, 'int'];
        yield 'nothing' => [null, 'null'];
        yield 'control characters' => ["\e[31m\n", '?[31m?'];
        yield 'a long one' => [str_repeat('a', 100), str_repeat('a', 64)];
    }

    public function testTheLevelOfALoggerIsChecked(): void
    {
        $this->expectException(InvalidArgumentException::class);
        new Logger(new MemoryRecorder(), 'loud');
    }
}
