// A real HTTP server, Node's own, that answers by path, in ways in which real servers answer and fail.
// Prints its ports as one line of JSON: {"plain": 1, "tls": 2, "mutual": 3}. TLS_CERT and TLS_KEY are
// its PEM texts, CLIENT_CA whose client certificates `mutual` demands. Ends with its standard output.

import http from "node:http";
import https from "node:https";

function late(task) {
  setTimeout(task, 10);
}

const routes = {
  "/length": (request, response) => response.setHeader("Content-Length", 5).end("hello"),
  "/chunked": (request, response) => {
    const trailers = request.httpVersion === "1.1";  // HTTP/1.0 knows no chunks
    if (trailers) response.setHeader("Trailer", "X-Sum");
    response.write("hel");
    late(() => {
      response.write("lo");
      if (trailers) response.addTrailers({ "X-Sum": "5" });
      response.end();
    });
  },
  "/hints": (request, response) => {
    response.writeEarlyHints({ link: "</a.css>; rel=preload" }, () => {
      response.writeProcessing();
      late(() => response.end("hello"));
    });
  },
  "/cookies": (request, response) => {
    response.writeHead(302, [["Set-Cookie", "a=1; Path=/"], ["Location", "/length"],
                             ["Set-Cookie", "b=2"], ["Content-Length", "0"]].flat());
    response.end();
  },
  "/echo": (request, response) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => response.end(Buffer.concat(pieces)));
  },
  "/close": (request, response) => response.setHeader("Connection", "close").end("hello"),
  "/until-end": (request, response) => {
    response.socket.end("HTTP/1.1 200 OK\r\n\r\nhello");
  },
  "/idle": (request, response) => {
    response.end("hello");
    late(() => request.socket.server.closeIdleConnections());
  },
  "/destroy": (request) => request.socket.destroy(),
  "/reset": (request) => request.socket.resetAndDestroy(),
  "/destroy-header": (request, response) => {
    response.writeHead(200, { "Content-Length": 10 });
    response.flushHeaders();
    late(() => request.socket.destroy());
  },
  "/destroy-body": (request, response) => {
    response.writeHead(200, { "Content-Length": 10 });
    response.write("hello");
    late(() => request.socket.destroy());
  },
  "/destroy-chunk": (request, response) => {
    response.write("hello");
    late(() => request.socket.destroy());
  },
  "/reset-body": (request, response) => {
    response.writeHead(200, { "Content-Length": 10 });
    response.write("hello");
    late(() => request.socket.resetAndDestroy());
  },
  "/never": () => {},
};

function answer(request, response) {
  const route = routes[request.url];
  if (route) {
    route(request, response);
  } else {
    response.writeHead(404).end();
  }
}

function listen(server) {
  server.on("clientError", (error, socket) => socket.destroy());
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));
}

const tls = { cert: process.env.TLS_CERT, key: process.env.TLS_KEY };
const ports = {
  plain: await listen(http.createServer(answer)),
  tls: await listen(https.createServer(tls, answer)),
  mutual: await listen(
    https.createServer({ ...tls, requestCert: true, rejectUnauthorized: true,
                         ca: process.env.CLIENT_CA }, answer)),
};
console.log(JSON.stringify(ports));
