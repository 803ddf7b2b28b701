/**
 * A QR code for a text console: two modules a character, one above the other. Pure.
 *
 * Light is drawn and dark is left, since consoles are dark. The three blocks are in code page 437, which the kernel's own font
 * and every serial terminal have.
 */
import { encode } from 'uqr'

/** Light all around it; the standard wants 4, readers are content with 2 (ISO/IEC 18004 section 6.3.8). */
const QUIET = 2

/** `[above][below]`, 1 for light. */
const BLOCKS = [
  [' ', '▄'],
  ['▀', '█'],
] as const

export function qrLines(text: string): string[] {
  const { data } = encode(text, { border: QUIET, ecc: 'L' })
  const lightAt = (row: number, column: number): 0 | 1 => (data[row]?.[column] === false ? 1 : 0)
  return Array.from({ length: Math.ceil(data.length / 2) }, (_, at) =>
    data.map((_, column) => BLOCKS[lightAt(2 * at, column)][lightAt(2 * at + 1, column)]).join(''),
  )
}
