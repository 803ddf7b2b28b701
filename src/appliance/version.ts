/**
 * Which of two versions is newer, by Semantic Versioning 2.0.0, section 11.
 */

interface Version {
  readonly core: readonly number[]
  /** Empty for a release. */
  readonly pre: readonly string[]
}

const SHAPE = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/

export function isVersion(text: string): boolean {
  return text.length <= 64 && SHAPE.test(text)
}

/**
 * @returns below 0 if `a` is older, 0 if they are the same (what follows a `+` does not count)
 * @throws {RangeError} not a version
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)]
  for (const [n, number] of left.core.entries()) {
    if (number !== right.core[n]) return number - right.core[n]!
  }
  return comparePre(left.pre, right.pre)
}

function parse(text: string): Version {
  const match = isVersion(text) ? SHAPE.exec(text) : null
  if (match === null) throw new RangeError(`not a version: ${text}`)
  return { core: match.slice(1, 4).map(Number), pre: match[4]?.split('.') ?? [] }
}

/** A release is newer than what came before it; of two, the first part that differs decides, then the longer is newer. */
function comparePre(left: readonly string[], right: readonly string[]): number {
  if (left.length === 0 || right.length === 0) return right.length - left.length
  for (const [n, part] of left.entries()) {
    const other = right[n]
    if (other === undefined) return 1
    if (part !== other) return comparePart(part, other)
  }
  return left.length - right.length
}

/** Numbers by value and before words; words by their ASCII order. */
function comparePart(left: string, right: string): number {
  const isNumber = (text: string): boolean => /^\d+$/.test(text)
  if (isNumber(left) && isNumber(right)) return Number(BigInt(left) - BigInt(right))
  if (isNumber(left) !== isNumber(right)) return isNumber(left) ? -1 : 1
  return left < right ? -1 : 1
}
