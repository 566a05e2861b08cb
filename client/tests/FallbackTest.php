<?php

declare(strict_types=1);

namespace Logystera\Client\Tests;

use Logystera\Client\Logystera;
use Logystera\Client\NullRecorder;
use Logystera\Client\Psr\Logger;
use PHPUnit\Framework\Attributes\Group;
use PHPUnit\Framework\TestCase;

/**
 * What an application sees where the extension is not loaded.
 */
#[Group('fallback')]
final class FallbackTest extends TestCase
{
    use Scratch;

    public function testTheSameCallsDoNothing(): void
    {
        self::assertFalse(Logystera::isAvailable());
        $recorder = Logystera::recorder($this->scratch(), ['uid_key' => str_repeat('k', 16)]);
        self::assertInstanceOf(NullRecorder::class, $recorder);
        self::assertFalse($recorder->wants('auth.login'));
        self::assertFalse($recorder->record('auth.login', ['uid' => 7]));
        self::assertSame('', $recorder->hashId(7));
        self::assertSame(0, $recorder->commit());
        self::assertSame(['recording' => false, 'why_off' => 'the PHP extension logystera is not loaded'], $recorder->stats());
        self::assertFileDoesNotExist($this->scratch());
    }

    public function testALoggerStillChecksItsLevels(): void
    {
        $logger = new Logger(Logystera::recorder($this->scratch()));
        $logger->error('nobody records this');
        $this->expectException(\Psr\Log\InvalidArgumentException::class);
        $logger->log('loud', 'x');
    }

    public function testSendingSaysWhyItDoesNot(): void
    {
        $flushed = Logystera::flush($this->scratch(), 'https://gateway.example.org', 'ent_x', 'a secret that is long enough');
        self::assertSame(['unavailable', 0, 'the PHP extension logystera is not loaded'], [$flushed['status'], $flushed['sent'], $flushed['error']]);
    }
}
