<?php
// Submits one background job and prints its handle. The payload is given in base64, so that it can hold any byte.
// usage: php submit.php HOST PORT FUNCTION BASE64 [UNIQUE]
[, $host, $port, $function, $payload] = $argv;

$client = new GearmanClient();
$client->addServer($host, (int) $port);
$handle = isset($argv[5])
    ? $client->doBackground($function, base64_decode($payload), $argv[5])
    : $client->doBackground($function, base64_decode($payload));
echo "$handle\n";
exit($client->returnCode());
