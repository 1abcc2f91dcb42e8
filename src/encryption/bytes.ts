// Texts and bytes, as what is encrypted is written.

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export type Bytes = Uint8Array<ArrayBuffer>;

export const toUtf8 = (text: string): Bytes => encoder.encode(text);
/** Throws where it is none. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

export const randomBytes = (count: number): Bytes => crypto.getRandomValues(new Uint8Array(count));

/** So many at once: all of them are too many arguments. */
const STRETCH_BYTES = 8_192;

/** Without padding, by the alphabet that is safe in names. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += STRETCH_BYTES)
    text += String.fromCharCode(...bytes.subarray(at, at + STRETCH_BYTES));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Throws where it is none. */
export const fromBase64 = (text: string): Bytes =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
