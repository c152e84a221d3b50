#!/usr/bin/env node
// Versions of Node.js that are too old for the rest read this file too: it imports nothing before it has looked, and is written in the
// language of 2019.
const version = process.versions.node;
const [major = 0, minor = 0] = version.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`onvif-camera needs Node.js 20.19 or newer, and this is ${version}: see https://nodejs.org/en/download.\n`);
  process.exitCode = 1;
} else void import('./start.ts');

export {};
