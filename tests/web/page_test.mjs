// The page and report.html in Debian's Chromium, with the real programs behind them, used as people
// use them: node page_test.mjs BIN. What a page logs, what it asks of others and which
// policies it breaks must be nothing. With SFP_SHOTS=FOLDER pictures are kept there.

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {dirname, join, resolve} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath, pathToFileURL} from 'node:url';

import {Browser, sleep, until} from './browser.mjs';
import {Cluster} from './cluster.mjs';

const bin = resolve(process.argv[2]);
const shots = process.env.SFP_SHOTS;
const kFiles = ['config.resolved.yaml', 'exceptions.csv', 'failures.csv', 'journal.pb', 'junit.xml', 'latency.hlog',
  'report.html', 'report.json', 'report.md', 'stats.csv', 'stats_history.csv'];
const kTabs = ['statistics', 'charts', 'capacity', 'failures', 'scenario', 'workers', 'log', 'downloads'];

const config = (url) => `
name: shop
target: {url: "${url}", base_path: /v1/staff-fee-privilege, auth: {basic: {user: user, password: password}}}
load: {users: 10, spawn_rate: 100, run_time: 10m}
data:
  term: {values: ["201500", "201501", "201502"]}
users:
  clerk:
    wait: {uniform: [20ms, 60ms]}
    tasks:
      by_term: {weight: 3, get: "?term={{term}}"}
      bad_request: {get: "", expect: {status: 400, size: {least: 1MB}, otherwise: warn}}
thresholds: ["p95 < 5s"]
`;

// Prometheus' own parser of Python; a histogram's buckets grow and end with all of them.
const kParseMetrics = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
kinds = {}
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.documentation and family.samples, family.name
    kinds[family.type] = True
    if family.type != 'histogram': continue
    series = {}
    for s in family.samples:
        labels = tuple(sorted((k, v) for k, v in s.labels.items() if k != 'le'))
        one = series.setdefault(labels, {'buckets': []})
        if s.name.endswith('_bucket'): one['buckets'].append((float(s.labels['le']), s.value))
        else: one[s.name.rsplit('_', 1)[1]] = s.value
    for one in series.values():
        counts = [count for _, count in one['buckets']]
        assert one['buckets'] == sorted(one['buckets']) and counts == sorted(counts), one
        assert one['buckets'][-1] == (float('inf'), one['count']) and one['sum'] >= 0, one
print(json.dumps(kinds))
`;

let browser, cluster, url, failing;
const pages = [];

before(async () => {
  if (shots) mkdirSync(shots, {recursive: true});
  cluster = new Cluster(bin);
  browser = await Browser.start();
  failing = await cluster.api('--fault', 'error500:20', '--fault', 'reset:10');
  url = await cluster.master(config(await cluster.api()));
});
after(async () => {
  if (browser) await browser.close();
  if (cluster) await cluster.close();
});

// A new page at that address.
async function open(address, width, height) {
  const page = await browser.page(width, height);
  page.home = new URL(address).origin;
  pages.push(page);
  await page.open(address);
  return page;
}

// Asks as a script would, and keeps the answer for the test of the OpenAPI file.
const answers = [];
async function call(method, path, body, fields = {}, from = url) {
  const json = body === undefined ? {} : {'Content-Type': 'application/json'};
  const reply = await fetch(from + path, {method, redirect: 'manual', headers: {...json, ...fields}, body,
    signal: path === '/events' ? AbortSignal.timeout(1000) : undefined});
  const endless = path === '/events' && reply.status === 200;
  const text = endless ? '' : await reply.text();
  if (endless) await reply.body.cancel();
  answers.push({method, path, status: reply.status, type: reply.headers.get('content-type') ?? '', body: text});
  return reply.status;
}

// Nothing was logged, nothing asked of others, no policy broken.
function clean(page) {
  assert.deepEqual(page.complaints, []);
  assert.deepEqual(page.asked.filter((a) => new URL(a).origin !== page.home && !a.startsWith('data:')), []);
}

async function picture(page, name) { if (shots) await page.screenshot(join(shots, name + '.png')); }

const number = (text) => Number(/[\d.,]+/.exec(text)[0].replaceAll(',', ''));
const kpi = async (page, name) => page.eval(`[...document.querySelectorAll('.kpi')]
  .find((k) => k.querySelector('.name').textContent.startsWith(${JSON.stringify(name)}))?.querySelector('strong').textContent`);
const state = (page) => page.text('#state');
const tab = (page, name) => page.click('#tab-' + name);
const isState = (page, name, seconds) => until('the state ' + name, async () => await state(page) === name, seconds);

// Fills the start form and sends it; fields: {host, kind, users, …}
async function start(page, fields) {
  await page.click('#start');
  await until('the form to be filled', () => page.eval(`document.querySelector('#start-dialog [name=host]').value !== ''`));
  await page.click(`#start-dialog [name=kind][value=${fields.kind}]`);
  for (const [name, value] of Object.entries(fields)) {
    if (name !== 'kind') await page.type(`#start-dialog [name=${name}]`, value);
  }
}
async function send(page) { await page.click('#start-dialog [type=submit]'); }
async function stop(page) {
  await page.click('#stop');
  await isState(page, 'finished');
}

