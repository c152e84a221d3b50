import { runProgram } from '../../platform/run-program.ts';

/** A control of a webcam, as its driver tells of it. */
export interface Control {
  /** "brightness" */
  readonly name: string;
  /** V4L2_CID_…: names changed with the kernel, numbers never do. */
  readonly id: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** What it is when the webcam was plugged in. */
  readonly default: number;
}

/** Milliseconds; it answers at once, unless the webcam hangs. */
const TIMEOUT_MS = 3000;
const LINE = /^\s*(\w+) 0x([\da-f]+) \((int|bool|menu)\)\s*:\s*(.*)$/;

/** Reads what `v4l2-ctl --list-ctrls` prints; controls that cannot be set are left out. */
export function parseControls(text: string): Control[] {
  return text.split('\n').flatMap((line) => {
    const [, name, id, type, rest = ''] = LINE.exec(line) ?? [];
    const values = new Map([...rest.matchAll(/\b(min|max|step|default)=(-?\d+)/g)].map(([, key, value]) => [key, Number(value)]));
    const byDefault = values.get('default');
    if (name === undefined || id === undefined || byDefault === undefined || /flags=.*(disabled|read-only)/.test(rest)) return [];
    const { min, max } = type === 'bool' ? { min: 0, max: 1 } : { min: values.get('min') ?? 0, max: values.get('max') ?? 0 };
    return [{ name, id: Number.parseInt(id, 16), min, max, step: Math.max(1, values.get('step') ?? 1), default: byDefault }];
  });
}

/** The controls of a webcam, by the program v4l2-ctl. Empty where it has none, or does not tell. */
export async function listControls(program: string, device: string, searchPath: string): Promise<Control[]> {
  return parseControls((await runProgram(program, ['--device', device, '--list-ctrls'], { timeoutMs: TIMEOUT_MS, searchPath })).stdout);
}

export interface ControlSetterOptions {
  /** Path of v4l2-ctl. */
  readonly program: string;
  /** "/dev/video0" */
  readonly device: string;
  readonly searchPath: string;
}

/**
 * Sets the controls of one webcam. What was never set here stays as somebody else may have set it; what was, goes back with its
 * setting.
 */
export class ControlSetter {
  readonly #touched = new Set<string>();

  constructor(private readonly options: ControlSetterOptions) {}

  /** Those of the wanted values that are to be written. */
  pending(wanted: readonly ControlValue[]): readonly ControlValue[] {
    return wanted.filter(({ control, value }) => value !== control.default || this.#touched.has(control.name));
  }

  /** Writes them, in their order. Resolves to what the webcam says where it does not take them; undefined: it does. */
  async write(values: readonly ControlValue[]): Promise<string | undefined> {
    const { program, device, searchPath } = this.options;
    let refusal: string | undefined;
    for (const { control, value } of values) {
      this.#touched.add(control.name);
      // One at a time: a value that belongs to a mode is refused before the webcam is in that mode, and takes the others with it.
      const args = ['--device', device, '--set-ctrl', `${control.name}=${value}`];
      const { code, stderr } = await runProgram(program, args, { timeoutMs: TIMEOUT_MS, searchPath });
      if (code !== 0) refusal ??= `${control.name}=${value}: ${stderr.trim().split('\n').at(-1)}`;
      // A webcam that hangs would do so with each of them.
      if (code === null) break;
    }
    return refusal;
  }
}

/** What a control is to be. */
export interface ControlValue {
  readonly control: Control;
  readonly value: number;
}
