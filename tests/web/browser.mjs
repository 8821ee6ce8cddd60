// Debian's Chromium, driven over its debugging pipe (Chrome DevTools Protocol): no package is needed
// beside Node and the browser. What a page logs, what it asks for, and which policies it breaks is
// kept, so that a test can say that there was nothing.

import {spawn} from 'node:child_process';
import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const kFlags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
  '--remote-debugging-pipe'];

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Calls `question` until it answers with something true.
export async function until(what, question, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  let last;
  while (Date.now() < end) {
    try {
      last = await question();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new Error(`waited ${seconds} s in vain for: ${what} (last: ${last})`);
}

export class Browser {
  static async start() {
    const folder = mkdtempSync(join(tmpdir(), 'sfp-browser-'));
    const child = spawn('chromium', [...kFlags, `--user-data-dir=${folder}/profile`, 'about:blank'],
                        {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true});
    const browser = new Browser(child, folder);
    await browser.send('Browser.setDownloadBehavior',
                       {behavior: 'allow', downloadPath: browser.downloads});
    return browser;
  }

  constructor(child, folder) {
    this.child = child;
    this.folder = folder;
    this.downloads = join(folder, 'downloads');
    this.calls = new Map();
    this.number = 0;
    this.pages = new Map();
    let rest = Buffer.alloc(0);
    child.stdio[4].on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
        this.receive(JSON.parse(rest.subarray(0, end).toString()));
        rest = rest.subarray(end + 1);
      }
    });
    child.stdio[3].on('error', () => {});  // it has gone: that is said below
    child.on('error', (error) => {
      for (const {fail} of this.calls.values()) fail(new Error(`no browser (${error.message}): deploy/install-dependencies.sh test`));
    });
    child.on('exit', () => {
      for (const {fail} of this.calls.values()) fail(new Error('the browser has ended'));
    });
  }

  send(method, params = {}, sessionId) {
    const id = ++this.number;
    this.child.stdio[3].write(JSON.stringify({id, method, params, sessionId}) + '\0');
    return new Promise((done, fail) => this.calls.set(id, {done, fail, method}));
  }

  receive(message) {
    const call = this.calls.get(message.id);
    if (call) {
      this.calls.delete(message.id);
      if (message.error) call.fail(new Error(`${call.method}: ${message.error.message}`));
      else call.done(message.result);
    } else if (this.pages.has(message.sessionId)) {
      this.pages.get(message.sessionId).event(message.method, message.params);
    }
  }

  async page(width = 1280, height = 900) {
    const {targetId} = await this.send('Target.createTarget', {url: 'about:blank'});
    const {sessionId} = await this.send('Target.attachToTarget', {targetId, flatten: true});
    const page = new Page(this, sessionId);
    this.pages.set(sessionId, page);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.send(domain + '.enable');
    await page.send('Emulation.setScrollbarsHidden', {hidden: true});
    await page.size(width, height);
    return page;
  }

  files() {
    try { return readdirSync(this.downloads).filter((name) => !name.endsWith('.crdownload')); } catch { return []; }
  }

  async close() {
    const gone = new Promise((done) => this.child.on('exit', done));
    await Promise.race([this.send('Browser.close').catch(() => {}), sleep(2000)]);
    await Promise.race([gone, sleep(3000)]);
    if (this.child.exitCode === null) try { process.kill(-this.child.pid, 'SIGKILL'); } catch { /* it has gone */ }
    rmSync(this.folder, {recursive: true, force: true, maxRetries: 5});
  }
}

class Page {
  constructor(browser, session) {
    this.browser = browser;
    this.session = session;
    this.complaints = [];  // errors and warnings of the console, exceptions, broken policies
    this.asked = [];       // addresses
  }

  send(method, params) { return this.browser.send(method, params, this.session); }

