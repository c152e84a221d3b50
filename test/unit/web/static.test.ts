import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { TAGS } from '../../../src/web/page/elements.ts';

const read = (name: string) => readFileSync(new URL(`../../../src/web/static/${name}`, import.meta.url), 'utf8');

test('index.html has every element that the script looks for, once', () => {
  const html = read('index.html');
  for (const [id, tag] of Object.entries(TAGS)) {
    expect(html.match(new RegExp(`<${tag}\\b[^>]*\\bid="${id}"`, 'g'))).toHaveLength(1);
  }
});

describe.each(['index.html', 'login.html'])('%s', (name) => {
  const html = read(name);

  test('keeps to the content security policy: nothing inline', () => {
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:/i);
  });

  test('loads and sends only to this server', () => {
    for (const [, target] of html.matchAll(/\s(?:src|href|action)="([^"]*)"/g)) expect(target).toMatch(/^\/(?!\/)/);
  });
});

test('login.html has one place each for the error and for where to go', () => {
  const html = read('login.html');
  for (const comment of ['<!--error-->', '<!--next-->']) expect(html.split(comment)).toHaveLength(2);
});

test.each(['style.css', 'page.css', 'lists.css'])('%s loads nothing from elsewhere', (name) => {
  expect(read(name)).not.toMatch(/@import|url\(/);
});
