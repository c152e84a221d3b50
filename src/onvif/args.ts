import { SoapFault } from '../protocols/soap/fault.ts';
import type { SoapObject } from './service.ts';

/** Returns a repeated element as a list: none, a single one and several arrive differently. */
export const list = (value: unknown): readonly unknown[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];

const isObject = (value: unknown): value is SoapObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns a child element; an empty object where it is missing, empty, or nothing but text. */
export const child = (request: SoapObject, name: string): SoapObject => {
  const value = request[name];
  return isObject(value) ? value : {};
};

/** Returns the text of an element, whether or not it has attributes; undefined where it is missing. */
export function text(request: SoapObject, name: string): string | undefined {
  const value = request[name];
  const plain = isObject(value) ? value.$value : value;
  return plain === undefined || plain === null ? undefined : String(plain);
}

/** Returns the text of an element that must be there. Throws Sender / InvalidArgs. */
export function required(request: SoapObject, name: string): string {
  const value = text(request, name);
  if (value === undefined) throw new SoapFault('Sender', ['InvalidArgs'], `${name} is missing.`);
  return value;
}

/** Returns a token that must be there, without the blanks of pretty-printed requests. Throws Sender / InvalidArgs. */
export const token = (request: SoapObject, name: string): string => required(request, name).trim();

/** Returns a token; undefined where it is missing or empty. */
export const optionalToken = (request: SoapObject, name: string): string | undefined => text(request, name)?.trim() || undefined;

/** Returns a whole number of up to 15 digits; undefined where it is missing. Throws Sender / InvalidArgs for anything else. */
export function integer(request: SoapObject, name: string): number | undefined {
  const value = text(request, name);
  if (value === undefined) return undefined;
  if (!/^\s*[+-]?\d{1,15}\s*$/.test(value)) throw new SoapFault('Sender', ['InvalidArgs'], `${name} must be a whole number.`);
  return Number(value);
}

/** Returns a finite number; undefined where it is missing. Throws Sender / InvalidArgs for anything else. */
export function decimal(request: SoapObject, name: string): number | undefined {
  const value = text(request, name)?.trim();
  if (value === undefined) return undefined;
  const number = value === '' ? Number.NaN : Number(value);
  if (!Number.isFinite(number)) throw new SoapFault('Sender', ['InvalidArgs'], `${name} must be a number.`);
  return number;
}

/** Returns an xs:boolean; undefined where it is missing. Throws Sender / InvalidArgs for anything else. */
export function boolean(request: SoapObject, name: string): boolean | undefined {
  const value = text(request, name)?.trim();
  if (value === undefined) return undefined;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new SoapFault('Sender', ['InvalidArgs'], `${name} must be true or false.`);
}

/** Returns a repeated element with children as a list of their contents. */
export const children = (request: SoapObject, name: string): readonly SoapObject[] =>
  list(request[name]).map((value) => (isObject(value) ? value : {}));

/** Returns a repeated element as a list of its texts; an empty element is an empty text. */
export const texts = (request: SoapObject, name: string): readonly string[] =>
  list(request[name]).map((value) => text({ value }, 'value') ?? '');
