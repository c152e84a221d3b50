import { refusalAs } from '../refusal.ts';

/** The fault for an AppError met while a change was made: ConfigModify or Receiver / Action. Anything else stays as it is. */
export const refusal = (error: unknown): unknown => refusalAs('ConfigModify', error);
