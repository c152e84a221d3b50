// Makes docs/images/page.jpg: draws a drive at dusk as a camera would see it, has the program show it, and photographs
// the page. After `npm run build`: node docs/images/page.mjs (needs chromium).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [WIDTH, HEIGHT, FRAMES] = [1280, 720, 12];

/** The same numbers in every run. */
let seed = 7;
const random = (from = 0, to = 1) => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return from + (seed / 2147483648) * (to - from);
};
const many = (count, draw) => Array.from({ length: count }, (_, k) => draw(k)).join('');

/** Leaves as a camera sees them: blots around a middle. */
const foliage = (x, y, wide, high, colours, count) =>
  many(count, (k) => {
    const [angle, far] = [random(0, 6.283), Math.sqrt(random())];
    const colour = colours[k % colours.length];
    return `<ellipse cx="${x + Math.cos(angle) * far * wide}" cy="${y + Math.sin(angle) * far * high}" rx="${random(3, 13)}" ry="${random(3, 10)}" fill="${colour}" opacity="${random(0.4, 0.95)}"/>`;
  });

const trunk = (x, foot, top, wide) =>
  `<path d="M${x - wide} ${foot} Q${x - wide * 0.4} ${(foot + top) / 2} ${x - wide * 0.2} ${top} L${x + wide * 0.3} ${top} Q${x + wide * 0.4} ${(foot + top) / 2} ${x + wide} ${foot} Z" fill="#15130f"/>`;

const window = (x, y, wide, high, light) => `
  <rect x="${x - 5}" y="${y - 5}" width="${wide + 10}" height="${high + 10}" fill="#b9b1a4" opacity=".55"/>
  <rect x="${x}" y="${y}" width="${wide}" height="${high}" fill="${light ? 'url(#lit)' : '#1c2530'}"/>
  ${light ? `<path d="M${x} ${y} h${wide * 0.2} q-4 ${high * 0.6} ${-wide * 0.08} ${high} h${-wide * 0.12} z M${x + wide} ${y} h${-wide * 0.2} q4 ${high * 0.6} ${wide * 0.08} ${high} h${wide * 0.12} z" fill="#8d5a26" opacity=".75"/>` : `<path d="M${x} ${y} l${wide * 0.6} 0 l${-wide * 0.6} ${high * 0.5} z" fill="#5b6b80" opacity=".35"/>`}
  <path d="M${x + wide / 2} ${y} v${high} M${x} ${y + high * 0.45} h${wide}" stroke="#c9c1b3" stroke-width="4" opacity=".6"/>`;

const car = `
  <g transform="translate(395 470) scale(1.12)">
    <ellipse cx="150" cy="103" rx="185" ry="15" fill="#000" opacity=".55" filter="url(#soft)"/>
    <path d="M-18 92 Q-26 62 -8 54 L40 46 Q78 4 120 1 L206 2 Q240 8 272 48 Q312 54 316 68 L318 90 Q316 98 304 98 L-4 98 Q-16 98 -18 92 Z" fill="url(#paint)"/>
    <path d="M56 46 Q88 13 122 10 L146 10 L142 47 Z M154 10 L204 11 Q228 18 250 48 L152 47 Z" fill="#131a22"/>
    <path d="M56 46 Q88 13 122 10 L130 10 Q96 20 74 46 Z" fill="#6f7d90" opacity=".45"/>
    <path d="M-14 66 H312" stroke="#fff" stroke-opacity=".16" stroke-width="2"/><path d="M148 12 L144 92" stroke="#000" stroke-opacity=".4" stroke-width="2"/>
    <path d="M298 56 q14 3 15 12 h-16 z" fill="#6d1512"/><path d="M-14 58 q16 -4 26 -2 q-2 12 -22 12 z" fill="#d8d9cf" opacity=".7"/>
    ${many(2, (k) => `<g transform="translate(${46 + k * 206} 92)"><circle r="27" fill="#0b0b0c"/><circle r="16" fill="#4a4d52"/><circle r="6" fill="#1b1c1e"/>${many(5, (n) => `<path d="M0 0 V-15" stroke="#777b80" stroke-width="4" transform="rotate(${n * 72 + 10})"/>`)}</g>`)}
    <rect x="176" y="58" width="18" height="4" rx="2" fill="#000" opacity=".45"/>
  </g>`;

const cat = (tail) => `
  <g transform="translate(640 612)" fill="#0f0e0d">
    <ellipse cx="22" cy="46" rx="34" ry="6" fill="#000" opacity=".5" filter="url(#soft)"/>
    <path d="M2 44 Q-4 20 14 12 Q12 2 16 -6 L22 0 L30 0 L35 -7 Q39 4 35 12 Q46 24 42 44 Z"/>
    <path d="M6 40 Q-26 ${38 + tail} -30 ${16 + tail * 2}" stroke="#0f0e0d" stroke-width="7" stroke-linecap="round" fill="none"/>
    <circle cx="21" cy="5" r="1.8" fill="#d9f29a"/><circle cx="30" cy="5" r="1.8" fill="#d9f29a"/>
  </g>`;

