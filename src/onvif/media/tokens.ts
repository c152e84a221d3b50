import { required, text } from '../args.ts';
import type { SoapObject } from '../service.ts';

/** A token that must be there, without the blanks of pretty-printed requests. Throws Sender / InvalidArgs. */
export const token = (request: SoapObject, name: string): string => required(request, name).trim();

/** A token that may be left out or empty. */
export const optionalToken = (request: SoapObject, name: string): string | undefined => text(request, name)?.trim() || undefined;
