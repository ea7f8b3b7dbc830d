<?php
// What PHP's client can say besides client.php, a scene at a time; each prints what came of it.
// usage: php calls.php HOST PORT SCENE NAME, with workers for talk.NAME, raise.NAME and fail.NAME
[, $host, $port, $scene, $name] = $argv;

$client = new GearmanClient();
$client->addServer($host, (int) $port);

$say = function (string ...$words): void { echo implode(' ', $words), "\n"; };

$scenes = [
    // several tasks at once, told apart by their contexts
    'tasks' => function () use ($client, $name, $say): void {
        foreach (['created', 'status', 'data', 'warning', 'complete', 'exception', 'fail'] as $event) {
            $client->{'set' . ucfirst($event) . 'Callback'}(function (GearmanTask $task, $who) use ($event, $say) {
                $detail = match ($event) {
                    'created' => $task->jobHandle()[0],
                    'status' => "{$task->taskNumerator()} {$task->taskDenominator()}",
                    'fail' => '',
                    default => $task->data(),
                };
                $say($who, $event, $detail);
            });
        }
        $client->addTask("talk.$name", 'Ann', 'normal');
        $client->addTaskHigh("talk.$name", 'Ben', 'high', 'ben');
        $client->addTaskLow("talk.$name", 'Cleo', 'low');
        $client->addTask("raise.$name", 'x', 'raising');
        $client->addTask("fail.$name", 'x', 'failing');
        $client->addTaskBackground("talk.$name", 'x', 'background');
        $client->addTaskHighBackground("talk.$name", 'x', 'high background');
        $client->addTaskLowBackground("talk.$name", 'x', 'low background');
        @$client->runTasks();
    },
    // every way to wait for one job: its result and the return code
    'do' => function () use ($client, $name, $say): void {
        foreach (['doNormal', 'doHigh', 'doLow'] as $do) {
            foreach (['talk', 'raise', 'fail'] as $trade) {
                $result = @$client->$do("$trade.$name", 'Ann');
                $say($do, $trade, json_encode($result), $client->returnCode());
            }
        }
    },
    'status' => function () use ($client, $name, $say): void {
        $handle = $client->doBackground("idle.$name", 'x', $name);
        $say('by handle', json_encode($client->jobStatus($handle)));
        $say('by unique', json_encode($client->jobStatusByUniqueKey($name)));
        $say('stranger', json_encode($client->jobStatus('H:nobody:1')));
        $say('strange unique', json_encode($client->jobStatusByUniqueKey("not $name")));
    },
    'ping' => function () use ($client, $say): void {
        $say('ping', json_encode($client->ping("with \0 in it")));
    },
    // nobody works: the call ends when the client has had enough, and the connection goes on
    'timeout' => function () use ($client, $name, $say): void {
        $client->setTimeout(100);
        $result = @$client->doNormal("idle.$name", 'x');
        $say('doNormal', json_encode($result), $client->returnCode());
        $client->setTimeout(-1);
        $say('ping', json_encode($client->ping('still here')));
    },
];

$scenes[$scene]();
