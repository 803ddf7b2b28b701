/**
 * Strings with flags, width and precision: `%s`, `%q` and `%x`, the string half of Go's fmt/format.go.
 */
import { encodeUtf8 } from '../../../utf8.ts'
import { canBackquote, quote } from './quote.ts'
import { truncateRunes } from './runes.ts'
import { pad } from './spec.ts'
import type { Spec } from './spec.ts'

/** `%s`: the precision cuts, in characters. */
export function formatText(text: string, spec: Spec): string {
  return pad(truncated(text, spec), spec)
}

/** `%q`; with the sharp flag between backquotes where that is possible. */
export function formatQuoted(text: string, spec: Spec): string {
  const cut = truncated(text, spec)
  return pad(spec.sharp && canBackquote(cut) ? `\`${cut}\`` : quote(cut, spec.plus), spec)
}

/** `%x`: two digits a byte, the precision cuts in bytes. A space sets bytes apart, sharp puts 0x before the (or each) number. */
export function formatHex(text: string, spec: Spec, upper: boolean): string {
  const { precision = Infinity } = spec
  // A unit is at least one byte, but half a character is none.
  const hex = encodeUtf8(text.slice(0, precision + 1))
    .subarray(0, precision)
    .toString('hex')
  // Go fills an empty string's width on the left whatever the flags say.
  if (hex === '') return (spec.zero ? '0' : ' ').repeat(spec.width ?? 0)
  const cased = upper ? hex.toUpperCase() : hex
  const prefix = spec.sharp ? (upper ? '0X' : '0x') : ''
  if (!spec.space) return pad(prefix + cased, spec)
  return pad(cased.replace(/../g, ` ${prefix}$&`).slice(1), spec)
}

function truncated(text: string, spec: Spec): string {
  return spec.precision === undefined ? text : truncateRunes(text, spec.precision)
}
