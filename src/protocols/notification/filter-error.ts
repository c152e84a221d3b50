/**
 * Why a filter is not taken: it is of an unknown kind, its language is unknown, it says nothing in its language, or it is about a
 * topic that there is not.
 */
export class FilterError extends Error {
  override readonly name = 'FilterError';

  constructor(
    readonly problem: 'kind' | 'topic-dialect' | 'topic-syntax' | 'topic-unknown' | 'content',
    message: string,
    /** Of a filter of an unknown kind: its name. */
    readonly unknown?: string,
  ) {
    super(message);
  }
}
