/**
 * Text of its own: V8 makes a text that was cut out of a longer one a view of that, and so keeps the longer one in memory for
 * as long as the short one lives. And who reads it has to look in two places.
 */

/** Shorter ones V8 copies anyway. */
const VIEW_MIN = 13
/** Its characters take two bytes each. */
const WIDE = /[^\0-\xff]/

/** @returns the same text, with characters of its own */
export function ownText(text: string): string {
  if (text.length < VIEW_MIN) return text
  const encoding = WIDE.test(text) ? 'utf16le' : 'latin1'
  return Buffer.from(text, encoding).toString(encoding)
}
