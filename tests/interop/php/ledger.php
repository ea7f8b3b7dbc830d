<?php
// A worker that writes down what it was given, in a file that outlives every server; its loop ignores failures.
// usage: php ledger.php HOST PORT FILE
[, $host, $port, $file] = $argv;

$worker = new GearmanWorker();
$worker->addServer($host, (int) $port);
$worker->addFunction('note', function (GearmanJob $job) use ($file): string {
    usleep(2000);
    file_put_contents($file, bin2hex($job->workload()) . "\n", FILE_APPEND | LOCK_EX);
    return 'noted';
});
while (true) {
    if (!@$worker->work()) {
        usleep(20000); // the broker restarts: the next call connects again
    }
}
