/**
 * The transfer mode `netascii` (RFC 764 through RFC 1350 section 1): a line ends in CR LF, a CR that stands alone is CR
 * NUL. Pure.
 */

const [NUL, LF, CR] = [0x00, 0x0a, 0x0d]

/** A file with the line ends of Unix, for the wire. */
export function toNetascii(bytes: Uint8Array): Uint8Array {
  const special = bytes.reduce((count, byte) => (byte === LF || byte === CR ? count + 1 : count), 0)
  const out = new Uint8Array(bytes.length + special)
  let at = 0
  for (const byte of bytes) {
    if (byte === LF) out[at++] = CR
    out[at++] = byte
    if (byte === CR) out[at++] = NUL
  }
  return out
}
