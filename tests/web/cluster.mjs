// The real programs on ports of their own, as somebody at a desk would start them.

import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {until} from './browser.mjs';

export class Program {
  // Resolves with the program and what stands in the first group of `ready`, once it has said that.
  static async start(bin, name, args, {ready, cwd, env = {}} = {}) {
    const clean = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('SFP_')));
    const program = new Program(spawn(join(bin, name), args, {cwd, env: {...clean, ...env}, stdio: ['ignore', 'pipe', 'pipe']}));
    await until(name + ' to say ' + ready, () => ready.test(program.text) || program.code !== undefined);
    program.said = ready.exec(program.text);
    if (!program.said) throw new Error(name + ' has ended: ' + program.text);
    return program;
  }

  constructor(child) {
    this.child = child;
    this.text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => { this.text += bytes; });
    this.ended = new Promise((done) => {
      child.on('error', (error) => { this.text += error; this.code = null; done(); });
      child.on('exit', (code) => { this.code = code; done(); });
    });
  }

  async stop() {
    if (this.code === undefined) this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), 10000);
    await this.ended;
    clearTimeout(late);
  }
}

// What a test started; all of it ends with close().
export class Cluster {
  constructor(bin) {
    this.bin = bin;
    this.folder = mkdtempSync(join(tmpdir(), 'sfp-web-'));
    this.programs = [];
  }

  async start(name, args, options) {
    const program = await Program.start(this.bin, name, args, {cwd: this.folder, ...options});
    this.programs.push(program);
    return program;
  }

  // Its address.
  async api(...options) {
    const api = await this.start('sfp-demo-api', ['--port', '0', '--speed', '20', '--keepalive-timeout', '200s', ...options],
                                 {ready: /listening on (\S+)/});
    return api.said[1];
  }

  // A master that waits for the page, with workers of its own; the page's address.
  async master(config, ...options) {
    writeFileSync(join(this.folder, 'config.yaml'), config);
    const given = (option) => options.includes(option);
    const master = await this.start('sfp-master', ['--config', 'config.yaml', '--hold', '--local-workers', '1',
      ...(given('--listen') ? [] : ['--listen', '127.0.0.1:0']), ...(given('--web') ? [] : ['--web', '127.0.0.1:0']), ...options],
      {ready: /web UI on (\S+)/});
    return master.said[1];
  }

  async close() {
    for (const program of this.programs.reverse()) await program.stop();
    rmSync(this.folder, {recursive: true, force: true, maxRetries: 5});
  }
}
