/**
 * What every template dialect gives: a compiled text that renders a group's metadata.
 */
import type { ValueMap } from '../value.ts'

export interface Template {
  /**
   * The rendered text; bytes that are not UTF-8 as in utf8.ts.
   *
   * @param data - the root of the template's data
   * @param watch - told what a person checking the template wants to know; absent while serving
   * @throws {ConfigError} `template-exec`, or `template-limit` when a limit was reached; nothing else
   */
  render(data: ValueMap, watch?: Watch): string
  /** Whether what is printed can depend on this key of the data's root; also true in doubt. */
  mayRead(key: string): boolean
}

export interface Watch {
  /** A key that the data lacks was read outside an `if` or `with` condition; `path` as written, `.etcd.name`. */
  missing(path: string, at: { line: number; column: number }): void
}

/** What one rendering may cost; beyond it the rendering fails and the server goes on. */
export interface TemplateLimits {
  readonly outputBytesMax: number
  /** Loop rounds, calls and printed values in all. */
  readonly stepsMax: number
  /** Nested template calls; also the nesting of blocks and parentheses in the source. */
  readonly depthMax: number
}

export const TEMPLATE_LIMITS: TemplateLimits = { outputBytesMax: 8 << 20, stepsMax: 1_000_000, depthMax: 200 }
