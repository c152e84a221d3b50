/**
 * Returns the same text in memory of its own, for what is kept longer than the message that it comes from: V8 takes a part of a text,
 * from 13 characters on, as a view of the whole, and so keeps all of that.
 */
export const ownText = (part: string): string => Buffer.from(part).toString();
