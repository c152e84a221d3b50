// A WS-Discovery client that does what it is told: each line of standard input is a JSON { to, text, count?, base64? } to be
// sent to port 3702; each datagram that it gets is printed as a JSON line { from, port, via, text }. `via` tells the two
// sockets apart: "group" hears what is for everyone, "own" the answers.
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

const [address = ''] = process.argv.slice(2);
const group = createSocket({ type: 'udp4', reuseAddr: true });
const own = createSocket('udp4');

for (const [via, socket] of [
  ['group', group],
  ['own', own],
]) {
  socket.on('message', (data, { address: from, port }) =>
    process.stdout.write(`${JSON.stringify({ from, port, via, text: data.toString() })}\n`),
  );
}

group.bind(3702, '239.255.255.250', () => {
  group.addMembership('239.255.255.250', address);
  own.bind(0, address, () => {
    own.setMulticastInterface(address);
    process.stdout.write('{}\n');
  });
});

for await (const line of createInterface({ input: process.stdin })) {
  const { to, text, count = 1, base64 = false } = JSON.parse(line);
  const data = Buffer.from(text, base64 ? 'base64' : 'utf8');
  for (let sent = 0; sent < count; sent++) await new Promise((done) => own.send(data, 3702, to, done));
}
process.exit();
