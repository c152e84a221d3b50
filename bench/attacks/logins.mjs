// Attacks on the login.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, envelope, HTTP_PORT, logIn, soap, usernameToken } from './camera.mjs';
import { ATTACKER } from './lan.mjs';

const GUESSERS = 32;

/** Guesses as fast as answers come, on 32 connections, and in their midst a right login from the same address. */
async function guessing({ wire, seconds }) {
  const until = performance.now() + seconds * 1000;
  let checked = 0;
  let turnedAway = 0;
  let guess = 0;
  const guesser = async () => {
    while (performance.now() < until) {
      const socket = await wire.connect(HTTP_PORT);
      if (!socket) continue;
      await new Promise((gone) => {
        const next = () => {
          if (performance.now() >= until) return socket.destroy();
          const body = `username=admin&password=guess${guess++}`;
          const type = 'Content-Type: application/x-www-form-urlencoded';
          void wire.write(
            socket,
            Buffer.from(`POST /login HTTP/1.1\r\nHost: x\r\n${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
          );
        };
        const timer = setTimeout(() => socket.destroy(), until - performance.now());
        socket.on('data', (chunk) => {
          const status = /^HTTP\/1\.1 (\d+)/.exec(chunk.toString('latin1'))?.[1];
          if (status === undefined) return;
          if (status === '401') checked++;
          else turnedAway++;
          next();
        });
        socket.once('close', () => {
          clearTimeout(timer);
          gone();
        });
        next();
      });
    }
  };
  const guessers = Array.from({ length: GUESSERS }, guesser);
  await sleep(3000);
  const right = await logIn(ATTACKER, undefined, 30_000);
  const own = right.status === 303 ? `after ${(right.ms / 1000).toFixed(1)} s` : `**refused** (${right.status || right.error})`;
  await Promise.all(guessers);
  const perMinute = Math.round((checked * 60) / seconds);
  return `${perMinute} guesses a minute checked, ${turnedAway} turned away; right login from the same address: ${own}`;
}

/** A request that was overheard, sent again after the camera began anew. */
function replay(restart) {
  return async ({ camera }) => {
    const overheard = () => soap(message);
    const message = envelope('<tds:GetUsers/>', usernameToken(randomBytes(16)));
    const first = await overheard();
    const again = await overheard();
    await restart(camera);
    const after = await overheard();
    const verdict = ({ status }) => (status === 200 ? '**accepted**' : `refused (${status})`);
    return `first: ${first.status}, again: ${verdict(again)}, after the restart: ${verdict(after)}`;
  };
}

async function reboot(camera) {
  await soap(envelope('<tds:SystemReboot/>', usernameToken(randomBytes(16))));
  const gone = performance.now() + 5000;
  while ((await ask('/healthz', { limitMs: 500 })).status === 200 && performance.now() < gone) await sleep(5);
  await camera.untilServes();
}

const killed = (signal) => async (camera) => {
  await camera.end(signal);
  await camera.start();
};

export const LOGINS = {
  guessing: { title: 'Guessing passwords on 32 connections', seconds: 12, run: guessing },
  'replay-reboot': { title: 'A token replayed after SystemReboot', seconds: 10, run: replay(reboot) },
  'replay-term': { title: 'A token replayed after SIGTERM and a new start', seconds: 10, run: replay(killed('SIGTERM')) },
  'replay-kill': { title: 'A token replayed after SIGKILL and a new start', seconds: 10, run: replay(killed('SIGKILL')) },
};