// The first and last moment that the chart of requests shows, as read off by pointer.
async function shown(page) {
  const text = [];
  for (const share of [0.1, 0.97]) {
    await page.move('.charts .plot svg', share);
    text.push(await page.text('.charts .tip b'));
  }
  return text.map((t) => t.split(':').reduce((s, part) => s * 60 + Number(part), 0));
}

test('a run is started from the form, watched, edited, found again after a reload, stopped, and every file comes down', async () => {
  const page = await open(url);
  await until('the worker to be there', async () => await kpi(page, 'Workers') === '1');
  await picture(page, 'idle');

  await start(page, {kind: 'constant', users: 'x'});
  await picture(page, 'form');
  await send(page);
  const sentence = await until('a sentence', () => page.text('#start-dialog .error'));
  assert.match(sentence, /users.*'x'/);
  assert.match(page.complaints.pop(), /400 \(Bad Request\)/);
  await page.type('#start-dialog [name=users]', '8');
  await send(page);
  await isState(page, 'running');

  const before = await until('requests', async () => number(await page.text('tfoot td')));
  await until('more of them', async () => number(await page.text('tfoot td')) > before);
  await until('eight users', async () => await kpi(page, 'Users') === '8');
  assert.equal(await page.eval(`document.querySelectorAll('#panel-statistics tbody tr').length`), 2);

  await page.click('#edit');
  await page.type('#edit-dialog [name=users]', '20');
  await page.click('#edit-dialog [type=submit]');
  await until('twenty users', async () => await kpi(page, 'Users') === '20');
  assert.match(await page.text('#load'), /^20 users/);
  await picture(page, 'statistics');

  await page.click('[data-sort=requests]');
  await page.click('[data-sort=requests]');
  const rows = await page.eval(`[...document.querySelectorAll('#panel-statistics tbody th')].map((e) => e.innerText)`);
  assert.match(rows[0], /bad_request/);

  await tab(page, 'charts');
  const read = await until('a curve', () => shown(page).catch(() => null));
  await page.open(url + '/#charts');
  await isState(page, 'running');
  await until('the whole run after a reload', async () => {
    const [first, last] = await shown(page);
    return first <= 1 && last >= read[1];
  });
  await picture(page, 'charts');
  await page.drag('.charts .plot svg', 0.3, 0.7);
  assert.equal(await page.visible('.bar .quiet'), true, 'zoomed');
  await page.click('.bar .quiet');
  assert.equal(await page.visible('.bar .quiet'), false, 'not zoomed');
  await page.eval(`(() => { const s = document.querySelector('#endpoint'); s.value = 'by_term'; s.dispatchEvent(new Event('change')); })()`);
  await until('the curve of one endpoint', () => shown(page).catch(() => null));

  await tab(page, 'log');
  await until('the log', async () => /target/.test(await page.text('.log')));
  await stop(page);

  await tab(page, 'downloads');
  const files = await until('the files', async () => {
    const names = await page.eval(`[...document.querySelectorAll('.files')][0] ? [...document.querySelectorAll('.files')[0].querySelectorAll('a span')].map((e) => e.textContent) : []`);
    return names.length >= kFiles.length ? names : null;
  });
  assert.deepEqual(kFiles.filter((name) => !files.includes(name)), []);
  await picture(page, 'downloads');
  for (const name of files.filter((f) => !f.endsWith('.html'))) {
    await page.click(`.files a[href$="/${name}"]`);
    await until(name + ' to come down', () => browser.files().includes(name));
  }
  const report = JSON.parse(readFileSync(join(browser.downloads, 'report.json')));
  assert.equal(report.totals.started, report.totals.requests + report.totals.in_flight);
  assert.equal(report.schema, 'sfp.report/1');
  clean(page);
});

