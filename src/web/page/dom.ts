import { proseParts } from './format.ts';

/** Sets text only when it changes, so that screen readers are told once. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets the text of a line that is not there when it is empty. */
export function setLine(element: HTMLElement, text: string): void {
  if (element.dataset.text === text) return;
  element.dataset.text = text;
  element.hidden = text === '';
  element.replaceChildren(...prose(text));
}

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  ...content: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...content);
  return element;
}

/** Text with its `commands` set as code. */
export const prose = (text: string): Node[] =>
  proseParts(text).map((part) => (part.code ? make('code', '', part.text) : document.createTextNode(part.text)));
