import { CopyList } from './copy-list.ts';
import { make, prose, setLine, setText } from './dom.ts';
import type { Elements } from './elements.ts';
import { formatRate, formatSize, formatViewers } from './format.ts';
import { homeAssistantForms } from './home-assistant.ts';
import type { Problem } from './http.ts';
import type { Status } from './status.ts';
import type { Toast } from './toast.ts';
import { isMoving, type ViewState } from './view-state.ts';

/** The figures that the page measures itself. */
export interface Measured {
  /** Pictures received per second; 0 when unknown. */
  readonly rate: number;
  /** Width of the picture on the canvas, pixels; 0 before the first. */
  readonly width: number;
  /** Its height, likewise. */
  readonly height: number;
  /** Local time of the newest new picture. */
  readonly lastPicture: Date | undefined;
}

/** Puts what the page knows on the screen. */
export class Screen {
  readonly #elements: Elements;
  readonly #addresses: CopyList;
  readonly #toast: Toast;
  #notices = '';
  #forms = '';

  constructor(elements: Elements, toast: Toast) {
    this.#elements = elements;
    this.#toast = toast;
    this.#addresses = new CopyList(elements.addresses, toast);
  }

  /** Shows what stands below the picture, once there is something to show. */
  reveal(): void {
    this.#elements.page.classList.remove('pending');
  }

  /** Gives the picture its place before it comes. Sizes are pixels; nothing changes when they are unknown (0). */
  reserve(width: number, height: number): void {
    if (width > 0 && height > 0) document.documentElement.style.setProperty('--ratio', (width / height).toFixed(4));
  }

  /** Shows the state over and beside the picture. */
  showView(view: ViewState, status: Status | undefined, measured: Measured): void {
    const { page, word, overlay, overlayTitle, overlayMessage, overlayHint, overlayTime, retry, facts } = this.#elements;
    page.dataset.state = view.kind;
    setText(word, view.word);
    const moving = isMoving(view);
    overlay.hidden = moving;
    retry.hidden = view.kind !== 'failed' && view.kind !== 'stalled';
    setText(overlayTitle, view.word);
    setLine(overlayMessage, view.message);
    setLine(overlayHint, view.hint);
    const last = measured.lastPicture;
    setLine(overlayTime, moving || last === undefined ? '' : `Last picture at ${last.toLocaleTimeString()}`);
    const known = measured.width > 0 ? measured : status;
    const items = [
      moving ? formatRate(measured.rate) : '',
      formatSize(known?.width ?? 0, known?.height ?? 0),
      // This page is one of them, though the last status may be older.
      status === undefined ? '' : formatViewers(Math.max(status.viewers, moving ? 1 : 0)),
      status?.motion === undefined ? '' : status.motion ? 'motion' : 'no motion (the camera stays on to see it)',
      status?.night ? 'night exposure' : '',
    ];
    setText(facts, items.filter((item) => item !== '').join(' · '));
  }

  /** Shows what the server says of the camera. */
  showStatus(status: Status): void {
    const { name, source, logout, addressesNote, version } = this.#elements;
    setText(name, status.name);
    setText(source, status.source);
    document.title = status.name;
    logout.hidden = status.user === undefined;
    addressesNote.hidden = status.user === undefined;
    setText(version, status.version === '' ? '' : `onvif-camera ${status.version}`);
    // The error stands over the picture.
    this.#showNotices(status.notices.filter(({ message }) => message !== status.error?.message));
    this.#addresses.show(status.urls.map(({ label, url }) => ({ label, value: url })));
    this.#showHomeAssistant(status);
  }

  /** Shows the forms of Home Assistant, only when they change, so that a selection and the focus stay. */
  #showHomeAssistant(status: Status): void {
    const forms = homeAssistantForms(status);
    const key = JSON.stringify(forms);
    if (key === this.#forms) return;
    this.#forms = key;
    const sections = forms.map(({ integration, rows }) => {
      const list = make('ul', 'addresses');
      new CopyList(list, this.#toast).show(rows);
      return make('div', '', make('h3', '', integration), list);
    });
    this.#elements.homeAssistant.replaceChildren(...sections);
    this.#elements.homeAssistantNote.hidden = status.user === undefined;
  }

  #showNotices(notices: readonly Problem[]): void {
    const key = JSON.stringify(notices);
    if (key === this.#notices) return;
    this.#notices = key;
    const rows = notices.map(({ message, hint }) =>
      make('li', 'notice', make('p', '', ...prose(message)), ...(hint === '' ? [] : [make('p', 'hint', ...prose(hint))])),
    );
    this.#elements.notices.replaceChildren(...rows);
    this.#elements.notices.hidden = rows.length === 0;
  }
}
