import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { program } from '../programs.ts';
import { type HomeAssistant, OWNER } from './hass.ts';

/** Address of the dashboard below. */
const PATH = 'lovelace-camera';

/** Files of the configuration folder that make a dashboard with these cards. */
export const dashboard = (...cards: unknown[]): Record<string, string> => ({
  'packages/dashboard.yaml': `
lovelace:
  dashboards:
    ${PATH}:
      mode: yaml
      title: Camera
      filename: camera-dashboard.yaml
`,
  // JSON is YAML.
  'camera-dashboard.yaml': JSON.stringify({ views: [{ cards }] }),
});

/** Opens the dashboard in a real browser, as its owner. */
export async function openDashboard(hass: HomeAssistant): Promise<{ browser: Browser; page: Page }> {
  const browser = await chromium.launch({ executablePath: program('chromium')!, args: ['--no-sandbox', '--disable-gpu'] });
  const page = await browser.newPage({ viewport: { width: 1000, height: 900 } });
  page.setDefaultTimeout(30_000);
  await page.goto(`${hass.url}/${PATH}`);
  await page.locator('input[name=username]').fill(OWNER);
  await page.locator('input[name=password]').fill(OWNER);
  await page.getByRole('button', { name: 'Log in' }).click();
  return { browser, page };
}

/** Keeps a picture of the page for people to look at, in the folder that SCREENSHOTS names. */
export async function keep(page: Page, name: string): Promise<void> {
  const dir = process.env.SCREENSHOTS;
  if (dir !== undefined) await page.screenshot({ path: join(dir, `${name}.png`) });
}
