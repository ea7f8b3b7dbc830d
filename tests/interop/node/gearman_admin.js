// The library `gearman` as an administrator: asks the server what it can, and prints the answers.
// usage: node gearman_admin.js HOST PORT FUNCTION
'use strict';
const gearman = require('gearman');

const [host, port, func] = process.argv.slice(2);
const admin = gearman(host, Number(port));
admin.adminStatus(functions => {
    console.log(JSON.stringify(functions[func]));
    admin.adminWorkers(workers => {
        console.log(JSON.stringify(workers.filter(worker => worker.functions.includes(func)).map(w => w.functions)));
    });
});
