import { AppError } from '../../core/errors.ts';
import type { ServerPorts } from '../../device/ports.ts';
import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import { boolean, children, integer, list, required } from '../args.ts';
import { reasonOf } from '../refusal.ts';
import type { Operation, SoapObject } from '../service.ts';
import type { DeviceServiceOptions } from './options.ts';
import { attempt, invalidValue } from './refusals.ts';

/**
 * Operations on the TCP ports of the servers (Core Specification, chapter "Network"). A change restarts the program, and holds
 * after that.
 */
export function protocolOperations(options: DeviceServiceOptions): Operation[] {
  return [
    {
      name: 'GetNetworkProtocols',
      access: 'READ_SYSTEM',
      handle: () => {
        const { http, rtsp } = options.ports();
        const described = (name: string, port: number) => ({ Name: name, Enabled: true, Port: port });
        return { NetworkProtocols: [described('HTTP', http), ...(rtsp === undefined ? [] : [described('RTSP', rtsp)])] };
      },
    },
    {
      name: 'SetNetworkProtocols',
      access: 'WRITE_SYSTEM',
      handle: async (request) => {
        const now = options.ports();
        const wanted = portsIn(request, now);
        if (wanted.http === now.http && wanted.rtsp === now.rtsp) return {};
        await attempt(() => setPorts(options, wanted));
        await attempt(options.restart);
        return {};
      },
    },
  ];
}

async function setPorts(options: DeviceServiceOptions, ports: ServerPorts): Promise<void> {
  try {
    await options.setPorts(ports);
  } catch (error) {
    throw error instanceof AppError && error.code === 'PORT_TAKEN' ? invalidArgument('PortAlreadyInUse', reasonOf(error)) : error;
  }
}

/** Reads NetworkProtocols: those that are not named keep their ports. Throws a SoapFault for what cannot be. */
function portsIn(request: SoapObject, now: ServerPorts): ServerPorts {
  const protocols = children(request, 'NetworkProtocols');
  if (protocols.length === 0) throw new SoapFault('Sender', ['InvalidArgs'], 'NetworkProtocols is missing.');
  let { http, rtsp } = now;
  for (const protocol of protocols) {
    const name = required(protocol, 'Name');
    if (name !== 'HTTP' && (name !== 'RTSP' || rtsp === undefined))
      throw invalidArgument('ServiceNotSupported', `${name} is not supported.`);
    if (boolean(protocol, 'Enabled') === false)
      throw new SoapFault('Sender', ['OperationProhibited'], `${name} cannot be turned off: the camera would not be reachable.`);
    const port = portOf(protocol, name);
    if (name === 'HTTP') http = port;
    else rtsp = port;
  }
  if (http === rtsp) throw invalidArgument('PortAlreadyInUse', 'HTTP and RTSP need a port each.');
  return { http, rtsp };
}

function portOf(protocol: SoapObject, name: string): number {
  const ports = list(protocol.Port).map((Port) => integer({ Port }, 'Port') ?? 0);
  const [port] = ports;
  if (port === undefined || ports.length > 1 || port < 1 || port > 65_535)
    throw invalidValue(`${name} needs one port between 1 and 65535.`);
  return port;
}
