/** Copies text to the clipboard. Resolves with false when the browser does not allow it; never rejects. */
export async function copyText(text: string): Promise<boolean> {
  // navigator.clipboard exists only on https and on localhost.
  if (window.isSecureContext) {
    const done = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    if (done) return true;
  }
  return copyBySelection(text);
}

/** Copies by the old way, which works on plain http: selects text in the page and gives the copy command. */
function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.className = 'offscreen';
  area.readOnly = true;
  area.value = text;
  document.body.append(area);
  area.select();
  // Safari on iOS takes this for a selection only.
  area.setSelectionRange(0, text.length);
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    area.remove();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }
}
