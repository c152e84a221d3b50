/** A filter that is not taken. The message is a sentence for people. */
export class FilterError extends Error {
  override readonly name = 'FilterError';

  constructor(
    /**
     * Why: it is of an unknown kind, its topic dialect is unknown, it is no topic expression, there is no such topic, or it is no
     * content filter.
     */
    readonly problem: 'kind' | 'topic-dialect' | 'topic-syntax' | 'topic-unknown' | 'content',
    message: string,
    /** Name of a filter of an unknown kind. */
    readonly unknown?: string,
  ) {
    super(message);
  }
}
