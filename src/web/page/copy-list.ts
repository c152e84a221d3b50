import { copyText } from './copy.ts';
import { make } from './dom.ts';
import type { Toast } from './toast.ts';

/** How long a button says "Copied", milliseconds. */
const COPIED_MS = 2000;

/** A value that is to be typed elsewhere. */
export interface Row {
  /** What the other program calls it. */
  readonly label: string;
  readonly value: string;
}

/** Shows values for other programs, each with a button that copies it. */
export class CopyList {
  readonly #list: HTMLElement;
  readonly #toast: Toast;
  #shown = '';

  constructor(list: HTMLElement, toast: Toast) {
    this.#list = list;
    this.#toast = toast;
  }

  /** Shows these values. The list is built only when it changes, so that a selection and the focus stay. */
  show(rows: readonly Row[]): void {
    const key = JSON.stringify(rows);
    if (key === this.#shown) return;
    this.#shown = key;
    this.#list.replaceChildren(...rows.map((row) => this.#item(row)));
  }

  #item({ label, value }: Row): HTMLLIElement {
    // A long address breaks before its path rather than anywhere.
    const text = make('code', 'address', ...value.split(/(?=\/\w)/).flatMap((piece) => [document.createElement('wbr'), piece]));
    const word = make('span', '', 'Copy');
    const button = make('button', 'button small', word, make('span', 'spoken', ` ${label}`));
    button.type = 'button';
    let timer: ReturnType<typeof setTimeout> | undefined;
    button.addEventListener('click', async () => {
      clearTimeout(timer);
      if (await copyText(value)) {
        word.textContent = 'Copied';
        button.classList.add('done');
        this.#toast.show(`Copied: ${label}`);
        timer = setTimeout(() => {
          word.textContent = 'Copy';
          button.classList.remove('done');
        }, COPIED_MS);
      } else {
        getSelection()?.selectAllChildren(text);
        this.#toast.show('This browser does not let the page copy. The text is selected: copy it from there.', 'error');
      }
    });
    return make('li', '', make('div', 'labelled', make('span', 'label', label), text), button);
  }
}
