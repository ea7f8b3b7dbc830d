<?php
// Ways to be a worker in PHP besides worker.php, a scene at a time.
// usage: php workers.php HOST PORT SCENE NAME
[, $host, $port, $scene, $name] = $argv;

$worker = new GearmanWorker();
$say = function (string ...$words): void { echo implode(' ', $words), "\n"; };
$tell = function (GearmanJob $job) use ($say): string {
    $say('ran', $job->functionName(), $job->workload());
    return $job->workload();
};
$work = function () use ($worker): void {
    while (true) {
        @$worker->work();
    }
};

$scenes = [
    // says who it is: setId speaks at once, so the server must be known before
    'id' => function () use ($worker, $name, $tell, $work): void {
        $worker->setId("mailer-$name");
        $worker->addFunction("record.$name", $tell);
        $work();
    },
    // forgets one function after its first job, and the other after the job that is the last
    'unregister' => function () use ($worker, $name, $say, $tell): void {
        $last = false;
        $worker->addFunction("leave.$name", $tell);
        $worker->addFunction("record.$name", function (GearmanJob $job) use ($tell, &$last): string {
            $last = $job->workload() === 'last';
            return $tell($job);
        });
        @$worker->work();
        $worker->unregister("leave.$name");
        while (!$last) {
            @$worker->work();
        }
        $worker->unregisterAll();
        $worker->setTimeout(50);
        $say('work', json_encode(@$worker->work()), $worker->returnCode());
    },
    // has a limit of a second for its job, and stays in it until it hears a line
    'limited' => function () use ($worker, $name, $say): void {
        $worker->addFunction("record.$name", function (GearmanJob $job) use ($say): string {
            $say('started');
            fgets(STDIN);
            return 'late';
        }, null, 1000);
        $say('work', json_encode(@$worker->work()), $worker->returnCode());
        $worker->setTimeout(100);
        $say('work', json_encode(@$worker->work()), $worker->returnCode());
    },
    // looks up from time to time
    'timeout' => function () use ($worker, $name, $say, $tell): void {
        $worker->addFunction("record.$name", $tell);
        $worker->setTimeout(50);
        $say('work', json_encode(@$worker->work()), $worker->returnCode());
        while (!@$worker->work()) {
        }
        $say('work', $worker->returnCode());
    },
    // the loop of PHP's manual for a worker that does not block
    'nonblocking' => function () use ($worker, $name, $say, $tell): void {
        $worker->addOptions(GEARMAN_WORKER_NON_BLOCKING);
        $worker->addFunction("record.$name", $tell);
        while (@$worker->work() || in_array($worker->returnCode(), [GEARMAN_IO_WAIT, GEARMAN_NO_JOBS])) {
            if ($worker->returnCode() !== GEARMAN_SUCCESS) {
                @$worker->wait();
            }
        }
        $say('left with', $worker->returnCode());
    },
];

$worker->addServer($host, (int) $port);
$scenes[$scene]();
