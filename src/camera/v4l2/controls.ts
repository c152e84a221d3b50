import { runProgram } from '../../platform/run-program.ts';
import { probe, untold } from './probe.ts';

/** A control of a webcam, as its driver describes it. */
export interface Control {
  /** The driver's name: "brightness". */
  readonly name: string;
  /** V4L2_CID_…; unlike the names, these numbers are the same in every kernel. */
  readonly id: number;
  readonly min: number;
  readonly max: number;
  /** Distance of two values that it can have, from `min` on. */
  readonly step: number;
  /** Its value when the webcam is plugged in. */
  readonly default: number;
}

/** Time for v4l2-ctl to set a control, milliseconds: it does so at once, unless the webcam hangs, and a picture waits for it. */
const SET_TIMEOUT_MS = 3000;
const LINE = /^\s*(\w+) 0x([\da-f]+) \((int|bool|menu)\)\s*:\s*(.*)$/;

/** Returns the controls in what `v4l2-ctl --list-ctrls` prints; those that cannot be set are left out. */
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

/** Asks a webcam for its controls, through v4l2-ctl. Rejects with an AppError (CAPTURE_ENDED) where that does not tell. */
export async function listControls(program: string, device: string, searchPath: string): Promise<Control[]> {
  const result = await probe(program, ['--device', device, '--list-ctrls'], searchPath);
  const controls = parseControls(result.stdout);
  // A list that it did not finish is none.
  if (result.code === 0 || (result.code !== null && controls.length > 0)) return controls;
  throw untold(`v4l2-ctl does not tell the controls of ${device}`, result);
}

/** The webcam, and the program that sets its controls. */
export interface ControlSetterOptions {
  /** Path of v4l2-ctl. */
  readonly program: string;
  /** "/dev/video0" */
  readonly device: string;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
}

/**
 * Sets the controls of one webcam. A control that was never set here stays as somebody else may have set it; one that was goes back
 * to its default with its setting.
 */
export class ControlSetter {
  readonly #touched = new Set<string>();

  constructor(private readonly options: ControlSetterOptions) {}

  /** Returns those of the wanted values that have to be written. */
  pending(wanted: readonly ControlValue[]): readonly ControlValue[] {
    return wanted.filter(({ control, value }) => value !== control.default || this.#touched.has(control.name));
  }

  /** Writes values in their order. Resolves with what the webcam says where it does not take one; undefined: it took them all. */
  async write(values: readonly ControlValue[]): Promise<string | undefined> {
    const { program, device, searchPath } = this.options;
    let refusal: string | undefined;
    for (const { control, value } of values) {
      this.#touched.add(control.name);
      // One at a time: a value that belongs to a mode is refused before the webcam is in that mode, and takes the others with it.
      const args = ['--device', device, '--set-ctrl', `${control.name}=${value}`];
      const { code, stderr } = await runProgram(program, args, { timeoutMs: SET_TIMEOUT_MS, searchPath });
      if (code !== 0) refusal ??= `${control.name}=${value}: ${stderr.trim().split('\n').at(-1)}`;
      // A webcam that hangs would do so with each of them.
      if (code === null) break;
    }
    return refusal;
  }
}

/** The value that a control is to have. */
export interface ControlValue {
  readonly control: Control;
  readonly value: number;
}
