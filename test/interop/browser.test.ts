import { afterEach, describe, expect } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { programVersion, reportClient } from '../support/clients.ts';
import { CuttableLink } from '../support/cuttable-link.ts';
import { needsProgram, program } from '../support/programs.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { eventually, isRunning, PASSWORD, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** The page in a real browser. */

const BROWSER = 'chromium';
/** A browser keeps to itself here: no sandbox as root, and nothing looked up in the network. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

reportClient('Chromium', () => programVersion(BROWSER, '--version'));

let browser: Browser | undefined;
let server: Server | undefined;
let stage: Stage | undefined;
let link: CuttableLink | undefined;

afterEach(async () => {
  await browser?.close();
  link?.close();
  await server?.stop();
  stage?.remove();
  browser = server = stage = link = undefined;
});

async function openPage(): Promise<Page> {
  browser = await chromium.launch({ executablePath: program(BROWSER)!, args: FLAGS });
  const context = await browser.newContext({ viewport: { width: 1000, height: 760 } });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(server!.url);
  return page;
}

async function logIn(page: Page): Promise<void> {
  await page.getByLabel('User').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
}

const live = (page: Page) => page.locator('#word', { hasText: /^Live$/ }).waitFor({ timeout: 15_000 });
/** What the picture shows, as pixels: the page around it may change as it likes. */
const picture = (page: Page) =>
  page.evaluate(() => {
    const canvas = document.querySelector('canvas')!;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    let hash = 0;
    for (const byte of data) hash = (hash * 31 + byte) | 0;
    return { hash, width: canvas.width, height: canvas.height };
  });
const moved = (page: Page, from: number) =>
  page.waitForFunction(
    (before) => {
      const canvas = document.querySelector('canvas')!;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      let hash = 0;
      for (const byte of data) hash = (hash * 31 + byte) | 0;
      return hash !== before;
    },
    from,
    { timeout: 15_000, polling: 100 },
  );

const sources = {
  'the test pattern': () => Server.start({ args: ['--source', 'test', '--width', '640', '--height', '360'] }),
  'the stand-in for rpicam-vid': () => {
    stage = new Stage();
    return Server.start({ args: ['--source', 'rpicam', '--rpicam-path', STANDIN, '--width', '640', '--height', '480'], env: stage.env });
  },
};

