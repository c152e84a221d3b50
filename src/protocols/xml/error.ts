/**
 * Why a message is not taken. `syntax`: it is not well-formed, or has what messages do not have (DOCTYPE, processing
 * instructions). `tags`: its tags do not match. `namespace`: a prefix is not declared. `name`: a name that every JavaScript
 * object has. `size`: there is too much of something.
 */
export type XmlProblem = 'syntax' | 'tags' | 'namespace' | 'name' | 'size';

/** XML that is not taken. The message is a sentence for people. */
export class XmlError extends Error {
  override readonly name = 'XmlError';

  constructor(
    readonly problem: XmlProblem,
    message: string,
  ) {
    super(message);
  }
}
