/** Why a filter is not taken: its language is unknown, it says nothing in its language, or it is about a topic that there is not. */
export class FilterError extends Error {
  override readonly name = 'FilterError';

  constructor(
    readonly problem: 'topic-dialect' | 'topic-syntax' | 'topic-unknown' | 'content',
    message: string,
  ) {
    super(message);
  }
}
