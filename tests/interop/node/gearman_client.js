// The library `gearman` as the client of tests/interop/ends.py.
// usage: node gearman_client.js HOST PORT
'use strict';
const gearman = require('gearman');
const readline = require('readline');

const [host, port] = process.argv.slice(2);
const say = (...words) => console.log(words.join(' '));
const hex = data => Buffer.from(data).toString('hex');
const lines = readline.createInterface({ input: process.stdin });
let background = false;
let connection = null;

// One object is one connection: what is lost is opened again by the program, at its next request.
function connected(callback) {
    if (connection) return callback(connection);
    const opened = gearman(host, Number(port));
    opened.on('error', error => say('error', error.code));
    opened.on('close', () => { if (connection === opened) connection = null; });
    opened.on('ERROR', code => say('error', code));
    opened.on('JOB_CREATED', handle => { if (background) say('queued', handle); });
    opened.on('STATUS_RES', job => say('status', job.known, job.running, job.percent_done_num, String.fromCharCode(job.percent_done_den)));
    opened.on('WORK_STATUS', job => say('status', job.percent_num, job.percent_den));
    opened.on('WORK_DATA', job => say('data', hex(job.payload)));
    opened.on('WORK_WARNING', job => say('warning', hex(job.warning)));
    opened.on('WORK_COMPLETE', job => say('complete', hex(job.payload) + '\nend'));
    opened.on('WORK_EXCEPTION', job => say('exception', hex(job.exception) + '\nend'));
    opened.on('WORK_FAIL', () => say('fail\nend'));
    opened.connect(() => {
        connection = opened;
        opened.setOption('exceptions');
        callback(opened);
    });
}

lines.on('line', line => connected(client => {
    const [verb, priority, func, unique, payload] = line.split(' ');
    if (verb === 'ask') return client.getJobStatus(priority);
    background = verb === 'queue';
    const options = { priority, background };
    if (unique !== 'none') options.unique_id = unique;
    client.submitJob(func, Buffer.from(payload, 'hex'), options);
}));
