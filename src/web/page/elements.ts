/** The tags of all elements of index.html that the script uses, by id. */
export const TAGS = {
  page: 'main',
  name: 'h1',
  logout: 'form',
  stage: 'figure',
  picture: 'canvas',
  overlay: 'div',
  overlayTitle: 'p',
  overlayMessage: 'p',
  overlayHint: 'p',
  overlayTime: 'p',
  retry: 'button',
  leaveFullScreen: 'button',
  word: 'strong',
  facts: 'p',
  source: 'p',
  snapshot: 'button',
  fullScreen: 'button',
  notices: 'ul',
  addresses: 'ul',
  addressesNote: 'p',
  homeAssistant: 'div',
  homeAssistantNote: 'p',
  events: 'details',
  eventStates: 'ul',
  eventList: 'ol',
  eventsNote: 'p',
  version: 'p',
  toast: 'p',
} as const satisfies Record<string, keyof HTMLElementTagNameMap>;

/** The elements of index.html that the script uses, by id. */
export type Elements = { readonly [Id in keyof typeof TAGS]: HTMLElementTagNameMap[(typeof TAGS)[Id]] };

/** Returns the elements of the page. @throws Error when the page lacks one that the script needs (an old copy of one of the two) */
export function findElements(root: ParentNode): Elements {
  const found = Object.entries(TAGS).map(([id, tag]) => {
    const element = root.querySelector(`${tag}#${id}`);
    if (element === null) throw new Error(`index.html has no <${tag} id="${id}">`);
    return [id, element];
  });
  return Object.fromEntries(found) as Elements;
}