const scene = () => {
  seed = 7;
  return `
  <defs>
    <linearGradient id="sky" x2="0" y2="1"><stop offset="0" stop-color="#1d2a4a"/><stop offset=".55" stop-color="#5b5f80"/><stop offset=".8" stop-color="#b98a7a"/><stop offset="1" stop-color="#dfae7f"/></linearGradient>
    <linearGradient id="wall" x2="1" y2=".3"><stop offset="0" stop-color="#5a544f"/><stop offset=".45" stop-color="#8e8070"/><stop offset="1" stop-color="#4d4a4a"/></linearGradient>
    <linearGradient id="lit" x2="0" y2="1"><stop offset="0" stop-color="#ffe6a6"/><stop offset="1" stop-color="#f5b454"/></linearGradient>
    <linearGradient id="paint" x2="0" y2="1"><stop offset="0" stop-color="#7d8da3"/><stop offset=".5" stop-color="#3d4b5e"/><stop offset="1" stop-color="#1a222c"/></linearGradient>
    <linearGradient id="drive" x2="0" y2="1"><stop offset="0" stop-color="#6f655c"/><stop offset="1" stop-color="#37322e"/></linearGradient>
    <linearGradient id="grass" x2="0" y2="1"><stop offset="0" stop-color="#3a4430"/><stop offset="1" stop-color="#161d13"/></linearGradient>
    <linearGradient id="door" x2="0" y2="1"><stop offset="0" stop-color="#4b4f55"/><stop offset="1" stop-color="#757069"/></linearGradient>
    <radialGradient id="glow"><stop offset="0" stop-color="#ffd489" stop-opacity=".95"/><stop offset=".25" stop-color="#ffb650" stop-opacity=".42"/><stop offset="1" stop-color="#ff9a2e" stop-opacity="0"/></radialGradient>
    <radialGradient id="vignette" r=".78"><stop offset=".5" stop-opacity="0"/><stop offset="1" stop-opacity=".72"/></radialGradient>
    <filter id="soft"><feGaussianBlur stdDeviation="6"/></filter><filter id="far"><feGaussianBlur stdDeviation="2.2"/></filter><filter id="lens"><feGaussianBlur stdDeviation=".7"/></filter>
    <filter id="gravel" x="0" y="0" width="1" height="1"><feTurbulence type="fractalNoise" baseFrequency=".09 .28" numOctaves="4" seed="3"/><feColorMatrix values="0 0 0 0 .05  0 0 0 0 .04  0 0 0 0 .03  1.5 0 0 0 -.45"/><feComposite in2="SourceGraphic" operator="in"/></filter>
    <filter id="render" x="0" y="0" width="1" height="1"><feTurbulence type="fractalNoise" baseFrequency=".5" numOctaves="3" seed="9"/><feColorMatrix values="0 0 0 0 0  0 0 0 0 0  0 0 0 0 0  0 .5 0 0 -.16"/><feComposite in2="SourceGraphic" operator="in"/></filter>
    <filter id="clouds" x="0" y="0" width="1" height="1"><feTurbulence type="fractalNoise" baseFrequency=".004 .016" numOctaves="5" seed="12"/><feColorMatrix values="0 0 0 0 .95  0 0 0 0 .72  0 0 0 0 .66  0 0 2.2 0 -.95"/></filter>
  </defs>
  <g filter="url(#lens)">
  <rect width="1280" height="430" fill="url(#sky)"/><rect width="1280" height="400" filter="url(#clouds)" opacity=".55"/>
  <g filter="url(#far)">
    ${foliage(120, 330, 190, 75, ['#252b2c', '#2d3230', '#1c2224'], 900)}${foliage(1130, 300, 220, 100, ['#23292b', '#2c302e', '#1b2022'], 1100)}
    <path d="M0 372 H1280 V440 H0 Z" fill="#22272a"/>
  </g>
  <path d="M330 408 V205 L610 92 L905 205 V420 Z" fill="url(#wall)"/><path d="M330 408 V205 L610 92 L905 205 V420 Z" filter="url(#render)"/>
  <path d="M296 226 L610 88 L938 226 L946 208 L611 62 L288 208 Z" fill="#2a2524"/><rect x="742" y="84" width="42" height="72" fill="#3f2f2a"/><rect x="736" y="78" width="54" height="10" fill="#2b2220"/>
  ${window(560, 158, 92, 66, false)}${window(388, 262, 96, 92, true)}
  <path d="M560 408 V262 H874 V416 Z" fill="#2a2827"/><path d="M570 408 V272 H864 V414 Z" fill="url(#door)"/>
  ${many(5, (k) => `<path d="M570 ${296 + k * 23} H864" stroke="#2d2f33" stroke-width="3" opacity=".7"/>`)}
  <path d="M905 250 h250 l34 36 H905 Z" fill="#2b2624"/><path d="M905 286 H1160 V424 H905 Z" fill="#4c4640"/><path d="M905 286 H1160 V424 H905 Z" filter="url(#render)"/>
  <rect x="962" y="304" width="62" height="118" fill="#3b2a20"/><rect x="972" y="314" width="42" height="34" fill="url(#lit)" opacity=".85"/><circle cx="1016" cy="368" r="3" fill="#c9b27a"/>
  <path d="M0 404 H1280 V720 H0 Z" fill="url(#grass)"/>
  ${many(1500, () => {
    const y = 410 + random() ** 1.6 * 310;
    const [x, high] = [random(0, 1280), (y - 380) / 26];
    return `<path d="M${x} ${y} q${random(-3, 3)} ${-high} ${random(-5, 5)} ${-high * 1.7}" stroke="${random() > 0.5 ? '#4c5a38' : '#0f150d'}" stroke-width="1.6" opacity=".7" fill="none"/>`;
  })}
  <path d="M566 408 L868 412 Q1010 540 1180 720 H96 Q330 560 566 408 Z" fill="url(#drive)"/><path d="M566 408 L868 412 Q1010 540 1180 720 H96 Q330 560 566 408 Z" filter="url(#gravel)"/>
  <path d="M566 408 Q330 560 96 720" stroke="#8b8378" stroke-width="9" opacity=".55" fill="none"/><path d="M868 412 Q1010 540 1180 720" stroke="#8b8378" stroke-width="9" opacity=".55" fill="none"/>
  ${foliage(1190, 455, 120, 62, ['#1b2618', '#2b3823', '#121a10', '#364329'], 800)}${foliage(150, 440, 190, 54, ['#1a2417', '#2a3622', '#111910', '#33402a'], 900)}
  ${trunk(86, 560, 120, 22)}${foliage(80, 110, 190, 120, ['#12160f', '#1c2117', '#0c0f0a', '#2b2d1d'], 1300)}
  ${car}
  <ellipse cx="936" cy="468" rx="210" ry="42" fill="url(#glow)" opacity=".55"/><circle cx="936" cy="286" r="165" fill="url(#glow)"/><rect x="928" y="272" width="16" height="24" rx="4" fill="#fff3cf"/>
  <ellipse cx="436" cy="312" rx="150" ry="110" fill="url(#glow)" opacity=".5"/><ellipse cx="420" cy="446" rx="130" ry="26" fill="url(#glow)" opacity=".3"/>
  ${many(3, (k) => `<g transform="translate(${1010 + k * 66} ${520 + k * 70})"><circle r="${46 + k * 8}" fill="url(#glow)" opacity=".6"/><rect x="-5" y="-6" width="10" height="${26 + k * 5}" fill="#16130f"/><rect x="-7" y="-16" width="14" height="12" rx="2" fill="#ffe2a0"/></g>`)}
  </g>`;
};

