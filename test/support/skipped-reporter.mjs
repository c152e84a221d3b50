/**
 * Tells at the end of a run which tests were left out and what they need: jest itself only counts them. The reason stands in a
 * title, of the test or of what it is in, as "(needs ffmpeg: apt install ffmpeg)".
 */
export default class SkippedReporter {
  onRunComplete(_contexts, { testResults }) {
    const skipped = testResults.flatMap((file) => file.testResults).filter(({ status }) => status === 'pending');
    if (skipped.length === 0) return;
    const counts = new Map();
    for (const { fullName } of skipped) {
      const reason = /\((needs [^()]*(?:\([^()]*\)[^()]*)*)\)/.exec(fullName)?.[1] ?? `no reason given: ${fullName}`;
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
    const lines = [...counts].sort(([, a], [, b]) => b - a).map(([reason, count]) => `  ${String(count).padStart(3)}  ${reason}`);
    process.stderr.write(`\nLeft out:\n${lines.join('\n')}\n`);
  }
}
