// What a script says and hears, a line at a time.
'use strict';
const readline = require('readline');

const waiting = [];
const unheard = [];
let input = null;

function open() {
    input = readline.createInterface({ input: process.stdin });
    input.on('line', line => (waiting.length ? waiting.shift()(line) : unheard.push(line)));
}

exports.say = (...words) => console.log(words.join(' '));

// The next line of standard input.
exports.heard = () => {
    if (!input) open();
    return new Promise(resolve => (unheard.length ? resolve(unheard.shift()) : waiting.push(resolve)));
};
