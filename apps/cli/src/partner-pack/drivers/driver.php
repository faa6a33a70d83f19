<?php
require $argv[1] . '/verify.php';

while (($line = fgets(STDIN)) !== false) {
    [$secrets, $id, $timestamp, $signature, $body, $now, $tolerance] = explode("\t", rtrim($line, "\n"));
    $parts = array_map('base64_decode', [$id, $timestamp, $signature, $body]);
    try {
        verify_postback(array_filter(explode(',', $secrets)), $parts[0], $parts[1], $parts[2], $parts[3], (int) $now, (int) $tolerance);
        echo "ok\n";
    } catch (Exception $refused) {
        echo "refused\n";
    }
}
