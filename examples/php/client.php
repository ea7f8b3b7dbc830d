<?php
// Queues one e-mail in the background and watches it being sent.
// usage: php examples/php/client.php [HOST [PORT]]

$client = new GearmanClient();
$client->addServer($argv[1] ?? '127.0.0.1', (int) ($argv[2] ?? 4730));

$handle = $client->doBackground('sendEmail', json_encode([
    'to'      => ['ann@example.org', 'ben@example.org', 'cleo@example.org'],
    'subject' => 'The minutes of Monday',
    'body'    => 'They are attached.',
]));
if ($client->returnCode() !== GEARMAN_SUCCESS) {
    fwrite(STDERR, "the e-mail was not queued: {$client->error()}\n");
    exit(1);
}
echo "queued as $handle\n";

do {
    usleep(100000);
    [$known, $running, $done, $total] = @$client->jobStatus($handle);
    $answered = $client->returnCode() === GEARMAN_SUCCESS;
    if (!$answered) {
        echo "the server is away\n";     // it restarts, and will know the job again
        sleep(1);
    } elseif ($running) {
        echo "sending: $done of $total\n";
    } elseif ($known) {
        echo "waiting for a worker\n";
    }
} while ($known || !$answered);

echo "sent\n";
