<?php
// Submits a background job, then prints its jobStatus whenever it changes, until the server no longer knows it.
// usage: php watch.php HOST PORT FUNCTION PAYLOAD
[, $host, $port, $function, $payload] = $argv;

$client = new GearmanClient();
$client->addServer($host, (int) $port);
$handle = $client->doBackground($function, $payload);
echo "handle $handle code {$client->returnCode()}\n";

$last = null;
do {
    $status = $client->jobStatus($handle);
    if ($status !== $last) {
        echo 'status ', implode(' ', array_map('intval', $status)), "\n";
        $last = $status;
    }
    usleep(5000);
} while ($status[0]);
