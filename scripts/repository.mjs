// `npm run repository -- https://github.com/me/onvif-camera`: where the repository is, in package.json and wherever it is cloned in
// README and docs.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [address] = process.argv.slice(2);
if (!URL.canParse(address ?? '')) {
  console.error('Give the address that `git clone` takes: npm run repository -- https://github.com/me/onvif-camera');
  process.exit(2);
}
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
for (const file of ['package.json', 'README.md', ...docs.map((name) => `docs/${name}`)]) {
  const text = readFileSync(join(root, file), 'utf8');
  const changed =
    file === 'package.json'
      ? text.replace(/("repository": \{[^}]*"url": ")[^"]*/, (_, before) => `${before}git+${address.replace(/\.git$/, '')}.git`)
      : text.replace(/(git clone )[^\s`]+/g, (_, before) => before + address);
  if (changed !== text) writeFileSync(join(root, file), changed);
}