test('a sweep draws its capacity as it goes on', async () => {
  const page = await open(url + '/#capacity');
  await isState(page, 'finished');
  await start(page, {kind: 'sweep', sweep: '1, 4, 16', step_time: '2s'});
  await send(page);
  await isState(page, 'running');
  const dots = () => page.eval(`document.querySelectorAll('#panel-capacity .chart circle.dot').length`);
  const first = await until('the first level in the chart', dots);
  await until('more of them', async () => await dots() > first);
  await isState(page, 'finished', 60);
  await until('all levels', async () => await page.eval(`document.querySelectorAll('#panel-capacity tbody tr').length`) === 3);
  assert.equal(await call('GET', '/api/v1/capacity'), 200);
  await picture(page, 'capacity');
  await page.dark(true);
  await picture(page, 'capacity-dark');
  clean(page);
});

test('failures are counted at once, and explained', async () => {
  const page = await open(url + '/#failures');
  await isState(page, 'finished');
  await start(page, {kind: 'constant', host: failing, users: '10', run_time: '5m'});
  await send(page);
  await isState(page, 'running');
  await until('no page that says nothing has failed while something has', async () => {
    const [count, text] = await page.eval(`[document.querySelector('#tab-failures .count')?.textContent, document.querySelector('#panel-failures').innerText]`);
    if (!count) return false;
    assert.doesNotMatch(text, /No request has failed/);
    return /500/.test(text);
  });
  await until('the cause', async () => await page.eval(`document.querySelectorAll('#panel-failures .cause').length`) > 0);
  await until('all of them in the cards', () => page.eval(`(() => {
    const n = (e) => Number(e.textContent.replace(/[^0-9]/g, ''));
    const cards = [...document.querySelectorAll('#panel-failures .failure > header .count')].map((e) => Number(e.firstChild.textContent.replace(/[^0-9]/g, '')));
    return cards.length > 1 && cards.reduce((a, b) => a + b, 0) === n(document.querySelector('#tab-failures .count'));
  })()`));
  await until('the warnings', async () => /bad_request .*bytes.* ×/s.test(await page.eval(`document.querySelector('#panel-failures').innerText`)));
  await picture(page, 'failures');
  await page.dark(true);
  for (const name of ['failures', 'statistics', 'charts', 'workers', 'log']) {
    await tab(page, name);
    await sleep(300);
    await picture(page, name + '-dark');
  }
  const run = await page.eval(`fetch('/api/v1/status').then((r) => r.json()).then((s) => s.run)`);
  for (const path of ['/healthz', '/ready', '/metrics', '/events', '/api/v1/openapi.json', '/api/v1/report.schema.json', '/api/v1/status',
    '/api/v1/config', '/api/v1/stats', '/api/v1/series', '/api/v1/series?endpoint=by_term&from=1', '/api/v1/capacity', '/api/v1/failures',
    '/api/v1/workers', '/api/v1/log', '/api/v1/log?after=3', '/api/v1/reports', `/api/v1/reports/${run}/journal.pb`]) {
    assert.equal(await call('GET', path), 200, path);
  }
  const metrics = answers.find((a) => a.path === '/metrics').body;
  const parsed = spawnSync('/usr/bin/python3', ['-c', kParseMetrics], {input: metrics, encoding: 'utf8'});
  assert.equal(parsed.stderr, '');
  assert.deepEqual(JSON.parse(parsed.stdout), {counter: true, gauge: true, histogram: true});
  for (const [status, method, path, body, fields] of [[400, 'GET', '/api/v1/log?after=x'], [400, 'GET', '/api/v1/series?from=x'],
    [404, 'GET', '/api/v1/series?endpoint=none'], [404, 'GET', '/api/v1/reports/none/journal.pb'], [404, 'GET', '/api/v1/none'],
    [405, 'GET', '/api/v1/start'], [405, 'DELETE', '/api/v1/status'], [409, 'POST', '/api/v1/start', '{"users":"5"}'], [415, 'POST', '/api/v1/start'],
    [400, 'POST', '/api/v1/edit', '{"users":-1}'], [400, 'POST', '/api/v1/edit', '{}'], [413, 'POST', '/api/v1/edit', ' '.repeat(70000)],
    [403, 'POST', '/api/v1/edit', '{"users":3}', {Origin: 'http://example.org'}], [200, 'POST', '/api/v1/edit', '{"users":12,"spawn_rate":"50"}'],
    [200, 'POST', '/api/v1/reset', '{}']]) {
    assert.equal(await call(method, path, body, fields), status, path);
  }
  const colours = () => page.eval(`[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color].join()`);
  const dark = await colours();
  await page.click('#theme');
  assert.notEqual(await colours(), dark, 'the button chooses light on a dark system');
  await page.eval('localStorage.clear()');
  clean(page);
});

