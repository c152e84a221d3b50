import { terminalSafeJson, visible } from '../core/terminal.ts';
import type { Context } from './context.ts';

/** Prints a value as JSON, for programs. */
export const printJson = (value: unknown, { stdout }: Pick<Context, 'stdout'>): void =>
  void stdout.write(`${terminalSafeJson(JSON.stringify(value, null, 2))}\n`);

/** Returns rows as lines of columns, two spaces apart. What would move the cursor of a terminal is made visible. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heads, ...rows].map((row) => row.map(visible));
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