const background = scene();
const picture = (k) => `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">${background}
  <g filter="url(#lens)">${cat(Math.round(4 * Math.sin((k / FRAMES) * 6.283)))}</g>
  <rect width="${WIDTH}" height="${HEIGHT}" fill="url(#vignette)"/>
  <text x="22" y="40" font-family="DejaVu Sans Mono, monospace" font-size="24" fill="#fff" stroke="#000" stroke-width="4" paint-order="stroke">2026-11-30 16:58:${String(k % 60).padStart(2, '0')}</text></svg>`;

/** A picture with the noise of a small sensor in little light. */
async function draw(k, file) {
  const noise = { create: { width: WIDTH, height: HEIGHT, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 15 } } };
  const grain = await sharp(noise).png().toBuffer();
  const clean = await sharp(Buffer.from(picture(k)))
    .png()
    .toBuffer();
  await sharp(clean)
    .composite([{ input: grain, blend: 'soft-light' }])
    .jpeg({ quality: 85 })
    .toFile(file);
}

const dir = mkdtempSync(join(tmpdir(), 'readme-picture-'));
const folder = join(dir, 'drive');
mkdirSync(folder);
for (let k = 0; k < FRAMES; k++) await draw(k, join(folder, `${String(k).padStart(2, '0')}.jpg`));

const password = 'only for the picture';
const args = [
  '--source',
  `images:drive`,
  '--name',
  'Drive',
  '--http-port',
  '0',
  '--rtsp-port',
  '0',
  '--bind',
  '127.0.0.1',
  '--data-dir',
  dir,
];
const camera = spawn(process.execPath, [join(root, 'dist/main.js'), ...args], {
  cwd: dir,
  env: { ...process.env, ONVIF_CAMERA_PASSWORD: password },
  stdio: ['ignore', 'pipe', 'inherit'],
});
for await (const text of camera.stdout.setEncoding('utf8')) if (text.includes('is ready')) break;
const { url } = JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8'));

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1180, height: 768 }, colorScheme: 'dark' });
await page.goto(url);
await page.fill('#username', 'admin');
await page.fill('#password', password);
await page.click('button[type=submit]');
// The rate shown is that of the last seconds.
await page.locator('#page[data-state="live"]').waitFor();
await new Promise((resolve) => setTimeout(resolve, 6000));
await page.screenshot({ path: join(dir, 'page.png') });
await browser.close();
camera.kill('SIGTERM');
await once(camera, 'close');
await sharp(join(dir, 'page.png')).jpeg({ quality: 82, mozjpeg: true }).toFile(join(root, 'docs/images/page.jpg'));
rmSync(dir, { recursive: true });
