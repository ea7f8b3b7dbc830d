<?php
// Queues one e-mail in the background and watches it being sent.
// usage: php examples/php/client.php [HOST [PORT]]

function connected(array $argv): GearmanClient
{
    $client = new GearmanClient();
    $client->addServer($argv[1] ?? '127.0.0.1', (int) ($argv[2] ?? 4730));
    return $client;
}

try {
    $client = connected($argv);
    $handle = $client->doBackground('sendEmail', json_encode([
        'to'      => ['ann@example.org', 'ben@example.org', 'cleo@example.org'],
        'subject' => 'The minutes of Monday',
        'body'    => 'They are attached.',
    ]));
    $refusal = $client->returnCode() === GEARMAN_SUCCESS ? null : $client->error();
} catch (GearmanException $error) {
    $refusal = "no server answers there ({$error->getMessage()})";
}
if ($refusal !== null) {
    fwrite(STDERR, "the e-mail was not queued: $refusal\n");
    exit(1);
}
echo "queued as $handle\n";

do {
    usleep(100000);
    try {
        $client ??= connected($argv);
        [$known, $running, $done, $total] = @$client->jobStatus($handle);
        $answered = $client->returnCode() === GEARMAN_SUCCESS;
    } catch (GearmanException) {
        $answered = false;
    }
    if (!$answered) {
        echo "the server is away\n";     // it restarts, and will know the job again
        $client = null;                  // libgearman does not get over a connection that was refused
        sleep(1);
    } elseif ($running) {
        echo "sending: $done of $total\n";
    } elseif ($known) {
        echo "waiting for a worker\n";
    }
} while ($known || !$answered);

echo "sent\n";
