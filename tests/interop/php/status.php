<?php
// Prints the jobStatus of one handle.
// usage: php status.php HOST PORT HANDLE
[, $host, $port, $handle] = $argv;

$client = new GearmanClient();
$client->addServer($host, (int) $port);
echo 'status ', implode(' ', array_map('intval', $client->jobStatus($handle))), "\n";
