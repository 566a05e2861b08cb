<?php

declare(strict_types=1);

namespace Logystera\Client\Tests;

/**
 * A directory of the test's own, which goes when the test ends.
 */
trait Scratch
{
    private string $scratch = '';

    private function scratch(string $name = 'buffer'): string
    {
        if ($this->scratch === '') {
            $this->scratch = sys_get_temp_dir() . '/logystera-client-' . bin2hex(random_bytes(6));
            mkdir($this->scratch, 0700);
        }
        return "$this->scratch/$name";
    }

    protected function tearDown(): void
    {
        if ($this->scratch !== '') {
            self::removeTree($this->scratch);
            $this->scratch = '';
        }
    }

    private static function removeTree(string $path): void
    {
        if (is_dir($path) && !is_link($path)) {
            foreach (array_diff((array) scandir($path), ['.', '..']) as $name) {
                self::removeTree("$path/$name");
            }
            rmdir($path);
            return;
        }
        unlink($path);
    }
}
