import { pino } from 'pino';
import type { Config } from '../config/schema.ts';
import { type LogFields, type Logger, withoutCredentials } from '../core/log.ts';
import { terminalSafeJson, visible } from '../core/terminal.ts';
import { type Context, SECRET_VARIABLES } from './context.ts';

/** Names of fields whose values are never logged. */
const SECRET_NAMES = ['password', 'authorization', 'token', 'secret', 'cookie', ...SECRET_VARIABLES];
const SECRETS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
const COLOURS: Readonly<Record<string, string>> = { DEBUG: '\x1b[2m', INFO: '\x1b[32m', WARN: '\x1b[33m', ERROR: '\x1b[31m' };
const RESET = '\x1b[0m';

/** Returns the program's log, on standard error: lines for people, or JSON for programs. Passwords in URLs are left out. */
export function makeLogger(config: Config['log'], { stderr, env }: Pick<Context, 'stderr' | 'env'>): Logger {
  const pretty = config.format === 'pretty' || (config.format === 'auto' && stderr.isTTY === true);
  const colours = stderr.isTTY === true && !env.NO_COLOR;
  const write = (json: string) => {
    const line = withoutCredentials(json);
    stderr.write(pretty ? prettyLine(line, colours) : terminalSafeJson(line));
  };
  const log = pino(
    {
      level: config.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS, censor: '…' },
    },
    { write },
  );
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) => log[level](fields ?? {}, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function prettyLine(json: string, colours: boolean): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const label = String(level).toUpperCase();
  const shown = Object.entries(fields).map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const tag = colours ? `${COLOURS[label] ?? ''}${label.padEnd(5)}${RESET}` : label.padEnd(5);
  const text = String(msg).split('\n').map(visible).join('\n      ');
  return `${new Date(String(time)).toTimeString().slice(0, 8)} ${tag} ${text}${visible(shown.join(''))}\n`;
}
