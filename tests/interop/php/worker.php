<?php
// A worker of many trades; it prints what it does and can be led through a job by lines on its standard input.
// usage: php worker.php HOST PORT FUNCTION...
[, $host, $port] = $argv;

$trades = [
    // tells what it was given
    'record' => function (GearmanJob $job): string {
        echo 'ran ', $job->handle(), ' ', $job->unique(), ' ', base64_encode($job->workload()), "\n";
        return 'recorded';
    },
    // takes one step for each line it hears, as many as the payload says; one more line ends it
    'step' => function (GearmanJob $job): string {
        $total = (int) $job->workload();
        echo "started\n";
        for ($done = 1; $done <= $total; $done++) {
            fgets(STDIN);
            $job->sendStatus($done, $total);
        }
        fgets(STDIN);
        return 'stepped';
    },
    // says everything a job can say before its result
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
];

$worker = new GearmanWorker();
$worker->addServer($host, (int) $port);
foreach (array_slice($argv, 3) as $function) {
    $worker->addFunction($function, $trades[$function]);
}
while (true) {
    if (!@$worker->work()) {
        usleep(20000); // the server restarts
    }
}
