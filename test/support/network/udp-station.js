// A UDP client that does what it is told. Arguments: its address, a multicast group, a port. Each line of standard input is a JSON
// { to, from, data, count? }: `data` (base64) is sent `count` times to that port at `to`, from the socket `from`. Each datagram
// that it gets is printed as a JSON line { via, from, port, data }. There are two sockets: "group" is bound to the port and
// hears what is for everyone, "own" has a port of its own.
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

const [address = '', group = '', port = ''] = process.argv.slice(2);
const sockets = { group: createSocket({ type: 'udp4', reuseAddr: true }), own: createSocket('udp4') };

for (const [via, socket] of Object.entries(sockets)) {
  socket.on('message', (data, { address: from, port: fromPort }) =>
    process.stdout.write(`${JSON.stringify({ via, from, port: fromPort, data: data.toString('base64') })}\n`),
  );
}

sockets.group.bind(Number(port), () => {
  sockets.group.addMembership(group, address);
  sockets.group.setMulticastInterface(address);
  sockets.own.bind(0, address, () => {
    sockets.own.setMulticastInterface(address);
    process.stdout.write('{}\n');
  });
});

for await (const line of createInterface({ input: process.stdin })) {
  const { to, from, data, count = 1 } = JSON.parse(line);
  const bytes = Buffer.from(data, 'base64');
  for (let sent = 0; sent < count; sent++) await new Promise((done) => sockets[from].send(bytes, Number(port), to, done));
}
process.exit();
