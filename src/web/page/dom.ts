import { prosePieces } from './format.ts';

/** Sets text only when it changes, so that screen readers are told once. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets the text of a line, which is hidden where the text is empty. Commands in backticks are set as code. */
export function setLine(element: HTMLElement, text: string): void {
  if (element.dataset.text === text) return;
  element.dataset.text = text;
  element.hidden = text === '';
  element.replaceChildren(...prose(text));
}

/** Returns a new element with a class (empty: none) and content. */
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

/** Returns text as nodes, with its `commands` set as code. */
export const prose = (text: string): Node[] =>
  prosePieces(text).map((piece) => (piece.code ? make('code', '', piece.text) : document.createTextNode(piece.text)));
