<?php
// PHP's gearman extension as the client of tests/interop/ends.py.
// usage: php client.php HOST PORT
[, $host, $port] = $argv;

$client = new GearmanClient();
$client->addServer($host, (int) $port);
$client->setStatusCallback(function (GearmanTask $task) {
    echo "status {$task->taskNumerator()} {$task->taskDenominator()}\n";
});
$client->setDataCallback(function (GearmanTask $task) { echo 'data ', bin2hex($task->data()), "\n"; });
$client->setWarningCallback(function (GearmanTask $task) { echo 'warning ', bin2hex($task->data()), "\n"; });
$client->setCompleteCallback(function (GearmanTask $task) { echo 'complete ', bin2hex($task->data()), "\n"; });
$client->setExceptionCallback(function (GearmanTask $task) { echo 'exception ', bin2hex($task->data()), "\n"; });
$client->setFailCallback(function (GearmanTask $task) { echo "fail\n"; });

$queue = ['high' => 'doHighBackground', 'normal' => 'doBackground', 'low' => 'doLowBackground'];
$add = ['high' => 'addTaskHigh', 'normal' => 'addTask', 'low' => 'addTaskLow'];

while (($line = fgets(STDIN)) !== false) {
    $words = explode(' ', rtrim($line, "\n"));
    $ended = true;
    if ($words[0] === 'ask') {
        $status = @$client->jobStatus($words[1]);
        if ($status === false) {
            echo "error {$client->returnCode()}\n";
        } else {
            echo 'status ', implode(' ', array_map('intval', $status)), "\n";
        }
        continue;
    }
    [$verb, $priority, $function, $unique, $payload] = $words;
    $unique = $unique === 'none' ? null : $unique;
    if ($verb === 'queue') {
        $handle = @$client->{$queue[$priority]}($function, hex2bin($payload), $unique);
        echo $client->returnCode() === GEARMAN_SUCCESS ? "queued $handle\n" : "error {$client->returnCode()}\n";
    } else {
        $client->{$add[$priority]}($function, hex2bin($payload), null, $unique);
        $ended = @$client->runTasks();
        echo $ended ? "end\n" : "error {$client->returnCode()}\n";
    }
}
