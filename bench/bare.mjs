// What Node's HTTP server costs by itself: answers every request with a fixed text of the length of a SOAP answer.
import { createServer } from 'node:http';

const body = 'x'.repeat(1000);
createServer((request, response) => {
  request.resume();
  request.on('end', () => response.setHeader('Content-Type', 'application/soap+xml; charset=utf-8').end(body));
}).listen(Number(process.argv[2]), '127.0.0.1');
