/** Something that changes, and that tests wait for. */
export abstract class Watched {
  readonly #watchers = new Set<() => void>();

  /** To be called after each change. */
  protected changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Waits until `test` holds; it is asked after each change. Throws after `seconds`. */
  until(test: () => boolean, what: string, seconds = 10): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!test()) return;
        clearTimeout(timer);
        this.#watchers.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(check);
        reject(new Error(`never came to be: ${what}`));
      }, seconds * 1000);
      this.#watchers.add(check);
      check();
    });
  }
}
