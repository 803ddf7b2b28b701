/**
 * `html`, `js` and `urlquery`: text made safe for another language, byte for byte as Go does it.
 */
import { encodeUtf8 } from '../../utf8.ts'
import { isPrint, isSurrogate } from './format/runes.ts'

const HTML: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/g, (char) => HTML[char]!)
}

/** For a JavaScript string literal. What is not printable reads `\u00AD`; beyond 16 bits with as many digits as it takes. */
export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=\0-\x1f]|[^\0-\x7f]/gu, (char) => {
    const rune = char.codePointAt(0)!
    if (char === '\\' || char === "'" || char === '"') return `\\${char}`
    if (rune >= 0x80 && (isSurrogate(rune) || isPrint(rune))) return char
    return `\\u${rune.toString(16).toUpperCase().padStart(4, '0')}`
  })
}

/** net/url.QueryEscape: a space is a plus sign. */
export function escapeQuery(text: string): string {
  return text.replace(/[^A-Za-z0-9_.~-]/gu, (char) => (char === ' ' ? '+' : percent(encodeUtf8(char))))
}

function percent(bytes: Buffer): string {
  return bytes.toString('hex').toUpperCase().replace(/../g, '%$&')
}
