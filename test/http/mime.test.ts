import { describe, expect, test } from 'vitest'

import { sniff, typeByExtension } from '../../src/http/mime.ts'

const TEXT = 'text/plain; charset=utf-8'
const HTML = 'text/html; charset=utf-8'
const OCTETS = 'application/octet-stream'

describe('by extension', () => {
  const cases: [path: string, type: string | undefined][] = [
    ['style.css', 'text/css; charset=utf-8'],
    ['a/b/spec.json', 'application/json'],
    ['INDEX.HTML', HTML],
    ['app.mjs', 'text/javascript; charset=utf-8'],
    ['logo.svg', 'image/svg+xml'],
    ['.json', 'application/json'],
    ['two.dots.xml', 'text/xml; charset=utf-8'],
    ['hello.txt', undefined],
    ['vmlinuz', undefined],
    ['image.cpio.gz', undefined],
    ['a.json/vmlinuz', undefined],
    ['ends.', undefined],
  ]
  for (const [path, type] of cases) test(`${path}: ${type}`, () => expect(typeByExtension(path)).toBe(type))
})

describe('by the first bytes', () => {
  const mp4 = '\0\0\0\x18ftypisom\0\0\0\x01isommp41'
  const cases: [name: string, bytes: string, type: string][] = [
    ['nothing', '', TEXT],
    ['text', 'hello asset\n', TEXT],
    ['text with bytes that are not ASCII', 'caf\xe9 \xff\xfa', TEXT],
    ['text with escapes and form feeds', '\x1b[1m\f\t\r\n', TEXT],
    ['text with a NUL', 'hello\0', OCTETS],
    ['a control character', '\x01', OCTETS],
    ['a control character after white space', ' \x0b', OCTETS],
    ['an iPXE script', '#!ipxe\nboot\n', TEXT],
    ['a Linux kernel', `MZ\xea\x07\0\xc0\x07\x8c\xc8${'\0'.repeat(503)}`, OCTETS],
    ['an ELF file', '\x7fELF\x02\x01\x01\0', OCTETS],
    ['cpio, newc', `07070100000001000081a4${'0'.repeat(88)}TRAILER!!!\0`, OCTETS],
    ['xz', '\xfd7zXZ\0\0\x04', OCTETS],
    ['a control character beyond 512 bytes does not count', `${'a'.repeat(512)}\0`, TEXT],

    ['HTML', '<!doctype html><p>', HTML],
    ['HTML after white space', '\n\t <HtMl>', HTML],
    ['a paragraph', '<p >', HTML],
    ['a comment needs an end', '<!--x', TEXT],
    ['a tag that only begins like one', '<pre>', TEXT],
    ['a tag cut short', '<p', TEXT],
    ['XML', '  <?xml version="1.0"?>', 'text/xml; charset=utf-8'],
    ['PDF', '%PDF-1.4', 'application/pdf'],
    ['PDF after white space is text', ' %PDF-1.4', TEXT],
    ['PostScript', '%!PS-Adobe-3.0', 'application/postscript'],

    ['UTF-16 BE', '\xfe\xff\0a', 'text/plain; charset=utf-16be'],
    ['UTF-16 LE', '\xff\xfea\0', 'text/plain; charset=utf-16le'],
    ['UTF-8 with a mark', '\xef\xbb\xbfa', TEXT],
    ['a mark and a NUL', '\xef\xbb\xbf\0', TEXT],

    ['icon', '\0\0\x01\0', 'image/x-icon'],
    ['BMP', 'BM\0\0', 'image/bmp'],
    ['GIF', 'GIF89a\0', 'image/gif'],
    ['WebP', 'RIFF\x10\0\n\0WEBPVP8 ', 'image/webp'],
    ['PNG', '\x89PNG\r\n\x1a\n', 'image/png'],
    ['JPEG', '\xff\xd8\xff\xe0', 'image/jpeg'],
    ['WAVE', 'RIFF\x10\0\0\0WAVE', 'audio/wave'],
    ['MP4', mp4, 'video/mp4'],
    ['a box of another brand', mp4.replace('mp41', 'qt  '), OCTETS],
    ['MP4 cut short', mp4.slice(0, 20), OCTETS],
    ['WebM', '\x1aE\xdf\xa3', 'video/webm'],
    ['OpenType for the web', 'wOF2\0', 'font/woff2'],
    ['EOT', `${'\0'.repeat(34)}LP`, 'application/vnd.ms-fontobject'],

    ['gzip', '\x1f\x8b\x08\0', 'application/x-gzip'],
    ['zip', 'PK\x03\x04', 'application/zip'],
    ['RAR 4', 'Rar!\x1a\x07\0', 'application/x-rar-compressed'],
    ['RAR 5', 'Rar!\x1a\x07\x01\0', 'application/x-rar-compressed'],
    ['WebAssembly', '\0asm\x01\0\0\0', 'application/wasm'],
  ]
  for (const [name, bytes, type] of cases) {
    test(`${name}: ${type}`, () => expect(sniff(Buffer.from(bytes, 'latin1'))).toBe(type))
  }

  test('a view into a larger buffer is read from where it starts', () => {
    expect(sniff(Buffer.from('xxx%PDF-xxx').subarray(3, 8))).toBe('application/pdf')
  })
})
