<?php
$counts = array_count_values(preg_split('/\s+/', trim(stream_get_contents(STDIN))));
uksort($counts, fn($a, $b) => $counts[$b] <=> $counts[$a] ?: strcmp($a, $b));
foreach (array_slice($counts, 0, 3) as $word => $times) {
    echo "$word $times\n";
}
