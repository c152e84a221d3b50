// The package for Debian and Raspberry Pi OS. Its scripts are in deploy/debian, its unit files in deploy/systemd.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { debianChangelog } from './changelog.mjs';
import { copyright } from './copyright.mjs';
import { EXTRAS, manifestOf, PROGRAM, WITHOUT } from './npm.mjs';
import { copy, put, settle, walk } from './tree.mjs';

/** Debian's architectures, with sharp's names for them, and whether a Raspberry Pi can be one. */
export const ARCHITECTURES = {
  arm64: { sharp: 'linux-arm64', pi: true },
  armhf: { sharp: 'linux-arm', pi: true },
  amd64: { sharp: 'linux-x64', pi: false },
};

/** Matches files of the image library that are left out: what compiles it, headers and types, and a command that nobody calls. */
const BALLAST = /node_modules\/(sharp\/(src|install|lib)|semver\/bin)$|\/lib\/glib-2\.0$|\.d\.[cm]?ts$/;

/** Makes the package of one architecture. @returns the path of the .deb */
export function buildDeb({ root, work, out, version, time, shell, architecture, library }) {
  const tree = join(work, 'tree');
  const at = (path) => join(tree, path);
  const program = 'usr/lib/onvif-camera';
  const documents = 'usr/share/doc/onvif-camera';
  const gzip = (text) => gzipSync(text, { level: 9 });

  // Its licences are in the file that Debian has for them.
  for (const part of PROGRAM)
    copy(join(root, part), at(`${program}/${part}`), (path) => WITHOUT(path) || path.endsWith('THIRD-PARTY-LICENSES.txt'));
  copy(library, at(`${program}/node_modules`), (path) => BALLAST.test(path));
  const manifest = manifestOf(root);
  put(at(`${program}/package.json`), `${JSON.stringify(manifest, null, 2)}\n`);
  const main = at(`${program}/dist/main.js`);
  // Debian's Node.js, whichever comes first in somebody's PATH.
  writeFileSync(main, readFileSync(main, 'utf8').replace('#!/usr/bin/env node', '#!/usr/bin/node'));
  mkdirSync(at('usr/bin'), { recursive: true });
  symlinkSync('../lib/onvif-camera/dist/main.js', at('usr/bin/onvif-camera'));

  for (const unit of readdirSync(join(root, 'deploy/systemd')).filter((name) => /\.(service|socket)$/.test(name)))
    copy(join(root, 'deploy/systemd', unit), at(`usr/lib/systemd/system/${unit}`));
  copy(join(root, 'deploy/onvif-camera.yaml'), at('etc/onvif-camera.yaml'));

  put(at('usr/share/man/man1/onvif-camera.1.gz'), gzip(readFileSync(shell.manual)));
  copy(shell.bash, at('usr/share/bash-completion/completions/onvif-camera'));
  copy(shell.zsh, at('usr/share/zsh/vendor-completions/_onvif-camera'));
  for (const extra of EXTRAS.filter((each) => each !== 'CHANGELOG.md' && existsSync(join(root, each))))
    copy(join(root, extra), at(`${documents}/${extra}`));
  put(at(`${documents}/copyright`), copyright(root, library));
  put(at(`${documents}/changelog.gz`), gzip(debianChangelog(root, version, time)));

  const files = walk(tree).filter((path) => lstatSync(path).isFile());
  const bytes = files.reduce((sum, path) => sum + lstatSync(path).size, 0);
  const scripts = ['postinst', 'prerm', 'postrm'];
  for (const script of scripts) copy(join(root, 'deploy/debian', script), at(`DEBIAN/${script}`));
  put(at('DEBIAN/conffiles'), '/etc/onvif-camera.yaml\n');
  put(at('DEBIAN/control'), control(manifest, architecture, Math.ceil(bytes / 1024)));
  const sums = files.filter((path) => !path.startsWith(at('etc/'))).map((path) => `${md5(path)}  ${path.slice(tree.length + 1)}\n`);
  put(at('DEBIAN/md5sums'), sums.join(''));

  settle(tree, time, (path) => path === main || scripts.some((script) => path === at(`DEBIAN/${script}`)));
  const file = join(out, `onvif-camera_${version}_${architecture}.deb`);
  // xz, which Bookworm reads as well; one thread, as the bytes depend on whether there are several.
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', '-Zxz', tree, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(time), DPKG_DEB_THREADS_MAX: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return file;
}

const md5 = (path) => createHash('md5').update(readFileSync(path)).digest('hex');

function control({ version, author, repository, engines }, architecture, kilobytes) {
  const node = /\d+\.\d+/.exec(engines.node)[0];
  const camera = ARCHITECTURES[architecture].pi ? ['rpicam-apps-core | rpicam-apps-lite | rpicam-apps | libcamera-apps'] : [];
  // libc6 and passwd are on every system; they are named as Debian wants it.
  return `Package: onvif-camera
Version: ${version}
Architecture: ${architecture}
Maintainer: ${author}
Installed-Size: ${kilobytes}
Depends: nodejs (>= ${node}), libc6, passwd
Recommends: ${[...camera, 'ffmpeg', 'util-linux (>= 2.33)'].join(', ')}
Suggests: v4l-utils
Section: video
Priority: optional
Homepage: ${repository.url.replace(/^git\+/, '').replace(/\.git$/, '')}
Description: network camera by ONVIF from a Raspberry Pi's camera
 Turns a computer with a camera into a network camera: recorders and home
 automation find it by themselves, log in by ONVIF and play it by RTSP, as
 MJPEG or H.264. Browsers show it on a page behind a password. The camera
 runs only while somebody watches.
 .
 Without a Raspberry Pi's camera it shows a USB webcam, a folder of pictures
 or a test pattern. H.264 and webcams need ffmpeg; v4l-utils sets the controls
 of a webcam.
`;
}
