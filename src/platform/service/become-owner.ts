import { statSync } from 'node:fs';

/**
 * Makes this process, where it is root's, one of the user to whom the directory belongs, for good: what it then writes there can be
 * read by the service that runs as that user, and links in it lead no further than the user could go.
 * @throws Error of the operating system
 */
export function becomeOwnerOf(dir: string): void {
  const { uid, gid } = statSync(dir);
  if (process.getuid?.() !== 0 || uid === 0) return;
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
