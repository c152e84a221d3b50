/** Longest body that is read, characters; real ones have a few thousand. */
const MAX_LENGTH = 1024 * 1024;

/** Resolves to the body of a response as text. Rejects where it does not end within a million characters. */
export async function readText(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_LENGTH) throw new Error('the answer is too long');
  }
  return text + decoder.decode();
}
