// The file that Debian packages have in /usr/share/doc: the licences of everything inside.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { walk } from './tree.mjs';

/** Returns the text of the file. @param library folder node_modules of the image library */
export function copyright(root, library) {
  const read = (path) => readFileSync(path, 'utf8').trim();
  const rule = `\n\n${'-'.repeat(78)}\n\n`;
  const libraries = walk(library)
    .filter((path) => /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path))
    .map((path) => {
      const { name, version, license } = JSON.parse(read(path));
      const files = walk(join(path, '..')).filter((file) => /^LICENSE(\.\w+)?$/i.test(file.slice(path.length - 'package.json'.length)));
      const text = name.includes('libvips') ? libvips(read(join(path, '../README.md'))) : files.map(read).join('\n');
      return `${name} ${version} (${license})\n\n${text}`;
    });
  const text = `onvif-camera is under the following licence.

${read(join(root, 'LICENSE'))}

It holds the libraries below, with their licences: first those of the image
library in /usr/lib/onvif-camera/node_modules, then those that are bundled in
/usr/lib/onvif-camera/dist.${rule}${[...libraries, read(join(root, 'dist/THIRD-PARTY-LICENSES.txt'))].join(rule)}
`;
  return text.replace(APACHE, 'The Apache License, version 2.0, is in /usr/share/common-licenses/Apache-2.0.\n');
}

/** Matches the whole text of a licence that every Debian has. */
const APACHE =
  /^ *Apache License\n *Version 2\.0, January 2004\n.*?END OF TERMS AND CONDITIONS\n(.*?limitations under the License\.\n)?/gms;

/** Returns the licences of the image library, which is under the LGPL and lists those of its components. */
const libvips = (readme) => `The LGPL, version 3, is in /usr/share/common-licenses/LGPL-3. It is a shared
library by itself, lib/libvips-cpp.so, and can be replaced by another build.
Its source, and how it is built: https://github.com/lovell/sharp-libvips

${readme
  .split(/^## Licensing\n+/m)
  .at(-1)
  .trim()}`;
