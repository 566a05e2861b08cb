<?php

declare(strict_types=1);

// Looks for secrets in files, in every form they could be written in.
//
//   php sweep.php none SECRETS PATH...           no secret may be in any of the files (directories: all below them)
//   php sweep.php none-but PAGES SECRETS PATH... as none, but for what is in the files of PAGES as well
//   php sweep.php all SECRETS PATH...            every secret has to be somewhere there
//   php sweep.php control SECRETS DIRECTORY      writes every secret in every form into files there, and has to find each
//
// SECRETS has "NAME<tab>VALUE" lines. One whose name starts with ~ need not be found by "all".

const SHORTEST = 6;

/** @return array<string, string> the forms of a value by their names, each different */
function forms(string $value): array
{
    $forms = [
        'plain' => $value,
        'in a URL' => urlencode($value),
        'in a path' => rawurlencode($value),
        'in a URL, lower case' => preg_replace_callback('/%[0-9A-F]{2}/', static fn(array $m): string => strtolower($m[0]), rawurlencode($value)),
        'in JSON' => substr(json_encode($value, JSON_INVALID_UTF8_SUBSTITUTE), 1, -1),
        'in HTML' => htmlspecialchars($value, ENT_QUOTES),
        'in hexadecimal digits' => bin2hex($value),
        'in upper case hexadecimal digits' => strtoupper(bin2hex($value)),
        'backwards' => strrev($value),
    ];
    // Base64 writes three bytes as four letters: a value looks different in each of three places. Only whole letters count.
    for ($before = 0; $before < 3; $before++) {
        $first = (int) ceil(8 * $before / 6);
        $last = intdiv(8 * ($before + strlen($value)), 6);
        $letters = substr(base64_encode(str_repeat("\0", $before) . $value), $first, $last - $first);
        $forms["in base64 ($before)"] = $letters;
        $forms["in base64url ($before)"] = strtr($letters, '+/', '-_');
    }
    return array_unique($forms);
}

/** @return array<string, string> the values by their names; a name that comes again gets a number */
function secrets(string $file): array
{
    $secrets = [];
    foreach (file($file, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES) as $line) {
        [$name, $value] = explode("\t", $line, 2);
        if (strlen($value) < SHORTEST) {
            throw new RuntimeException("$name is too short to be looked for");
        }
        if (!in_array($value, $secrets, true)) {
            $secrets[isset($secrets[$name]) ? "$name " . count($secrets) : $name] = $value;
        }
    }
    return $secrets ?: throw new RuntimeException("$file names no secret");
}

/** @return iterable<string> */
function files(array $paths): iterable
{
    foreach ($paths as $path) {
        if (is_file($path)) {
            yield $path;
        } elseif (is_dir($path)) {
            foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($path, FilesystemIterator::SKIP_DOTS)) as $file) {
                if ($file->isFile()) {
                    yield $file->getPathname();
                }
            }
        } else {
            throw new RuntimeException("$path is not there");
        }
    }
}

/** @return array<string, list<string>> "NAME FORM" => the files it is in; $looked counts files and bytes */
function find(array $secrets, array $paths, ?array &$looked = null): array
{
    $looked = [0, 0];
    $found = [];
    foreach (files($paths) as $file) {
        $content = file_get_contents($file);
        $looked[0]++;
        $looked[1] += strlen($content);
        if (str_starts_with($content, "\x1f\x8b")) {
            $content .= gzdecode($content);
        }
        foreach ($secrets as $name => $value) {
            foreach (forms((string) $value) as $form => $written) {
                if (str_contains($content, $written)) {
                    $found["$name, $form"][] = $file;
                }
            }
        }
    }
    return $found;
}

function none(array $secrets, array $paths, array $but = []): int
{
    $found = array_diff_key(find($secrets, $paths, $looked), $but);
    foreach ($found as $what => $files) {
        printf("%s is in %s\n", $what, implode(', ', array_slice($files, 0, 3)));
    }
    printf("looked for %d secrets in %d files of %d bytes\n", count($secrets), $looked[0], $looked[1]);
    return $found === [] && $looked[1] > 0 ? 0 : 1;
}

function all(array $secrets, array $paths): int
{
    $found = find($secrets, $paths);
    $missing = 0;
    foreach (array_keys($secrets) as $name) {
        $seen = array_filter(array_keys($found), static fn(string $what): bool => str_starts_with($what, "$name, "));
        if ($name[0] !== '~' && $seen === []) {
            echo "$name is nowhere\n";
            $missing++;
        }
    }
    printf("%d of %d secrets are there\n", count($secrets) - $missing, count($secrets));
    return $missing === 0 ? 0 : 1;
}

function control(array $secrets, string $directory): int
{
    $planted = $missed = 0;
    foreach ($secrets as $name => $value) {
        foreach (forms((string) $value) as $form => $written) {
            $file = "$directory/" . $planted++;
            file_put_contents($file, random_bytes(100) . $written . random_bytes(100));
            if (!isset(find([$name => $value], [$file])["$name, $form"])) {
                echo "$name, $form was not found\n";
                $missed++;
            }
        }
    }
    // Compressed, as an export is.
    file_put_contents("$directory/compressed", gzencode('before ' . reset($secrets) . ' after'));
    if (find($secrets, ["$directory/compressed"]) === []) {
        echo "nothing was found in what is compressed\n";
        $missed++;
    }
    printf("%d planted, %d not found\n", $planted + 1, $missed);
    return $missed === 0 ? 0 : 1;
}

[, $mode] = $argv;
$arguments = array_slice($argv, 2);
exit(match ($mode) {
    'none' => none(secrets($arguments[0]), array_slice($arguments, 1)),
    'none-but' => none($secrets = secrets($arguments[1]), array_slice($arguments, 2), find($secrets, [$arguments[0]])),
    'all' => all(secrets($arguments[0]), array_slice($arguments, 1)),
    'control' => control(secrets($arguments[0]), $arguments[1]),
});
