// The library `gearmanode` as the worker of tests/interop/ends.py.
// usage: node gearmanode_worker.js HOST PORT TRADE.NAME...
'use strict';
const { say, heard } = require('./lines');
const gearmanode = require('./gearmanode_quiet');

const [host, port, ...functions] = process.argv.slice(2);

const trades = {
    async record(job) {
        say('ran', job.handle, job.unique, job.payload.toString('hex'));
        job.workComplete('recorded');
    },
    async step(job) {
        say('started', job.handle);
        for (const done of [1, 2]) {
            await heard();
            job.reportStatus(done, 2);
        }
        await heard();
        job.workComplete('stepped');
    },
    async talk(job) {
        job.reportStatus(1, 2);
        job.sendWorkData('Dear ');
        job.reportWarning('no surname');
        job.reportStatus(2, 2);
        job.workComplete(job.payload);
    },
    async raise(job) {
        job.reportException('the mailbox is full');
    },
    async fail(job) {
        job.reportError();
    },
};

const worker = gearmanode.worker({ host, port: Number(port), withUnique: true });
const work = () => functions.forEach(name => worker.addFunction(name, trades[name.split('.')[0]]));
worker.on('error', error => say('error', error.message));
worker.on('socketError', () => {});                        // the server restarts: 'socketDisconnect' follows
worker.on('socketDisconnect', () => setTimeout(work, 20)); // the library itself does not connect again
work();
