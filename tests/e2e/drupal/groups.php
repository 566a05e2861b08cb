<?php

declare(strict_types=1);

// Of every group with signals that are on by default at least one has to be among the events on standard input, and no signal
// that is off by default.
//
//   php groups.php SIGNALS_JSON

$default = $groups = [];
foreach (json_decode(file_get_contents($argv[1]), true, 16, JSON_THROW_ON_ERROR)['signals'] as $signal) {
    $default[$signal['type']] = $signal['default'];
    // Drops are told whatever is on.
    if ($signal['default'] && $signal['config_key'] !== null) {
        $groups[$signal['group']][$signal['type']] = 0;
    }
}
$wrong = 0;
while (($line = fgets(STDIN)) !== false) {
    $event = json_decode($line, true, 16, JSON_THROW_ON_ERROR);
    $type = $event['event_type'];
    if (($default[$type] ?? null) === false) {
        echo "$type is off by default, and recorded\n";
        $wrong++;
    }
    foreach ($groups as $group => $types) {
        if (isset($types[$type])) {
            $groups[$group][$type]++;
        }
    }
}
foreach ($groups as $group => $types) {
    printf("%s: %s\n", $group, json_encode(array_filter($types)));
    if (array_sum($types) === 0) {
        echo "nothing of the group $group was recorded\n";
        $wrong++;
    }
}
exit($wrong === 0 ? 0 : 1);
