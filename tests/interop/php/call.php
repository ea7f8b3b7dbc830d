<?php
// Calls a function and waits: first by doNormal, then as a task with a callback for everything that can be heard.
// usage: php call.php HOST PORT FUNCTION PAYLOAD
[, $host, $port, $function, $payload] = $argv;

$client = new GearmanClient();
$client->addServer($host, (int) $port);
$result = @$client->doNormal($function, $payload);
echo 'doNormal ', json_encode($result), " code {$client->returnCode()}\n";

$client->setStatusCallback(function (GearmanTask $task) {
    echo "status {$task->taskNumerator()} {$task->taskDenominator()}\n";
});
$client->setDataCallback(function (GearmanTask $task) { echo "data {$task->data()}\n"; });
$client->setWarningCallback(function (GearmanTask $task) { echo "warning {$task->data()}\n"; });
$client->setCompleteCallback(function (GearmanTask $task) { echo "complete {$task->data()}\n"; });
$client->setExceptionCallback(function (GearmanTask $task) { echo "exception {$task->data()}\n"; });
$client->setFailCallback(function (GearmanTask $task) { echo "fail\n"; });
$client->addTask($function, $payload);
$client->runTasks();
echo "end\n";
