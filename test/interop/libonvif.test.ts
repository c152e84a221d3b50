import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { debianVersion, reportClient } from '../support/clients.ts';
import { Neighbour } from '../support/network/neighbour.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { eventually, PASSWORD, Server } from '../support/server.ts';

/** The C library libonvif, by its own tool on another machine. */

const NETWORK = '10.86.0';
const RTSP = `rtsp://${NETWORK}.1:8554`;

inOwnNetwork(import.meta.filename, ['onvif-util'], () => {
  let neighbour: Neighbour;
  let camera: Server;

  // Its tool does not name it.
  reportClient('libonvif', () => debianVersion('onvif-tools'));

  beforeAll(async () => {
    neighbour = await Neighbour.inLan(NETWORK);
    const ports = ['--bind', '0.0.0.0', '--http-port', '8080', '--rtsp-port', '8554'];
    const picture = ['--source', 'test', '--width', '640', '--height', '480', '--fps', '20'];
    camera = await Server.start({ args: [...ports, ...picture, '--name', 'Front door', '--h264', 'on'] });
    await camera.output(/H\.264 by/);
  }, 60_000);
  afterAll(async () => {
    await camera?.stop();
    neighbour?.stop();
  });

  /** Types commands into a session. @returns what it said */
  const session = async (password: string, ...commands: string[]) => {
    const [command, args] = neighbour.command('onvif-util', '-u', 'admin', '-p', password, `${NETWORK}.1`);
    const running = promisify(execFile)(command, args, { timeout: 20_000 });
    running.child.stdin!.end([...commands, 'quit\n'].join('\n'));
    const { stdout, stderr } = await running;
    return stdout + stderr;
  };

  test('finds the camera', async () => {
    const found = new RegExp(`Found 1 cameras\\n${NETWORK.replaceAll('.', '\\.')}\\.1 .*\\(Front door `);
    let said = '';
    let searches = 0;
    // Each is one Probe and half a second, which a busy machine may miss.
    await eventually(
      async () => {
        said = await neighbour.output('onvif-util', '-a');
        return found.test(said) || ++searches === 3;
      },
      'three searches',
      20,
    );
    expect(said).toMatch(found);
  }, 30_000);

  test('logs in and is told of all streams', async () => {
    const said = await session(PASSWORD, 'get profiles', 'get rtsp 0', 'get rtsp 1', 'get rtsp 2', 'get profile 0', 'get time');
    expect(said).toMatch(/successfully connected to host\s+name: +Front door/);
    expect(said).toMatch(/Token 0: h264\n +Token 1: sub\n +Token 2: mjpeg/);
    expect(said).toContain(`  ${RTSP}/mjpeg\n`);
    for (const stream of ['h264', 'sub']) expect(said).toContain(`  ${RTSP}/${stream}\n`);
    expect(said).toMatch(/Width: +640\n +Height: +480\n +Frame Rate: 20\n/);
    // In whole seconds: the next one may begin before it compares.
    expect(said).toMatch(/Time Offset: (0|-1) seconds/);
    expect(said).not.toContain('ERROR');
  }, 30_000);

  test('is refused with a wrong password, and knows why', async () => {
    const refused = await session('wrong', 'get profiles').catch((error: { stdout: string }) => error);
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('ter:NotAuthorized') });
  }, 30_000);

  test('changes size, rate, bit rate and key frames of H.264, and reads what it wrote', async () => {
    const before = await session(PASSWORD, 'get video options 0');
    expect(before).toMatch(/Available Resolutions\n +640 x 480\n/);
    const wishes = ['set resolution 320x240 0', 'set framerate 10 0', 'set gov_length 30 0', 'set bitrate 900 0'];
    expect(await session(PASSWORD, ...wishes)).not.toContain('ERROR');
    expect(await session(PASSWORD, 'get video 0')).toMatch(/Resolution: 320 x 240\n +Frame Rate: 10\n +Gov Length: 30\n +Bit Rate: +900\n/);
  }, 60_000);
});
