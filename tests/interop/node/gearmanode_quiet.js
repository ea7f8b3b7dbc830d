// The library `gearmanode`, which logs to standard output unless told otherwise.
'use strict';
const winston = require('winston');
winston.level = 'error'; // for its greeting
const gearmanode = require('gearmanode');
for (const name of ['Client', 'Worker', 'JobServer', 'Job', 'LBStrategy', 'protocol']) {
    winston.loggers.get(name).transports.console.silent = true;
}
module.exports = gearmanode;
