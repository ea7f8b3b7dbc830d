<?php
// PHP's gearman extension as the worker of tests/interop/ends.py.
// usage: php worker.php HOST PORT TRADE.NAME...
[, $host, $port] = $argv;

$trades = [
    'record' => function (GearmanJob $job): string {
        echo "ran {$job->handle()} {$job->unique()} ", bin2hex($job->workload()), "\n";
        return 'recorded';
    },
    'step' => function (GearmanJob $job): string {
        echo "started {$job->handle()}\n";
        for ($done = 1; $done <= 2; $done++) {
            fgets(STDIN);
            $job->sendStatus($done, 2);
        }
        fgets(STDIN);
        return 'stepped';
    },
    'talk' => function (GearmanJob $job): string {
        $job->sendStatus(1, 2);
        $job->sendData('Dear ');
        $job->sendWarning('no surname');
        $job->sendStatus(2, 2);
        return $job->workload();
    },
    'raise' => function (GearmanJob $job): void {
        $job->sendException('the mailbox is full');
    },
    'fail' => function (GearmanJob $job): void {
        $job->sendFail();
    },
];

$worker = new GearmanWorker();
$worker->addServer($host, (int) $port);
foreach (array_slice($argv, 3) as $function) {
    $worker->addFunction($function, $trades[strtok($function, '.')]);
}
while (true) {
    if (!@$worker->work()) {
        usleep(20000); // the server restarts: the next call connects again
    }
}
