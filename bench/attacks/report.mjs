// From figures to rows.
const size = (bytes) => (bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(0)} kB`);
const ms = (value) => (value === undefined ? '–' : value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(0)} ms`);

const FIGURES = {
  CPU: ({ cpuS, tookS }) => `${cpuS.toFixed(2)} s in ${tookS.toFixed(0)} s`,
  'Memory, peak': ({ rssMb, rssPeakMb }) => `${rssPeakMb.toFixed(0)} MB (${rssMb.toFixed(0)} before)`,
  Descriptors: ({ descriptors }) => descriptors.join(', ') || '–',
  '/healthz, median, 99 %, longest': ({ health }) =>
    `${[health.p50, health.p99, health.max].map(ms).join(', ')}${health.failures > 0 ? `; ${health.failures} of ${health.asked} unanswered` : ''}`,
  Outcome: ({ outcome }) => outcome ?? '',
  'Serves afterwards': ({ serves }) => serves,
};

const line = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');

/**
 * A table of attacks: a row each; with the figures of another build before.
 * @param {object[]} rows @param {object[]} [before]
 */
export function attacksTable(rows, before) {
  const figures = Object.entries(FIGURES);
  if (!before)
    return table(
      ['Attack', 'Sent', ...Object.keys(FIGURES)],
      rows.map((row) => [row.title, size(row.sent), ...cells(figures, row)]),
    );
  const head = ['Attack', 'Sent', ...Object.keys(FIGURES).map((name) => `${name}: before → after`)];
  const both = rows.map((row) => {
    const old = before.find(({ name }) => name === row.name);
    const [then, now] = [old ? cells(figures, old) : undefined, cells(figures, row)];
    return [
      row.title,
      size(row.sent),
      ...now.map((cell, at) => (then === undefined ? cell : then[at] === cell ? cell : `${then[at] || '–'} → ${cell || '–'}`)),
    ];
  });
  return table(head, both);
}

const cells = (figures, row) =>
  row.failed ? figures.map((_, at) => (at === 0 ? `**${row.failed}**` : '')) : figures.map(([, format]) => format(row));

/** A table of faults: what was done to the camera, what its owner is told, when it works again. */
export function faultsTable(rows, before) {
  const of = (row) => [row.sees, row.recovery];
  const joined = rows.map((row) => {
    const old = before?.find(({ name }) => name === row.name);
    return [row.title, ...of(row).map((cell, at) => (old && of(old)[at] !== cell ? `${of(old)[at]} → ${cell}` : cell))];
  });
  return table(['Fault', 'What the owner sees', 'Works again'], joined);
}
