// The library `gearmanode` as the client of tests/interop/ends.py.
// usage: node gearmanode_client.js HOST PORT
'use strict';
const { once } = require('events');
const { say, heard } = require('./lines');
const gearmanode = require('./gearmanode_quiet');

const [host, port] = process.argv.slice(2);
const hex = data => Buffer.from(data || '').toString('hex');
const jobs = {};
const client = gearmanode.client({ host, port: Number(port), recoverTime: 20 });
client.on('error', () => {});        // also told to the job
client.on('socketError', () => {});
client.on('jobServerError', (server, code) => say('error', code)); // the job itself is told nothing

function request(line) {
    const [verb, priority, func, unique, payload] = line.split(' ');
    if (verb === 'ask') return ask(jobs[priority]);
    const options = { priority: priority.toUpperCase(), background: verb === 'queue' };
    if (unique !== 'none') options.unique = unique;
    const job = client.submitJob(func, Buffer.from(payload, 'hex'), options);
    return new Promise(resolve => {
        const end = (...words) => { say(...words); resolve(); };
        job.on('created', () => {
            jobs[job.handle] = job;
            if (options.background) end('queued', job.handle);
        });
        job.on('status', at => say('status', at.percent_done_num, at.percent_done_den));
        job.on('workData', data => say('data', hex(data)));
        job.on('warning', data => say('warning', hex(data)));
        job.on('complete', () => end('complete', hex(job.response) + '\nend'));
        job.on('exception', text => end('exception', hex(text) + '\nend'));
        job.on('failed', () => end('fail\nend'));
        job.on('error', error => end('error', error.message));
        job.on('close', () => end('error the connection was lost'));
    });
}

function ask(job) {
    return new Promise(resolve => {
        job.removeAllListeners('status');
        job.on('status', at => {
            say('status', Number(at.known), Number(at.running), at.percent_done_num, at.percent_done_den);
            resolve();
        });
        job.getStatus();
    });
}

async function main() {
    const server = client.jobServers[0];
    server.setOption('exceptions'); // connects, too; a job that was submitted before the answer could be over by then
    await once(server, 'option');
    client.on('socketConnect', () => server.setOption('exceptions'));
    for (;;) await request(await heard());
}

main();
