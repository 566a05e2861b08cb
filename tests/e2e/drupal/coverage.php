<?php

declare(strict_types=1);

// Every type of the catalogue has to be among the stored events, each event with exactly the labels the catalogue names.
//
//   php coverage.php SIGNALS_JSON EVENTS

[, $catalogueFile, $eventsFile] = $argv;
$labels = [];
foreach (json_decode(file_get_contents($catalogueFile), true, 16, JSON_THROW_ON_ERROR)['signals'] as $signal) {
    $labels[$signal['type']] = array_column($signal['labels'], 'name');
    sort($labels[$signal['type']]);
}
$counts = array_fill_keys(array_keys($labels), 0);
$wrong = 0;
foreach (file($eventsFile, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES) as $line) {
    $event = json_decode($line, true, 16, JSON_THROW_ON_ERROR);
    $names = array_keys($event['labels']);
    sort($names);
    if (($labels[$event['event_type']] ?? null) !== $names) {
        printf("%s has the labels %s\n", $event['event_type'], implode(', ', $names));
        $wrong++;
        continue;
    }
    $counts[$event['event_type']]++;
}
$missing = array_keys($counts, 0, true);
foreach ($missing as $type) {
    echo "no scenario makes the site record $type\n";
}
printf("%d of %d types recorded\n", count($counts) - count($missing), count($counts));
exit($wrong === 0 && $missing === [] ? 0 : 1);
