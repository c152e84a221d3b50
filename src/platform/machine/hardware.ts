import type { HardwareInfo } from '../machine.ts';
import type { Tree } from './tree.ts';

/** Returns what the firmware and the kernel say of the board. @param machine as in uname: { type: "Linux", machine: "aarch64" } */
export function readHardware(tree: Tree, machine: { type: string; machine: string }, firstMac: string | undefined): HardwareInfo {
  const cpu = cpuFields(tree.text('/proc/cpuinfo') ?? '');
  const model = nonEmpty(tree.text('/proc/device-tree/model')) ?? cpu.get('Model');
  return {
    manufacturer: model?.startsWith('Raspberry Pi') ? 'Raspberry Pi' : 'onvif-camera',
    model: model ?? `${machine.type} ${machine.machine}`,
    serial: serialOf(tree, cpu) ?? firstMac?.replaceAll(':', '') ?? 'unknown',
    hardwareId: cpu.get('Revision') ?? tree.text('/proc/device-tree/compatible')?.split('\0')[0] ?? machine.machine,
  };
}

/** Returns the serial number; boards without one of their own have zeros there. */
const serialOf = (tree: Tree, cpu: ReadonlyMap<string, string>) =>
  [tree.text('/proc/device-tree/serial-number'), cpu.get('Serial')].find((serial) => serial !== undefined && !/^0*$/.test(serial));

const nonEmpty = (text: string | undefined) => (text === '' ? undefined : text);

/** Returns the fields that stand below the processors in /proc/cpuinfo on a Pi. */
function cpuFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^(Serial|Revision|Model)\s*:\s*(\S.*)$/.exec(line);
    if (match) fields.set(match[1]!, match[2]!.trim());
  }
  return fields;
}
