// What the measurements need and the repository does not hold: compiled programs, a picture set, the splitter as a module.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OUT = join(HERE, 'build');

export const CAMERA = join(HERE, 'camera.mjs');
export const ENCODING_CAMERA = join(HERE, 'encoding-camera.mjs');

/** Compiles a C program of this folder, or a library (`.so`), unless that has been done, and returns its path. */
export function compiled(name) {
  const source = join(HERE, `${name.replace(/\.so$/, '')}.c`);
  const program = join(OUT, name);
  const kind = name.endsWith('.so') ? ['-shared', '-fPIC'] : [];
  mkdirSync(OUT, { recursive: true });
  if (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs) {
    execFileSync('gcc', ['-O2', '-Wall', '-Wextra', ...kind, '-o', program, source, '-lm', '-ldl'], { stdio: 'inherit' });
  }
  return program;
}

/** ffmpeg's description of each set; the noise gives as many bytes per picture as a real camera does. */
const SETS = {
  // 60 pictures of 74 KB: a Pi camera at 1280x720.
  large: ['mandelbrot=size=1280x720:rate=30,noise=alls=6:allf=t', '-frames:v', '60', '-q:v', '4'],
  // The same as RTP carries them without encoding them anew: with the usual Huffman tables, 77 KB.
  rtp: ['mandelbrot=size=1280x720:rate=30,noise=alls=6:allf=t', '-frames:v', '60', '-q:v', '4', '-huffman', 'default'],
  // 60 pictures of about 25 KB: a webcam at 640x480.
  small: ['mandelbrot=size=640x480:rate=30,noise=alls=6:allf=t', '-frames:v', '60', '-q:v', '8'],
};

/** Makes a picture set unless it is there, and returns its folder. */
export function pictureFolder(set) {
  const folder = join(OUT, `pictures-${set}`);
  if (!existsSync(folder)) {
    const half = `${folder}.part`;
    rmSync(half, { recursive: true, force: true });
    mkdirSync(half, { recursive: true });
    const [scene, ...options] = SETS[set];
    const output = ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', join(half, 'f%03d.jpg')];
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', scene, ...options, ...output], { stdio: 'inherit' });
    renameSync(half, folder);
  }
  return folder;
}

/** A file of pictures that are not compressed: planar 4:2:0, two seconds at 15 a second of a scene in motion, with noise. */
export function rawPictures(width, height) {
  const file = join(OUT, `pictures-${width}x${height}.yuv`);
  if (!existsSync(file)) {
    mkdirSync(OUT, { recursive: true });
    const half = `${file}.part`;
    const scene = `mandelbrot=size=${width}x${height}:rate=30,noise=alls=6:allf=t`;
    const output = ['-frames:v', '30', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', half];
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', scene, ...output], { stdio: 'inherit' });
    renameSync(half, file);
  }
  return file;
}

/** The pictures of a set, in their order. */
export function readPictures(set) {
  const folder = pictureFolder(set);
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));
}

/** Bundles one source file into a module, and returns its path. */
export async function bundled(source, name) {
  const outfile = join(OUT, name);
  const options = { bundle: true, format: 'esm', platform: 'node', target: 'node20.19', logLevel: 'warning' };
  await build({ ...options, entryPoints: [fileURLToPath(new URL(`../${source}`, import.meta.url))], outfile });
  return outfile;
}
