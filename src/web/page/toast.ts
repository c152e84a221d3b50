/** How long a message stays, milliseconds: long enough to read two lines. */
const SHOWN_MS = 6000;

/** Shows short messages at the lower edge. */
export class Toast {
  readonly #element: HTMLElement;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  /** Shows a message for {@link SHOWN_MS}, in place of the one before. */
  show(text: string, tone: 'info' | 'error' = 'info'): void {
    clearTimeout(this.#timer);
    this.#element.textContent = text;
    this.#element.dataset.tone = tone;
    this.#element.classList.add('shown');
    this.#timer = setTimeout(() => this.#element.classList.remove('shown'), SHOWN_MS);
  }
}
