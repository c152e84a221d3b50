import { copyText } from './copy.ts';
import { make } from './dom.ts';
import type { Address } from './status.ts';
import type { Toast } from './toast.ts';

/** How long a button says "Copied", milliseconds. */
const COPIED_MS = 2000;

/** The addresses for other programs, each with a button that copies it. */
export class AddressList {
  readonly #list: HTMLElement;
  readonly #toast: Toast;
  #shown = '';

  constructor(list: HTMLElement, toast: Toast) {
    this.#list = list;
    this.#toast = toast;
  }

  /** Builds the list only when it changes, so that a selection and the focus stay. */
  show(addresses: readonly Address[]): void {
    const key = JSON.stringify(addresses);
    if (key === this.#shown) return;
    this.#shown = key;
    this.#list.replaceChildren(...addresses.map((address) => this.#row(address)));
  }

  #row({ label, url }: Address): HTMLLIElement {
    // A long address breaks before its path rather than anywhere.
    const address = make('code', 'address', ...url.split(/(?=\/\w)/).flatMap((piece) => [document.createElement('wbr'), piece]));
    const word = make('span', '', 'Copy');
    const button = make('button', 'button small', word, make('span', 'spoken', ` address: ${label}`));
    button.type = 'button';
    let timer: ReturnType<typeof setTimeout> | undefined;
    button.addEventListener('click', async () => {
      clearTimeout(timer);
      if (await copyText(url)) {
        word.textContent = 'Copied';
        button.classList.add('done');
        this.#toast.show(`Address copied: ${label}`);
        timer = setTimeout(() => {
          word.textContent = 'Copy';
          button.classList.remove('done');
        }, COPIED_MS);
      } else {
        getSelection()?.selectAllChildren(address);
        this.#toast.show('This browser does not let the page copy. The address is selected: copy it from there.', 'error');
      }
    });
    return make('li', '', make('div', 'labelled', make('span', 'label', label), address), button);
  }
}
