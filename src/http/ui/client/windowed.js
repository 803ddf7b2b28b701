/**
 * Of a long list only the rows that can be seen, and some before and behind them. Pure arithmetic.
 */

/**
 * @param {readonly number[]} heights - of all rows
 * @returns {Float64Array} where each row begins; one more, where the list ends
 */
export function offsetsOf(heights) {
  const offsets = new Float64Array(heights.length + 1)
  for (const [at, height] of heights.entries()) offsets[at + 1] = (offsets[at] ?? 0) + height
  return offsets
}

/**
 * The rows that touch a stretch.
 *
 * @param {Float64Array} offsets
 * @param {number} from
 * @param {number} to
 * @returns {{ first: number, end: number }} `end` is the first that does not, behind it
 */
export function rowsWithin(offsets, from, to) {
  const count = offsets.length - 1
  const first = Math.max(0, lastNotBeyond(offsets, from))
  let end = first
  while (end < count && (offsets[end] ?? 0) < to) end += 1
  return { first: Math.min(first, count), end }
}

/**
 * @param {Float64Array} offsets
 * @param {number} place
 */
function lastNotBeyond(offsets, place) {
  let [low, high] = [0, offsets.length - 2]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((offsets[middle] ?? 0) <= place) low = middle
    else high = middle - 1
  }
  return low
}