  event(method, params) {
    if (method === 'Runtime.exceptionThrown') {
      const {exceptionDetails: e} = params;
      this.complaints.push('exception: ' + (e.exception && e.exception.description || e.text));
    }
    if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params.type)) {
      this.complaints.push('console: ' + params.args.map((a) => a.value ?? a.description).join(' '));
    }
    if (method === 'Log.entryAdded' && ['error', 'warning'].includes(params.entry.level)) {
      this.complaints.push(`${params.entry.source}: ${params.entry.text} ${params.entry.url || ''}`);
    }
    if (method === 'Network.requestWillBeSent') this.asked.push(params.request.url);
  }

  size(width, height, mobile = width < 500) {
    return this.send('Emulation.setDeviceMetricsOverride', {width, height, deviceScaleFactor: 1, mobile});
  }
  dark(on) {
    return this.send('Emulation.setEmulatedMedia',
                     {features: [{name: 'prefers-color-scheme', value: on ? 'dark' : 'light'}]});
  }
  async open(url) {
    const {errorText} = await this.send('Page.navigate', {url});
    if (errorText) throw new Error(url + ': ' + errorText);
    await until('the page to load', () => this.eval("document.readyState === 'complete'"));
  }
  async eval(expression) {
    const {result, exceptionDetails} = await this.send('Runtime.evaluate',
      {expression, awaitPromise: true, returnByValue: true});
    if (exceptionDetails) throw new Error(exceptionDetails.exception && exceptionDetails.exception.description || exceptionDetails.text);
    return result.value;
  }
  text(selector) { return this.eval(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? null`); }
  visible(selector) { return this.eval(`document.querySelector(${JSON.stringify(selector)})?.checkVisibility() ?? false`); }

  // A real click in its middle.
  async click(selector) {
    const at = await until('something to click at ' + selector, () => this.eval(`(() => {
      const e = document.querySelector(${JSON.stringify(selector)});
      if (!e || !e.checkVisibility()) return null;
      e.scrollIntoView({block: 'nearest', inline: 'nearest'});
      const b = e.getBoundingClientRect();
      return {x: b.x + b.width / 2, y: b.y + b.height / 2};
    })()`));
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.send('Input.dispatchMouseEvent', {type, ...at, button: 'left', clickCount: 1});
    }
  }
  async drag(selector, from, to) {  // shares of its width
    const b = await this.eval(`(() => { const e = document.querySelector(${JSON.stringify(selector)});
      e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect(); return {x: b.x, y: b.y, w: b.width, h: b.height}; })()`);
    const at = (share) => ({x: b.x + b.w * share, y: b.y + b.h / 2});
    await this.send('Input.dispatchMouseEvent', {type: 'mousePressed', ...at(from), button: 'left', clickCount: 1});
    for (let i = 1; i <= 4; ++i) {
      await this.send('Input.dispatchMouseEvent', {type: 'mouseMoved', ...at(from + (to - from) * i / 4), button: 'left', buttons: 1});
    }
    await this.send('Input.dispatchMouseEvent', {type: 'mouseReleased', ...at(to), button: 'left', clickCount: 1});
  }
  async move(selector, share) {
    const b = await this.eval(`(() => { const b = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect(); return {x: b.x, y: b.y, w: b.width, h: b.height}; })()`);
    await this.send('Input.dispatchMouseEvent', {type: 'mouseMoved', x: b.x + b.w * share, y: b.y + b.h / 2});
  }
  async press(key) {
    const code = {Enter: 13, Escape: 27, ArrowRight: 39, ArrowLeft: 37, Tab: 9}[key];
    const text = key === 'Enter' ? '\r' : undefined;
    await this.send('Input.dispatchKeyEvent', {type: 'keyDown', key, code: key, windowsVirtualKeyCode: code, text});
    await this.send('Input.dispatchKeyEvent', {type: 'keyUp', key, code: key, windowsVirtualKeyCode: code});
  }
  // As if typed over what stands there.
  async type(selector, text) {
    await this.eval(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); e.focus(); e.select(); })()`);
    await this.send('Input.insertText', {text});
  }
  async screenshot(path, whole = true) {
    const {data} = await this.send('Page.captureScreenshot', {format: 'png', captureBeyondViewport: whole});
    writeFileSync(path, Buffer.from(data, 'base64'));
  }
  async pdf(path) {
    const {data} = await this.send('Page.printToPDF', {printBackground: true, preferCSSPageSize: true});
    writeFileSync(path, Buffer.from(data, 'base64'));
  }
}
