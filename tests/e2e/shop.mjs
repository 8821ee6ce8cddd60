// A small shop on Node's HTTP server: it checks what a scenario sends and counts what it saw. Prints its
// port when it listens and, at SIGTERM, one JSON line: counts per route, and every complaint.

import { createServer } from 'node:http';
import { createHash, createHmac } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';

const counts = {};
const complaints = new Set();
const sessions = new Set();
const members = new Map(); // by token: their user, cart and order
let connections = 0;

const expect = (holds, text) => {
  if (!holds) complaints.add(text);
};

const rows = {};  // how often each account has enrolled
const tickets = new Map();
const shelves = new Set();

const routes = {
  'POST /enroll': (request, url, body) => {
    const form = new URLSearchParams(body);
    rows[form.get('user')] = (rows[form.get('user')] ?? 0) + 1;
    expect(form.get('password') === `pw, "${form.get('user')}"`, `columns of two rows: ${body}`);
    return {};
  },
  'POST /upload': async (request, url, body, bytes) => {
    const form = await new Response(bytes, { headers: { 'Content-Type': request.headers['content-type'] } }).formData();
    const file = form.get('photo');
    const digest = createHash('sha256').update(Buffer.from(await file.arrayBuffer())).digest('hex');
    expect([...form.keys()].join() === 'title,photo,none', `parts ${[...form.keys()]}`);
    expect(/^a "title"\r?\n--[0-9a-f-]{36}$/.test(form.get('title')), `title ${form.get('title')}`);
    expect(file.name === 'my photo.png' && file.type === 'image/png', `file ${file.name} ${file.type}`);
    expect(form.get('none').size === 0, 'an empty file');
    return { body: JSON.stringify({ digest, id: 7 }) };
  },
  'PUT /raw': (request, url, body, bytes) => {
    expect(request.headers['content-type'] === 'application/octet-stream', `type ${request.headers['content-type']}`);
    return { body: createHash('sha256').update(bytes).digest('hex') };
  },
  'POST /packed': (request, url, body, bytes) => {
    expect(request.headers['content-encoding'] === 'gzip', 'body is not compressed');
    const { who, at, n, signature } = JSON.parse(gunzipSync(bytes).toString());
    const wanted = createHmac('sha256', 'a "key"').update(Buffer.from(who).toString('base64')).digest('hex');
    expect(signature === wanted, `signature of ${who}`);
    expect(request.headers['x-signature'] === wanted, 'signature in the header');
    expect(Math.abs(Date.now() - at) < 60_000, `time ${at}`);
    expect(Number.isInteger(n) && n >= 1 && n <= 6, `number ${n}`);
    return {};
  },
  'GET /ticket': () => {
    const ticket = { token: `t${tickets.size}+/=`, xsrf: `x${tickets.size}`, id: `id-${tickets.size}` };
    tickets.set(ticket.id, ticket);
    return { status: 202, headers: { 'X-Ticket-Id': ticket.id, 'Set-Cookie': `xsrf=${ticket.xsrf}; Path=/ticket` },
             body: `<html>${' '.repeat(20_000)}<input name="csrf" value="${ticket.token}"></html>` };
  },
  'POST /ticket': (request, url, body) => {
    const ticket = tickets.get(request.headers['x-ticket-id']);
    expect(ticket?.token === url.searchParams.get('csrf'), `csrf ${url.search}`);
    expect(ticket?.xsrf === request.headers['x-xsrf'], `xsrf ${request.headers['x-xsrf']}`);
    expect(body === 'was 202', `status ${body}`);
    return { status: 201, headers: { Location: `/tickets/${ticket?.id}` }, body: JSON.stringify({ id: ticket?.id }) };
  },
  'GET /state': () => ({ body: JSON.stringify({ state: 'broken' }) }),
  'GET /login': (request, url) => {
    const id = `s${sessions.size}`;
    sessions.add(id);
    expect(/^\d{4}$/.test(url.searchParams.get('user')), `user ${url.searchParams.get('user')}`);
    return { status: 302, headers: { Location: '/home?from=login', 'Set-Cookie': `sid=${id}; Path=/; HttpOnly` } };
  },
  'GET /home': (request) => {
    const sid = /(?:^|; )sid=(s\d+)/.exec(request.headers.cookie ?? '')?.[1];
    expect(sessions.has(sid), `home without its cookie: ${request.headers.cookie}`);
    expect(request.headers['x-trace'] === 'on', 'no X-Trace header');
    expect(request.headers.authorization === 'Bearer secret-token', 'wrong Authorization');
    const body = gzipSync(JSON.stringify({ items: [{ id: 'item-1' }, { id: 'item-2' }] }));
    expect(request.headers['accept-encoding'] === 'gzip', 'gzip not asked for');
    return { headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }, body };
  },
  // The members' way: a token, a cart of its own, an order that is worked on for a while.
  'POST /session': (request, url, body) => {
    const token = `t${members.size}-${'x'.repeat(members.size % 40)}`;
    members.set(token, { user: JSON.parse(body).user, polls: 0 });
    return { status: 201, body: JSON.stringify({ token }) };
  },
  'GET /cart': (request, url) => {
    const member = members.get(request.headers['x-token']);
    expect(member, `a cart for the token ${request.headers['x-token']}`);
    expect(url.searchParams.get('user') === member?.user, `cart of ${url.search}`);
    return { status: Number(member?.user) % 2 ? 404 : 200 };
  },
  'PUT /cart': (request) => {
    expect(Number(members.get(request.headers['x-token'])?.user) % 2, 'a cart made twice');
    return { status: 201 };
  },
  'POST /order': (request, url, body) => {
    const member = members.get(request.headers['x-token']);
    member.order = `o-${request.headers['x-token']}`;
    expect(JSON.parse(body).note === `for ${member.user}`, `order ${body}`);
    return { status: 202, body: JSON.stringify({ order: { id: member.order } }) };
  },
  'GET /order': (request, url) => {
    const member = members.get(request.headers['x-token']);
    expect(url.searchParams.get('id') === member?.order, `order ${url.search}`);
    const state = ++member.polls < 3 ? 'open' : 'done';
    expect(member.polls <= 3, 'asked on although the order was done');
    return { body: JSON.stringify({ state }) };
  },
  'DELETE /session': (request) => {
    expect(members.get(request.headers['x-token'])?.polls === 3, 'gone before the order was done');
    return { status: 204 };
  },
  // What somebody has to make before the load and remove behind it.
  'POST /shelves': () => {
    shelves.add(`left-${shelves.size}`).add(`right-${shelves.size}`);
    return { status: 201, body: JSON.stringify({ ids: [...shelves] }) };
  },
  'GET /shelf': (request, url) => {
    expect(shelves.has(url.searchParams.get('id')), `shelf ${url.search}`);
    return {};
  },
  'DELETE /shelves': (request, url) => {
    expect(shelves.has(url.searchParams.get('id')), `removed ${url.search}`);
    shelves.clear();
    return { status: 204 };
  },
  'POST /basket': (request, url, body) => {
    expect(request.headers['content-type'] === 'application/json', `type ${request.headers['content-type']}`);
    const basket = JSON.parse(body);
    expect(/^item-[12]$/.test(basket.item), `item ${basket.item}`);
    expect(basket.count === 2 && basket.gift === true, `types of ${body}`);
    expect(basket.note === 'a "quoted" & curious value', `note ${basket.note}`);
    return { status: 201, body: '{}' };
  },
  'POST /form': (request, url, body) => {
    expect(request.headers['content-type'] === 'application/x-www-form-urlencoded', 'form type');
    const form = new URLSearchParams(body);
    expect(form.get('note') === 'a "quoted" & curious value', `form ${body}`);
    return {};
  },
  'PUT /text': (request, url, body) => {
    expect(body === 'plain a "quoted" & curious value', `text ${body}`);
    return { status: 204 };
  },
  'PATCH /search': (request, url) => {
    expect(url.searchParams.get('q') === 'a "quoted" & curious value', `q ${url.search}`);
    expect(url.searchParams.get('page') === '1', `page ${url.search}`);
    return {};
  },
  'DELETE /gone': () => ({ status: 410 }),
  'HEAD /big': () => ({ headers: { 'Content-Length': '1000000' } }),
  'OPTIONS /any': () => ({ headers: { Allow: 'GET' } }),
  'GET /loop': () => ({ status: 307, headers: { Location: '/loop' } }),
  'GET /away': () => ({ status: 302, headers: { Location: 'http://127.0.0.2:1/' } }),
};

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://shop');
  const route = `${request.method} ${url.pathname}`;
  counts[route] = (counts[route] ?? 0) + 1;
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const handler = routes[route];
    expect(handler, `unknown route ${route}`);
    const bytes = Buffer.concat(chunks);
    const { status = 200, headers = {}, body } = (await handler?.(request, url, bytes.toString(), bytes)) ?? { status: 404 };
    response.writeHead(status, headers).end(body);
  });
});
server.on('connection', () => connections++);
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => {
  console.log(JSON.stringify({ counts, complaints: [...complaints], connections, rows }));
  process.exit(0);
});
