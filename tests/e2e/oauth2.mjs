// An authorization server and an API on Node's HTTP server. POST /token/KIND gives tokens of different
// kinds; the API's routes each want credentials of one kind and count the requests that came without.
// Prints its port when it listens and, at SIGTERM, one JSON line of what it saw.

import { createServer } from 'node:http';

const id = 'load client';
const secret = 's3cret/with+odd:characters';
const seen = { granted: {}, refused: 0, answered: {}, unauthorized: {}, complaints: [] };
const count = (of, key) => { of[key] = (of[key] ?? 0) + 1; };
const complain = (text) => { if (!seen.complaints.includes(text)) seen.complaints.push(text); };
const send = (response, status, body) => {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
};

// The client, from Basic credentials (form-encoded, RFC 6749) or from the form.
const clientOf = (request, form) => {
  const basic = /^Basic (.*)$/.exec(request.headers.authorization ?? '')?.[1];
  if (!basic) return [form.get('client_id'), form.get('client_secret')];
  return Buffer.from(basic, 'base64').toString().split(':')
    .map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
};

let last = 0;
const living = new Map();  // token -> how many more requests it is accepted for
const kinds = {
  forever: (response) => {  // no life named; revoked after 20 requests
    const token = `forever-${++last}`;
    living.set(token, 20);
    send(response, 200, { access_token: token, token_type: 'bearer' });
  },
  text: (response) => {  // its life as a text
    const token = `text-${++last}`;
    living.set(token, Infinity);
    send(response, 200, { access_token: token, expires_in: '3600' });
  },
  silent: () => {},
  broken: (response) => response.end('<html>log in</html>'),
};

const giveToken = (request, response, kind, body) => {
  const form = new URLSearchParams(body);
  if (request.headers['content-type'] !== 'application/x-www-form-urlencoded') complain('no form');
  if (form.get('grant_type') !== 'client_credentials') complain(`grant ${body}`);
  if (form.get('scope') !== 'read write') complain(`scope ${body}`);
  if (kind === 'text' && form.get('audience') !== 'https://api.example') complain(`audience ${body}`);
  const client = clientOf(request, form);
  if (client[0] !== id || client[1] !== secret) {
    ++seen.refused;
    return send(response, 401, { error: 'invalid_client', error_description: `who is '${client[1]}'?` });
  }
  count(seen.granted, kind);
  kinds[kind](response);
};

const tokenOf = (request) => /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
const accepts = (token) => {
  const left = living.get(token) ?? 0;
  if (left > 0) living.set(token, left - 1);
  return left > 0;
};
const routes = {
  '/forever': (request) => tokenOf(request)?.startsWith('forever-') && accepts(tokenOf(request)),
  '/text': (request) => tokenOf(request)?.startsWith('text-') && accepts(tokenOf(request)),
  '/key/header': (request) => request.headers['x-api-key'] === 'the & key' && !request.headers.authorization,
  '/key/query': (request, url) => url.searchParams.get('key') === 'the & key' && url.searchParams.get('a') === 'b',
  '/login': () => true,
  '/own': (request) => tokenOf(request) === 'from-login',
  '/own/header': (request) => tokenOf(request) === 'from-login',
};

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://here');
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    const kind = /^\/token\/(\w+)$/.exec(url.pathname)?.[1];
    if (kind) return giveToken(request, response, kind, body);
    const good = routes[url.pathname]?.(request, url);
    count(good ? seen.answered : seen.unauthorized, url.pathname);
    if (!good) return send(response, 401, {});
    send(response, 200, url.pathname === '/login' ? { token: 'from-login' } : {});
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => {
  console.log(JSON.stringify(seen));
  process.exit(0);
});
