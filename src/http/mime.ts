/**
 * The Content-Type of a file, as the old program found it: by extension, else by the first bytes. Pure.
 *
 * The extensions are the ones built into Go's package mime when bootcfg was current, and the few that came to it later;
 * this machine's /etc/mime.types is not asked, so that a file has the same type on every server. The bytes are looked at
 * as Go's http.DetectContentType does, after the WHATWG's MIME Sniffing Standard, https://mimesniff.spec.whatwg.org/.
 */

const BY_EXTENSION: ReadonlyMap<string, string> = new Map([
  ['avif', 'image/avif'],
  ['css', 'text/css; charset=utf-8'],
  ['gif', 'image/gif'],
  ['htm', 'text/html; charset=utf-8'],
  ['html', 'text/html; charset=utf-8'],
  ['jpeg', 'image/jpeg'],
  ['jpg', 'image/jpeg'],
  ['js', 'text/javascript; charset=utf-8'],
  ['json', 'application/json'],
  ['mjs', 'text/javascript; charset=utf-8'],
  ['pdf', 'application/pdf'],
  ['png', 'image/png'],
  ['svg', 'image/svg+xml'],
  ['wasm', 'application/wasm'],
  ['webp', 'image/webp'],
  ['xml', 'text/xml; charset=utf-8'],
])

/** By the end of a path; case does not count. undefined: look at the bytes. */
export function typeByExtension(path: string): string | undefined {
  const dot = path.lastIndexOf('.')
  return dot < 0 ? undefined : BY_EXTENSION.get(path.slice(dot + 1).toLowerCase())
}

/** How much of the beginning `sniff` looks at. */
export const SNIFF_BYTES = 512

const OCTETS = 'application/octet-stream'
const TEXT = 'text/plain; charset=utf-8'
const HTML = 'text/html; charset=utf-8'

/** Tags that make a text HTML, after white space and in any case, when a space or `>` follows. */
const HTML_TAGS =
  '<!DOCTYPE HTML|<HTML|<HEAD|<SCRIPT|<IFRAME|<H1|<DIV|<FONT|<TABLE|<A|<STYLE|<TITLE|<B|<BODY|<BR|<P|<!--'.split('|')

/** First match wins. `.` stands for any byte; a pattern is as long as what it needs to see. */
const MAGIC: readonly (readonly [pattern: RegExp, type: string])[] = [
  [/^%PDF-/, 'application/pdf'],
  [/^%!PS-Adobe-/, 'application/postscript'],
  [/^\xfe\xff../s, 'text/plain; charset=utf-16be'],
  [/^\xff\xfe../s, 'text/plain; charset=utf-16le'],
  [/^\xef\xbb\xbf./s, TEXT],
  [/^\x00\x00[\x01\x02]\x00/, 'image/x-icon'],
  [/^BM/, 'image/bmp'],
  [/^GIF8[79]a/, 'image/gif'],
  [/^RIFF....WEBPVP/s, 'image/webp'],
  [/^\x89PNG\r\n\x1a\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^FORM....AIFF/s, 'audio/aiff'],
  [/^ID3/, 'audio/mpeg'],
  [/^OggS\x00/, 'application/ogg'],
  [/^MThd\x00\x00\x00\x06/, 'audio/midi'],
  [/^RIFF....AVI /s, 'video/avi'],
  [/^RIFF....WAVE/s, 'audio/wave'],
  [/^....ftyp/s, 'video/mp4'], // and see isMp4
  [/^\x1a\x45\xdf\xa3/, 'video/webm'],
  [/^.{34}LP/s, 'application/vnd.ms-fontobject'],
  [/^\x00\x01\x00\x00/, 'font/ttf'],
  [/^OTTO/, 'font/otf'],
  [/^ttcf/, 'font/collection'],
  [/^wOFF/, 'font/woff'],
  [/^wOF2/, 'font/woff2'],
  [/^\x1f\x8b\x08/, 'application/x-gzip'],
  [/^PK\x03\x04/, 'application/zip'],
  [/^Rar!\x1a\x07(?:\x00|\x01\x00)/, 'application/x-rar-compressed'],
  [/^\x00asm/, 'application/wasm'],
]

/** A byte that no text has: a control character other than tab, newlines, form feed and escape. */
const BINARY = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/

/**
 * What a file is, by its first bytes.
 *
 * @param head - the first {@link SNIFF_BYTES}, or the whole file; what is beyond does not count
 */
export function sniff(head: Uint8Array): string {
  const seen = head.subarray(0, SNIFF_BYTES)
  const bytes = Buffer.from(seen.buffer, seen.byteOffset, seen.byteLength).toString('latin1')
  const text = bytes.replace(/^[\t\n\f\r ]+/, '')
  if (isHtml(text)) return HTML
  if (text.startsWith('<?xml')) return 'text/xml; charset=utf-8'
  for (const [pattern, type] of MAGIC) {
    if (pattern.test(bytes) && (type !== 'video/mp4' || isMp4(bytes))) return type
  }
  return BINARY.test(text) ? OCTETS : TEXT
}

function isHtml(text: string): boolean {
  const start = text.slice(0, 15).replaceAll(/[a-z]/g, (letter) => letter.toUpperCase())
  return HTML_TAGS.some((tag) => start.startsWith(tag) && ' >'.includes(start[tag.length] ?? '-'))
}

/** One of the brands in the first box is mp4 (section 6.2.1 of the standard). */
function isMp4(bytes: string): boolean {
  const box = Buffer.from(bytes.slice(0, 4), 'latin1').readUInt32BE()
  if (bytes.length < 12 || box > bytes.length || box % 4 !== 0) return false
  for (let brand = 8; brand < box; brand += 4) {
    // At 12 stands the version of the first brand.
    if (brand !== 12 && bytes.startsWith('mp4', brand)) return true
  }
  return false
}
