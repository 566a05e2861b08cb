<?php

declare(strict_types=1);

// Compares the queries of pages with the module and without it: none may be added.
//
//   php queries.php DIRECTORY PAGE...        reads DIRECTORY/queries-PAGE{with,without}.json

[, $directory] = $argv;
$added = 0;
foreach (array_slice($argv, 2) as $page) {
    $counts = [];
    foreach (['with', 'without'] as $name) {
        $queries = json_decode(file_get_contents("$directory/queries-$page$name.json"), true, 8, JSON_THROW_ON_ERROR);
        // How many placeholders a list has is the length of the list, not another query.
        $counts[$name] = array_count_values(preg_replace('/(:\w+?_*\d+)(, :\w+?_*\d+)+/', '$1, …', $queries));
        printf("%s %s: %d queries\n", $page, $name, count($queries));
    }
    foreach ($counts['with'] as $query => $count) {
        $more = $count - ($counts['without'][$query] ?? 0);
        if ($more > 0) {
            printf("%s: %d more of: %s\n", $page, $more, preg_replace('/\s+/', ' ', $query));
            $added += $more;
        }
    }
}
exit($added === 0 ? 0 : 1);
