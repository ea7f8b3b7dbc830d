<?php
// Sends the e-mails that client.php queues, one recipient after the other.
// usage: php examples/php/worker.php [HOST [PORT]]

$worker = new GearmanWorker();
$worker->addServer($argv[1] ?? '127.0.0.1', (int) ($argv[2] ?? 4730));

$worker->addFunction('sendEmail', function (GearmanJob $job) {
    $mail = json_decode($job->workload(), true);
    if (!isset($mail['to'])) {
        fwrite(STDERR, "not an e-mail: {$job->workload()}\n");
        $job->sendFail(); // an exception would end this program, and then the next one that gets the job
        return;
    }
    $total = count($mail['to']);
    foreach ($mail['to'] as $done => $recipient) {
        $job->sendStatus($done, $total);
        usleep(300000); // here the mail server would be spoken to
        echo "sent \"{$mail['subject']}\" to $recipient\n";
    }
    $job->sendStatus($total, $total);
    return 'sent';
});

echo "waiting for e-mails\n";
while (true) {
    if (!@$worker->work()) {
        // The broker restarts: work() answers false at once, and connects again once it is called again.
        fwrite(STDERR, "no broker ({$worker->error()}), trying again\n");
        sleep(1);
    }
}