test('on a phone of 360 pixels nothing scrolls sideways', async () => {
  const page = await open(url, 360, 740);
  await isState(page, 'running');
  for (const name of kTabs) {
    await tab(page, name);
    await until('what ' + name + ' shows', () => page.visible('#panel-' + name));
    await sleep(300);
    assert.equal(await page.eval('document.documentElement.scrollWidth'), 360, name);
    await picture(page, 'phone-' + name);
  }
  await page.click('#edit');
  assert.ok(await page.eval(`document.querySelector('#edit-dialog').getBoundingClientRect().width`) <= 360);
  await picture(page, 'phone-form');
  await page.press('Escape');
  await stop(page);
  clean(page);
});

test('the keyboard is enough', async () => {
  const page = await open(url);
  await isState(page, 'finished');
  const focus = () => page.eval(`document.activeElement.id || document.activeElement.name || document.activeElement.className`);
  const reach = async (id) => {
    for (let i = 0; i < 40 && await focus() !== id; ++i) await page.press('Tab');
    assert.equal(await focus(), id);
  };
  await page.press('Tab');
  assert.equal(await focus(), 'skip');
  await reach('start');
  await page.press('Enter');
  await until('the form', () => page.visible('#start-dialog[open]'));
  await page.press('Escape');
  assert.equal(await page.visible('#start-dialog[open]'), false);
  assert.equal(await focus(), 'start');
  await reach('tab-statistics');
  await page.press('ArrowRight');
  assert.equal(await focus(), 'tab-charts');
  assert.equal(await page.visible('#panel-charts'), true);
  await until('charts', () => page.visible('.charts .plot svg path.line'));
  await page.eval(`document.querySelector('.charts .plot svg').focus()`);
  await page.press('ArrowLeft');
  await until('a reading', () => page.visible('.charts .tip'));
  assert.deepEqual(await page.eval(`[...document.querySelectorAll('button, input, select')].filter((e) => e.checkVisibility() &&
    !(e.innerText || e.ariaLabel || e.closest('label') || document.querySelector('label[for="' + e.id + '"]'))).map((e) => e.outerHTML)`), []);
  clean(page);
});

test('report.html opens from disk, complete, without network', async () => {
  const list = await (await fetch(url + '/api/v1/reports')).json();
  const html = await (await fetch(`${url}/api/v1/reports/${list[0].run}/report.html`)).text();
  assert.ok(html.length < 500000, 'bytes: ' + html.length);
  const path = join(browser.folder, 'report.html');
  writeFileSync(path, html);
  const page = await browser.page();
  await page.send('Network.emulateNetworkConditions', {offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0});
  await page.open(pathToFileURL(path).href);
  await until('charts', () => page.visible('.charts .plot svg path.line'));
  assert.ok(await page.eval(`document.querySelectorAll('.failure').length`) > 0);
  await page.click('[data-sort=p95]');
  assert.equal(await page.eval(`document.querySelector('[aria-sort=descending]').innerText`), 'p95');
  await picture(page, 'report');
  await page.dark(true);
  await picture(page, 'report-dark');
  await page.dark(false);
  await page.size(360, 740);
  await sleep(200);
  assert.equal(await page.eval('document.documentElement.scrollWidth'), 360);
  await picture(page, 'report-phone');
  if (shots) await page.pdf(join(shots, 'report.pdf'));
  assert.deepEqual(page.complaints, []);
  assert.deepEqual(page.asked.filter((a) => !a.startsWith('file:') && !a.startsWith('data:')), []);

  const served = await open(`${url}/api/v1/reports/${list[0].run}/report.html`);
  await until('charts', () => served.visible('.charts .plot svg path.line'));
  clean(served);
  assert.equal(await call('POST', '/api/v1/stop', '{}'), 409);
  assert.equal(await call('POST', '/api/v1/start', '{"users":2,"run_time":"1h"}'), 200);
  assert.equal(await call('POST', '/api/v1/stop', '{}'), 200);
});