describe('the page', () => {
  for (const [name, start] of Object.entries(sources)) {
    needsProgram(BROWSER, `shows ${name} moving, after the login`, async () => {
      server = await start();
      const page = await openPage();
      expect(new URL(page.url()).pathname).toBe('/login');
      await logIn(page);
      await live(page);
      const first = await picture(page);
      expect(first.width).toBe(640);
      await moved(page, first.hash);
    });
  }

  needsProgram(BROWSER, 'a wrong password is said so; the user stays, and what is typed can be seen', async () => {
    server = await sources['the test pattern']();
    const page = await openPage();
    const [user, password] = [page.getByLabel('User'), page.getByLabel('Password', { exact: true })];
    await user.fill('admin');
    await password.fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').filter({ hasText: 'Wrong user name or password.' }).waitFor();
    expect([await user.inputValue(), await password.inputValue()]).toEqual(['admin', '']);
    expect(await password.evaluate((field) => field === document.activeElement)).toBe(true);
    await password.pressSequentially(PASSWORD);
    await page.getByRole('button', { name: 'Show password' }).click();
    expect(await password.getAttribute('type')).toBe('text');
    expect(await password.evaluate((field) => field === document.activeElement)).toBe(true);
    await page.getByRole('button', { name: 'Show password' }).click();
    expect(await password.getAttribute('type')).toBe('password');
    await password.press('Enter');
    await live(page);
  });

  needsProgram(BROWSER, 'goes on by itself after the capture was killed, and after the server was away', async () => {
    server = await sources['the stand-in for rpicam-vid']();
    const page = await openPage();
    let loads = 0;
    page.on('load', () => loads++);
    await logIn(page);
    await live(page);
    loads = 0;
    const capture = stage!.starts().findLast(({ pid, argv }) => argv.includes('mjpeg') && isRunning(pid))!;
    process.kill(capture.pid, 'SIGKILL');
    await moved(page, (await picture(page)).hash);
    await live(page);

    // Without a password the session need not live on with the server, whose sessions end with it.
    const { port } = server;
    await server.stop();
    await page
      .getByText(/Reconnecting/)
      .first()
      .waitFor();
    server = await Server.start({
      args: ['--source', 'test', '--auth', 'off', '--http-port', String(port), '--width', '640', '--height', '360'],
    });
    await live(page);
    await moved(page, (await picture(page)).hash);
    expect(loads).toBe(0);
  });

  needsProgram(BROWSER, 'calls the test pattern by its name, and the camera that takes its place live, without a reload', async () => {
    stage = new Stage({ cameras: 'none' });
    server = await Server.start({ args: ['--source', 'auto', '--rpicam-path', STANDIN], env: stage.env });
    const page = await openPage();
    let loads = 0;
    await logIn(page);
    await page.locator('#word', { hasText: /^Test pattern$/ }).waitFor();
    page.on('load', () => loads++);
    await page.getByText('No camera was found, this is a test pattern').waitFor();
    expect(await page.locator('#overlay').isVisible()).toBe(false);
    stage.play({});
    await page.locator('#word', { hasText: /^Live$/ }).waitFor({ timeout: 25_000 });
    await page.locator('#source', { hasText: 'imx219' }).waitFor();
    await page.getByText('this is a test pattern').waitFor({ state: 'detached' });
    expect(loads).toBe(0);
  });

  needsProgram(BROWSER, 'says why the camera fails, and tries it again when it is asked to', async () => {
    stage = new Stage({ olderVersion: '1.0.1' });
    server = await Server.start({
      args: ['--source', 'rpicam', '--rpicam-path', STANDIN, '--autofocus', 'continuous'],
      env: stage.env,
    });
    const page = await openPage();
    await logIn(page);
    const captures = () => stage!.starts().filter(({ argv }) => argv.includes('mjpeg')).length;
    // The next try by itself is half a minute away.
    await eventually(() => captures() >= 1, 'it was tried', 30);
    await page.getByText('does not know --autofocus-mode (camera.autofocus)').first().waitFor();
    const retry = page.getByRole('button', { name: 'Try again' });
    await retry.waitFor();
    // On a phone too: the picture's place grows with what it says.
    await page.setViewportSize({ width: 360, height: 700 });
    const [button, picture] = await Promise.all([retry.boundingBox(), page.locator('#stage').boundingBox()]);
    expect(button!.y + button!.height).toBeLessThanOrEqual(picture!.y + picture!.height);
    stage.play({});
    await retry.click();
    await page.locator('#word', { hasText: /^Live$/ }).waitFor({ timeout: 5000 });
    expect(await retry.isVisible()).toBe(false);
  });

  needsProgram(BROWSER, 'takes a snapshot as a file, and logs out, in another tab too', async () => {
    server = await sources['the test pattern']();
    const page = await openPage();
    await logIn(page);
    await live(page);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Snapshot', exact: true }).click();
    expect((await download).suggestedFilename()).toMatch(/\.jpg$/);
    const otherTab = await page.context().newPage();
    await otherTab.goto(server.url);
    await live(otherTab);
    await page.getByRole('button', { name: /log out/i }).click();
    await page.waitForURL(/\/login/);
    await otherTab.waitForURL(/\/login/);
  });

  needsProgram(
    BROWSER,
    'ten windows of one browser all move, and are one viewer; none keeps another from asking',
    async () => {
      server = await sources['the test pattern']();
      const first = await openPage();
      await logIn(first);
      const pages = [first];
      for (let k = 1; k < 10; k++) {
        const page = await first.context().newPage();
        page.setDefaultTimeout(30_000);
        await page.goto(server.url);
        pages.push(page);
      }
      for (const page of pages) {
        await live(page);
        await moved(page, (await picture(page)).hash);
      }
      expect(await server.json('/api/status')).toMatchObject({ viewers: 1 });
      const last = pages.at(-1)!;
      const [asked, download] = [last.waitForResponse(/\/api\/status/), last.waitForEvent('download')];
      await last.getByRole('button', { name: 'Snapshot', exact: true }).click();
      expect((await asked).status()).toBe(200);
      expect((await download).suggestedFilename()).toMatch(/\.jpg$/);

      for (const page of pages.slice(1)) await page.close();
      await moved(first, (await picture(first)).hash);
      await first.goto('about:blank');
      await server.status(({ viewers }) => viewers === 0, 30);
    },
    120_000,
  );

  for (const [without, prepare] of [
    ['a browser that shares nothing among its windows', (page: Page) => page.addInitScript('delete window.SharedWorker')],
    [
      'a browser that cannot load what its windows share',
      (page: Page) => page.context().route('**/stream-worker.js', (route) => route.abort()),
    ],
  ] as const)
    needsProgram(
      BROWSER,
      `moves in ${without}`,
      async () => {
        server = await sources['the test pattern']();
        const page = await openPage();
        await prepare(page);
        await page.reload();
        await logIn(page);
        await live(page);
        await moved(page, (await picture(page)).hash);
      },
      60_000,
    );

  needsProgram(
    BROWSER,
    'says that it reconnects when the cable is cut, and is live again when it is mended',
    async () => {
      server = await sources['the test pattern']();
      link = await CuttableLink.to(server.port);
      const page = await openPage();
      await page.goto(link.url);
      await logIn(page);
      await live(page);
      await moved(page, (await picture(page)).hash);
      await page.evaluate(() => {
        const word = document.querySelector('#word')!;
        const words: string[] = [];
        (window as { words?: string[] }).words = words;
        new MutationObserver(() => words.push(word.textContent!)).observe(word, { childList: true, characterData: true, subtree: true });
      });
      link.cut();
      await page.getByText('The connection to the camera is broken.').waitFor();
      link.mend();
      await live(page);
      await moved(page, (await picture(page)).hash);
      expect(await page.evaluate(() => (window as unknown as { words: string[] }).words[0])).toBe('Reconnecting…');
    },
    60_000,
  );

  for (const [scenario, sentence] of [
    [{ busy: true }, 'The camera is in use by another program.'],
    [{ timeoutAfterFrames: 5 }, /stopped answering/],
  ] as const)
    needsProgram(
      BROWSER,
      `says once what is wrong: ${sentence}`,
      async () => {
        stage = new Stage(scenario);
        server = await Server.start({ args: ['--source', 'rpicam', '--rpicam-path', STANDIN], env: stage.env });
        const page = await openPage();
        await logIn(page);
        await page.locator('#overlayMessage').getByText(sentence).waitFor({ timeout: 60_000 });
        const said = await page.evaluate(() => {
          const shown = [...document.querySelectorAll<HTMLElement>('#overlay p, #word, #notices p')].filter(
            (element) => element.checkVisibility() && getComputedStyle(element).clipPath === 'none',
          );
          return shown.flatMap((element) => element.textContent.split(/(?<=[.;:])\s+/)).filter((text) => text !== '');
        });
        expect(said.length).toBeGreaterThan(2);
        expect(said).toEqual([...new Set(said)]);
        expect(said.filter((text) => /another program|stopped answering/i.test(text))).toHaveLength(1);
      },
      90_000,
    );

  needsProgram(
    BROWSER,
    'goes on without a new login after the camera was restarted',
    async () => {
      const dataDir = makeTempDir();
      const args = ['--source', 'test', '--width', '640', '--height', '360'];
      server = await Server.start({ args, dataDir });
      const { port } = server;
      const page = await openPage();
      await logIn(page);
      await live(page);
      await server.stop();
      await page
        .getByText(/Reconnecting/)
        .first()
        .waitFor();
      server = await Server.start({ args: [...args, '--http-port', String(port)], dataDir });
      await live(page);
      await moved(page, (await picture(page)).hash);
      expect(new URL(page.url()).pathname).toBe('/');
    },
    60_000,
  );

  needsProgram(BROWSER, 'has what Home Assistant asks for, to be copied', async () => {
    server = await sources['the test pattern']();
    const page = await openPage();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await logIn(page);
    const copy = page.getByRole('region', { name: 'Home Assistant' }).getByRole('button', { name: 'Copy Still image URL' });
    await copy.click();
    await page.getByText('Copied: Still image URL').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${server.url}/snapshot.jpg`);
  });

  needsProgram(BROWSER, 'breaks none of its own rules: no error in the console, nothing from elsewhere', async () => {
    server = await sources['the test pattern']();
    browser = await chromium.launch({ executablePath: program(BROWSER)!, args: FLAGS });
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(server!.url) && !/^(blob|data):/.test(request.url())) complaints.push(request.url());
    });
    await page.goto(server.url);
    await logIn(page);
    await live(page);
    await page.locator('#facts', { hasText: /640/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  needsProgram(BROWSER, 'the stream typed into the address bar asks for the password and plays', async () => {
    server = await sources['the test pattern']();
    browser = await chromium.launch({ executablePath: program(BROWSER)!, args: FLAGS });
    const context = await browser.newContext({ httpCredentials: { username: 'admin', password: PASSWORD } });
    const page = await context.newPage();
    // A stream never finishes loading.
    await page.goto(`${server.url}/stream.mjpg?advance=1`, { waitUntil: 'commit' });
    await page.waitForFunction(() => (document.querySelector('img')?.naturalWidth ?? 0) === 640, undefined, { timeout: 15_000 });
  });
});
