// CHANGELOG.md in the form that Debian's tools read.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Returns the entry of a version; for one that CHANGELOG.md does not name yet, what is unreleased. @param time seconds since the Unix epoch */
export function debianChangelog(root, version, time) {
  const path = join(root, 'CHANGELOG.md');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const sections = text.split(/^## /m);
  const section =
    [version, 'Unreleased'].map((name) => sections.find((each) => each.replace('[', '').startsWith(name))).find(Boolean) ?? '';
  // A change may go on over several lines.
  const changes = section
    .split(/^[-*] /m)
    .slice(1)
    .map((each) =>
      each
        .split(/\n\s*\n|^#/m)[0]
        .trim()
        .replace(/\s*\n\s*/g, ' '),
    );
  const { author } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const lines = (changes.length > 0 ? changes : [`Version ${version}.`]).map((change) => wrap(`  * ${change}`));
  const date = new Date(time * 1000).toUTCString().replace('GMT', '+0000');
  return `onvif-camera (${version}) stable; urgency=medium\n\n${lines.join('\n')}\n\n -- ${author}  ${date}\n`;
}

const wrap = (line) => line.replace(/(.{1,76})(?: |$)/g, '$1\n    ').trimEnd();
