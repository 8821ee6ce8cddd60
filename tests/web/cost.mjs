// What open pages cost the master, and how far apart news come: node cost.mjs BIN [USERS ENDPOINTS PAGES SECONDS].
// Pages are raw sockets at /events, of which one never reads. By hand, on a quiet machine, with a release build.

import {readFileSync} from 'node:fs';
import {connect} from 'node:net';
import {resolve} from 'node:path';

import {sleep, until} from './browser.mjs';
import {Cluster} from './cluster.mjs';

const [bin, users = '2000', endpoints = '50', pages = '20', seconds = '15'] = process.argv.slice(2);
const cluster = new Cluster(resolve(bin));

const tasks = Array.from({length: Number(endpoints)}, (_, i) => `      endpoint_${i}: {get: "?term=${201500 + i}"}`).join('\n');
const config = (url) => `
name: cost
target: {url: "${url}", base_path: /v1/staff-fee-privilege, auth: {basic: {user: user, password: password}}}
load: {users: ${users}, spawn_rate: 1000, run_time: 1h}
users:
  clerk:
    wait: {uniform: [1s, 3s]}
    tasks:
${tasks}
`;

// A core's share that the process takes for so long.
async function share(pid) {
  const ticks = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  const from = ticks(), begin = performance.now();
  await sleep(Number(seconds) * 1000);
  return (ticks() - from) / ((performance.now() - begin) / 10) * 100;
}

function page(port, reads) {
  const socket = connect(port, '127.0.0.1');
  const seen = {events: 0, bytes: 0, longest: 0, last: 0, close: () => socket.destroy()};
  socket.write('GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  if (!reads) { socket.pause(); return seen; }
  socket.on('data', (bytes) => {
    seen.bytes += bytes.length;
    if (!bytes.includes('\n\n')) return;
    const now = performance.now();
    if (seen.last) seen.longest = Math.max(seen.longest, now - seen.last);
    seen.last = now;
    ++seen.events;
  });
  return seen;
}

try {
  const api = await cluster.api('--service-time', '0', '--pool', '1000');
  const url = await cluster.master(config(api));
  const master = cluster.programs.at(-1).child.pid, port = Number(new URL(url).port);
  const status = async () => (await fetch(url + '/api/v1/status')).json();
  await until('a worker', async () => (await status()).ready);
  await fetch(url + '/api/v1/start', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'});
  await until('all users', async () => (await status()).users === Number(users), 120);
  await sleep(2000);
  const row = async (name, open) => {
    const shown = Array.from({length: open}, (_, i) => page(port, open === 1 || i > 0));
    const cost = await share(master);
    const readers = shown.filter((p) => p.events);
    console.log(`${name.padEnd(34)} ${cost.toFixed(2).padStart(6)} % of a core` + (readers.length
      ? `, news at most ${(Math.max(...readers.map((p) => p.longest)) / 1000).toFixed(2)} s apart, ` +
        `${(readers[0].bytes / readers[0].events / 1000).toFixed(1)} kB each` : ''));
    for (const p of shown) p.close();
  };
  const now = await status();
  console.log(`${now.users} users, ${endpoints} endpoints, ${now.rps.toFixed(0)} requests/s`);
  await row('no page', 0);
  await row('one page', 1);
  await row(`${pages} pages, one of them deaf`, Number(pages));
} finally {
  await cluster.close();
}