test('beyond loopback the page asks for the token, and no other site can act in its name', async () => {
  const made = await cluster.start('sfp-master', ['certs', '--out', 'certs', '--host', 'localhost'], {ready: /./});
  await made.ended;
  const address = await cluster.master(config('http://127.0.0.1:1'), '--listen', '127.0.0.1:0', '--web', '0.0.0.0:0', '--tls-dir', 'certs/master');
  const home = 'https://localhost:' + new URL(address).port;
  const token = readFileSync(join(cluster.folder, 'certs/master/token'), 'utf8').trim();
  const page = await browser.page();
  page.home = home;
  await page.send('Security.setIgnoreCertificateErrors', {ignore: true});
  await page.open(home + '/');
  await picture(page, 'login');
  page.complaints.length = 0;  // of the 401
  await page.type('[name=token]', 'wrong');
  await page.press('Enter');
  await until('to be told so', async () => /That is not the token/.test(await page.text('main')));
  await page.type('[name=token]', token);
  await page.press('Enter');
  await until('the page', () => page.visible('#start'));
  assert.equal(await page.eval('document.cookie'), '', 'scripts do not see the cookie');
  const idle = await page.eval(`fetch('/api/v1/status').then((r) => r.json()).then((s) => s.state)`);
  assert.equal(idle, 'idle');
  clean(page);

  // A page elsewhere, in the same browser, whose script and whose form post to the master.
  const elsewhere = createServer((_, reply) => reply.setHeader('Content-Type', 'text/html').end('<!doctype html><p>elsewhere'));
  await new Promise((done) => elsewhere.listen(0, '127.0.0.1', done));
  const other = await browser.page();
  await other.send('Security.setIgnoreCertificateErrors', {ignore: true});
  await other.open(`http://127.0.0.1:${elsewhere.address().port}/`);
  for (const call of [`fetch('${home}/api/v1/status', {credentials: 'include'})`,
    `fetch('${home}/api/v1/start', {method: 'POST', credentials: 'include', headers: {'Content-Type': 'application/json'}, body: '{}'})`]) {
    assert.equal(await other.eval(call + `.then((r) => r.text(), () => 'kept away')`), 'kept away');
  }
  await other.eval(`(() => { const f = document.createElement('form'); f.method = 'post'; f.action = '${home}/api/v1/start'; document.body.append(f); f.submit(); })()`);
  await until('the master to refuse', async () => /needs 'Authorization|not accepted/.test(await other.text('body')));
  assert.equal(await page.eval(`fetch('/api/v1/status').then((r) => r.json()).then((s) => s.state)`), 'idle');
  elsewhere.close();

  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  const form = {'Content-Type': 'application/x-www-form-urlencoded'};
  assert.equal(await call('POST', '/login', 'token=wrong', form, home), 303);
  assert.equal(await call('POST', '/login', `token=${token}`, form, home), 303);
  for (const path of ['/api/v1/status', '/metrics', '/events']) assert.equal(await call('GET', path, undefined, {}, home), 401);
  const bearer = {Authorization: 'Bearer ' + token};
  for (const path of ['/api/v1/status', '/api/v1/config', '/api/v1/stats', '/api/v1/workers']) assert.equal(await call('GET', path, undefined, bearer, home), 200);
  for (const path of ['/api/v1/series', '/api/v1/capacity', '/api/v1/failures']) assert.equal(await call('GET', path, undefined, bearer, home), 409);
  assert.equal(await call('POST', '/logout', '', bearer, home), 303);
  assert.equal(await call('POST', '/logout', '', {}, home), 401);

  await page.click('#logout button');
  await until('the login', () => page.visible('[name=token]'));
  assert.equal(await page.eval(`fetch('/api/v1/status').then((r) => r.status)`), 401);
});

test('the REST interface answers as its OpenAPI file says', () => {
  const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
  const path = join(cluster.folder, 'answers.jsonl');
  writeFileSync(path, answers.map((a) => JSON.stringify(a) + '\n').join(''));
  const check = spawnSync('/usr/bin/python3', [join(root, 'tests/support/validate_openapi.py'), join(root, 'master/assets/openapi.json'),
    join(root, 'master/report/report.schema.json'), path], {encoding: 'utf8'});
  assert.equal(check.stdout + check.stderr, '\n');
  assert.equal(check.status, 0);
});
