// The library `gearman` as the worker of tests/interop/ends.py.
// usage: node gearman_worker.js HOST PORT TRADE.NAME...
'use strict';
const gearman = require('gearman');
const { say, heard } = require('./lines');

const [host, port, ...functions] = process.argv.slice(2);

const trades = {
    async record(worker, job) {
        say('ran', job.handle, job.unique_id, job.payload.toString('hex'));
        worker.sendWorkComplete(job.handle, 'recorded');
    },
    async step(worker, job) {
        say('started', job.handle);
        for (const done of ['1', '2']) {
            await heard();
            worker.sendWorkStatus(job.handle, done, '2');
        }
        await heard();
        worker.sendWorkComplete(job.handle, 'stepped');
    },
    async talk(worker, job) {
        worker.sendWorkStatus(job.handle, '1', '2');
        worker.sendWorkData(job.handle, 'Dear ');
        worker.sendWorkWarning(job.handle, 'no surname');
        worker.sendWorkStatus(job.handle, '2', '2');
        worker.sendWorkComplete(job.handle, job.payload);
    },
    async raise(worker, job) {
        worker.sendWorkException(job.handle, 'the mailbox is full');
    },
    async fail(worker, job) {
        worker.sendWorkFail(job.handle);
    },
};

function work() {
    const worker = gearman(host, Number(port));
    worker.on('error', () => {});                    // the server restarts: 'close' follows
    worker.on('close', () => setTimeout(work, 20));  // the library itself does not connect again
    worker.on('NOOP', () => worker.grabUniqueJob());
    worker.on('NO_JOB', () => worker.preSleep());
    worker.on('JOB_ASSIGN_UNIQ', async job => {
        await trades[job.func_name.split('.')[0]](worker, job);
        worker.grabUniqueJob();
    });
    worker.connect(() => {
        functions.forEach(name => worker.addFunction(name));
        worker.preSleep();
    });
}

work();
