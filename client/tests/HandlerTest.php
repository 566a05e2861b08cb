<?php

declare(strict_types=1);

namespace Logystera\Client\Tests;

use Logystera\Client\LogSignal;
use Logystera\Client\Monolog\Handler;
use Monolog\Handler\TestHandler;
use Monolog\Level;
use Monolog\Logger;
use PHPUnit\Framework\TestCase;

final class HandlerTest extends TestCase
{
    public function testALevelAndThoseAboveAreRecorded(): void
    {
        foreach (Level::cases() as $least) {
            $recorder = new MemoryRecorder();
            $logger = new Logger('shop', [new Handler($recorder, $least)]);
            foreach (Level::cases() as $level) {
                $logger->log($level, "a message of {$level->getName()}");
            }
            $expected = array_map(
                static fn (Level $level): array => [LogSignal::TYPE, ['level' => $level->toPsrLogLevel(), 'channel' => 'shop', 'message' => "a message of {$level->getName()}"]],
                array_values(array_filter(Level::cases(), static fn (Level $level): bool => $level->value >= $least->value)),
            );
            self::assertSame($expected, $recorder->events, $least->getName());
        }
    }

    public function testAnExceptionIsRecordedByClassFileAndLine(): void
    {
        $recorder = new MemoryRecorder();
        $logger = new Logger('app', [new Handler($recorder, root: __DIR__)]);
        $logger->error('{user} failed', ['user' => 'planted', 'exception' => new \DomainException('planted')]);
        self::assertSame([[LogSignal::TYPE, ['level' => 'error', 'channel' => 'app', 'message' => '{user} failed', 'exception' => 'DomainException',
            'file' => 'HandlerTest.php', 'line' => __LINE__ - 2]]], $recorder->events);
    }

    public function testOtherHandlersGetARecordUnlessItEndsHere(): void
    {
        foreach ([true, false] as $bubble) {
            $next = new TestHandler();
            $recorder = new MemoryRecorder();
            $logger = new Logger('app', [new Handler($recorder, Level::Error, $bubble), $next]);
            $logger->error('an error');
            $logger->info('below');
            self::assertCount(1, $recorder->events);
            self::assertSame([$bubble, true], [$next->hasErrorRecords(), $next->hasInfoRecords()]);
        }
    }
}
