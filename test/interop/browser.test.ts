import { afterEach, describe, expect } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { needsProgram, program } from '../support/programs.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { isRunning, PASSWORD, Server } from '../support/server.ts';

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

let browser: Browser | undefined;
let server: Server | undefined;
let stage: Stage | undefined;

afterEach(async () => {
  await browser?.close();
  await server?.stop();
  stage?.remove();
  browser = server = stage = undefined;
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

  needsProgram(BROWSER, 'has what Home Assistant asks for, to be copied', async () => {
    server = await sources['the test pattern']();
    const page = await openPage();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await logIn(page);
    const copy = page.getByRole('region', { name: 'Home Assistant' }).getByRole('button', { name: 'Copy Still Image URL' });
    await copy.click();
    await page.getByText('Copied: Still Image URL').waitFor();
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
