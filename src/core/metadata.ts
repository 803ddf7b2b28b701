/**
 * The metadata document: `KEY=value` lines of a group's metadata, then of the machine's labels, for shell scripts.
 */
import type { Labels } from './labels.ts'
import { formatValue } from './template/go/format/value.ts'
import { compareBytes } from './utf8.ts'
import type { Value, ValueMap } from './value.ts'

/**
 * Keys in upper case and in byte order within each part; values as Go's `%v` prints them, unescaped.
 */
export function renderMetadata(metadata: ValueMap, labels: Labels): string {
  const own = [...metadata.entries()].map(([key, value]): [string, Value] => [formatValue(key), value])
  return [...sortedLines(own), ...sortedLines([...labels])].join('')
}

function sortedLines(pairs: readonly (readonly [string, Value])[]): string[] {
  return pairs
    .map(([key, value]) => ({ key: upperCase(key), line: `${upperCase(key)}=${formatValue(value)}\n` }))
    .toSorted((a, b) => compareBytes(a.key, b.key))
    .map(({ line }) => line)
}

/** Rune by rune, as Go's `strings.ToUpper`: a rune whose upper case is several runes stays. */
function upperCase(text: string): string {
  return text.replaceAll(/[a-z]+|\P{ASCII}/gu, (part) => {
    const upper = part.toUpperCase()
    return part.codePointAt(0)! < 0x80 || /^.$/su.test(upper) ? upper : part
  })
}
