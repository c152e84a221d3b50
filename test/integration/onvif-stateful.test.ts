import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../src/core/log.ts';
import { OnvifEndpoint } from '../../src/onvif/endpoint.ts';
import type { RequestContext, Service } from '../../src/onvif/service.ts';
import { SoapFault } from '../../src/protocols/soap/fault.ts';
import { Arrivals } from '../../src/servers/http/arrivals.ts';
import { BodyReader } from '../../src/servers/http/body-reader.ts';
import { inTurn } from '../../src/servers/http/in-turn.ts';
import { OnvifHandler } from '../../src/servers/http/onvif.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { envelope, LETS_EVERYBODY } from '../support/onvif-endpoint.ts';
import { eventually } from '../support/server.ts';

/** A service with state, in two namespaces, over HTTP: a counter, of which clients wait for the next number. */

const COUNTER = 'urn:test:counter';
const WAIT = 'urn:test:wait';
const WSA = 'http://www.w3.org/2005/08/addressing';
const WSA_2004 = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';

class Counter {
  count = 0;
  readonly waiting = new Set<() => void>();
  contexts: RequestContext[] = [];

  readonly service: Service = {
    name: 'counter',
    namespace: COUNTER,
    path: '/onvif/counter',
    version: { major: 1, minor: 0 },
    operations: [
      {
        name: 'Add',
        access: 'ACTUATE',
        responseAction: `${COUNTER}/AddResponse`,
        handle: ({ Step = 1 }, context) => {
          this.contexts.push(context);
          if (Step === 0) throw new SoapFault('Sender', ['InvalidArgVal'], 'It would stay where it is.');
          this.count += Number(Step);
          for (const wake of [...this.waiting]) wake();
          return { At: this.count };
        },
      },
      { name: 'Get', access: 'READ_MEDIA', handle: ({ Twice }) => ({ Count: Twice === true ? 2 * this.count : this.count }) },
      {
        name: 'Get',
        namespace: WAIT,
        access: 'READ_MEDIA',
        handle: async ({ Above }, { path, signal }) => {
          while (this.count <= Number(Above) && !signal.aborted) await this.#next(signal);
          return { At: this.count, Path: path };
        },
      },
    ],
  };

