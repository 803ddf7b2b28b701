/**
 * A function that is called with the same arguments again and again, and then need not think.
 */

/**
 * @template {readonly unknown[]} A
 * @template R
 * @param {(...args: A) => R} compute
 * @returns {(...args: A) => R} gives the last result while the arguments are the same
 */
export function keepLast(compute) {
  /** @type {{ args: A, result: R } | undefined} */
  let last
  return (...args) => {
    if (last === undefined || args.some((arg, at) => arg !== last?.args[at])) last = { args, result: compute(...args) }
    return last.result
  }
}
