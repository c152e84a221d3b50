/**
 * Stand-ins for the tools that change a machine. A test links them into a folder of its own (see tree.ts beside this file),
 * which is where they keep what they are asked and find how to behave:
 *
 *   calls.jsonl     a line of JSON per call: {tool, args, locale, secret}; locale is LC_ALL, secret what the caller's
 *                   environment would have leaked
 *   scenario.json   read at every call; all keys are optional
 *
 * Keys of scenario.json:
 *   networkManager  false: installed, but not running
 *   ntp             {can, on, synchronized}, all true by default
 *   timesync        lines of `timedatectl show-timesync`; absent: no systemd-timesyncd
 *   busyTimes       so many times set-time is refused because the time service is still ending
 *   refuse          {"hostnamectl set-hostname": "text"}: a call of that tool with those words fails with that text
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Plays a tool: `answer` gives what it prints; throws {@link Refusal}. */
export function play(tool, answer) {
  const dir = dirname(process.argv[1]);
  const args = process.argv.slice(2);
  appendFileSync(
    join(dir, 'calls.jsonl'),
    `${JSON.stringify({ tool, args, locale: process.env.LC_ALL, secret: process.env.STANDIN_SECRET })}\n`,
  );
  const file = join(dir, 'scenario.json');
  const scenario = JSON.parse(readFileSync(file, 'utf8'));
  const save = () => writeFileSync(file, JSON.stringify(scenario));
  const words = args.filter((arg) => !arg.startsWith('-'));
  try {
    const refused = Object.entries(scenario.refuse ?? {}).find(
      ([call]) => call.startsWith(`${tool} `) && words.join(' ').includes(call.slice(tool.length + 1)),
    );
    if (refused) throw new Refusal(refused[1]);
    process.stdout.write(answer(args, scenario, save));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.code;
  }
}

export class Refusal extends Error {
  constructor(message, code = 1) {
    super(message);
    this.code = code;
  }
}