  #next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}

let counter: Counter;
let server: Server;
let url: string;

beforeEach(async () => {
  counter = new Counter();
  const clock = new FakeClock();
  const endpoint = new OnvifEndpoint({
    services: [counter.service],
    wsdlDir: join(import.meta.dirname, '../fixtures/wsdl'),
    authorizer: LETS_EVERYBODY,
    clock,
    log: silentLogger,
  });
  await endpoint.start();
  const arrivals = new Arrivals({
    trustedProxies: [],
    names: () => ({ hostname: 'test', domains: [], allowed: [] }),
    ownAddress: () => undefined,
  });
  const onError = (error: unknown) => {
    throw error;
  };
  const handler = new OnvifHandler(endpoint, new BodyReader(clock, () => false), { arrivals, hosts: undefined, onError });
  server = createServer(inTurn((req, res) => void handler.takes(req, res)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const ask = async (body: string, header = '', path = '/onvif/counter') => {
  const answer = await fetch(url + path, { method: 'POST', body: envelope(body, header) });
  return { status: answer.status, text: await answer.text() };
};
const add = (step?: number) => `<Add xmlns="${COUNTER}">${step === undefined ? '' : `<Step>${step}</Step>`}</Add>`;
const wait = (above: number) => `<Get xmlns="${WAIT}"><Above>${above}</Above></Get>`;
const addressing = (namespace: string) =>
  `<a:MessageID xmlns:a="${namespace}">urn:uuid:1&amp;2</a:MessageID><a:Action xmlns:a="${namespace}">${COUNTER}/Add</a:Action>` +
  `<a:To xmlns:a="${namespace}">${url}/onvif/counter</a:To><a:ReplyTo xmlns:a="${namespace}"><a:Address>urn:somewhere</a:Address></a:ReplyTo>`;

describe('operations', () => {
  test('of one name are told apart by their namespace, in what they take and in what they give', async () => {
    expect((await ask(add(3))).text).toContain('<tc:AddResponse><tw:At>3</tw:At></tc:AddResponse>');
    const twice = `<Get xmlns="${COUNTER}"><Twice>true</Twice></Get>`;
    for (let time = 0; time < 2; time++) {
      expect((await ask(twice)).text).toContain('<env:Body><tc:GetResponse><tc:Count>6</tc:Count></tc:GetResponse></env:Body>');
      expect((await ask(`<Get xmlns="${COUNTER}"/>`)).text).toContain('<tc:Count>3</tc:Count>');
      expect((await ask(wait(2))).text).toContain(
        '<env:Body><tw:GetResponse><tw:At>3</tw:At><tw:Path>/onvif/counter</tw:Path></tw:GetResponse></env:Body>',
      );
    }
  });

  test.each([
    ['constructor', COUNTER],
    ['__proto__', COUNTER],
    ['toString', WAIT],
    ['hasOwnProperty', COUNTER],
    ['Add', WAIT],
    ['Get', 'urn:other'],
    ['Get', '__proto__'],
  ])('%s of %s is not there: ActionNotSupported', async (name, namespace) => {
    const { status, text } = await ask(`<${name} xmlns="${namespace}"><x polluted="yes"/></${name}>`);
    expect(status).toBe(500);
    expect(text).toContain(`ActionNotSupported: ${name} is not implemented.`);
    expect({}).not.toHaveProperty('x');
    expect((await ask(add())).status).toBe(200);
  });

  test('of a table that the WSDL does not have are noticed at the start', async () => {
    const { service } = counter;
    const endpoint = new OnvifEndpoint({
      services: [{ ...service, operations: [{ ...service.operations[0]!, namespace: WAIT }] }],
      wsdlDir: join(import.meta.dirname, '../fixtures/wsdl'),
      authorizer: LETS_EVERYBODY,
      clock: new FakeClock(),
      log: silentLogger,
    });
    await expect(endpoint.start()).rejects.toThrow(`counter.wsdl has no operation Add in ${WAIT}`);
  });
});

describe('WS-Addressing', () => {
  test.each([
    [WSA, `${WSA}/soap/fault`],
    [WSA_2004, `${WSA_2004}/fault`],
  ])('of %s: the operation knows what was sent, and its response and faults say to what they belong', async (namespace, faultAction) => {
    const { text } = await ask(add(), addressing(namespace));
    const header = (action: string) =>
      `<env:Header xmlns:wsa="${namespace}"><wsa:Action>${action}</wsa:Action><wsa:RelatesTo>urn:uuid:1&amp;2</wsa:RelatesTo></env:Header><env:Body>`;
    expect(text).toContain(header(`${COUNTER}/AddResponse`));
    expect(counter.contexts[0]!.addressing).toEqual({
      namespace,
      messageId: 'urn:uuid:1&2',
      action: `${COUNTER}/Add`,
      to: `${url}/onvif/counter`,
      replyTo: 'urn:somewhere',
    });
    const fault = await ask(add(0), addressing(namespace));
    expect([fault.status, fault.text]).toEqual([400, expect.stringContaining(`${header(faultAction)}<env:Fault>`)]);
  });

  test('of a request without it: the Action alone', async () => {
    expect((await ask(add())).text).toContain(
      `<env:Header xmlns:wsa="${WSA}"><wsa:Action>${COUNTER}/AddResponse</wsa:Action></env:Header><env:Body>`,
    );
  });

  test('is in no answer of an operation that does not want it', async () => {
    for (const body of [`<Get xmlns="${COUNTER}"/>`, wait(-1), `<Other xmlns="${COUNTER}"/>`])
      expect((await ask(body, addressing(WSA))).text).not.toMatch(/Header|RelatesTo/);
  });
});

test.each(['/onvif/counter', '/onvif/counter/7', '//onvif/counter/7?a=b'])('the path %s is what the operation is told', async (path) => {
  expect((await ask(wait(-1), '', path)).text).toContain(`<tw:Path>${path.replace('//', '/').replace('?a=b', '')}</tw:Path>`);
});

describe('a client that waits', () => {
  /** A request whose answer is not waited for. */
  const poll = () => {
    const sent = request(`${url}/onvif/counter`, { method: 'POST', agent: false });
    sent.on('error', () => {});
    sent.end(envelope(wait(0)));
    return sent;
  };

  test('is answered when there is something', async () => {
    const answers = [ask(wait(0)), ask(wait(1)), ask(wait(0))];
    await eventually(() => counter.waiting.size === 3, 'all wait');
    await ask(add());
    expect((await answers[0]!).text).toContain('<tw:At>1</tw:At>');
    expect((await answers[2]!).text).toContain('<tw:At>1</tw:At>');
    expect(counter.waiting.size).toBe(1);
    await ask(add());
    expect((await answers[1]!).text).toContain('<tw:At>2</tw:At>');
    expect(counter.waiting.size).toBe(0);
  });

  test.each(['closes', 'resets'] as const)('and %s his connection is waited for no longer, and others go on', async (how) => {
    const gone = poll();
    const other = ask(wait(0));
    await eventually(() => counter.waiting.size === 2, 'both wait');
    if (how === 'closes') gone.socket!.end();
    else gone.socket!.resetAndDestroy();
    await eventually(() => counter.waiting.size === 1, 'one waits');
    await ask(add());
    expect((await other).text).toContain('<tw:At>1</tw:At>');
  });

  test('keeps his connection for the next request', async () => {
    for (let number = 1; number < 4; number++) {
      const answer = ask(wait(number - 1));
      await eventually(() => counter.waiting.size === 1, 'he waits');
      await ask(add());
      expect((await answer).text).toContain(`<tw:At>${number}</tw:At>`);
    }
  });
});
