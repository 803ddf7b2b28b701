/**
 * What stands between `%` and the verb: flags, width, precision; and the padding they ask for.
 */
import { runeCount } from './runes.ts'

/** One directive of a format while it is read and carried out. Absent is not zero: `%.0f` has a precision. */
export class Spec {
  width: number | undefined = undefined
  precision: number | undefined = undefined
  minus = false
  plus = false
  sharp = false
  space = false
  zero = false
  /** `%+v` and `%#v` are formats of their own, in which plus and sharp do not mean what they mean to other verbs. */
  plusV = false
  sharpV = false
}

/** Fill to the width, counted in characters: left, or right of the text with the minus flag. */
export function pad(text: string, spec: Spec, fill = spec.zero ? '0' : ' '): string {
  if (spec.width === undefined) return text
  const missing = spec.width - runeCount(text)
  if (missing <= 0) return text
  return spec.minus ? text + fill.repeat(missing) : fill.repeat(missing) + text
}

/** {@link pad} that ignores the zero flag, for what already used it or would not read as a number. */
export function padBlank(text: string, spec: Spec): string {
  return pad(text, spec, ' ')
}
