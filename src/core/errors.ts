/**
 * Errors by whose fault they are. Callers and tests look at `code`; people read `message`.
 */

/** Position in a text, counted from 1. Columns count characters, not bytes. */
export interface Position {
  readonly line?: number | undefined
  readonly column?: number | undefined
}

export type ConfigErrorCode =
  | 'yaml' // not YAML, or not the YAML that is wanted there
  | 'json'
  | 'groups' // a group, or the groups file as a whole, is not usable
  | 'template-parse'
  | 'template-exec'
  | 'template-limit' // a template made too much output, looped or recursed too far
  | 'ignition'
  | 'cloud-config'
  | 'too-large'
  | 'unreadable'

/**
 * A file that an operator wrote cannot be used. The thrower knows where in the text; whoever read the file knows its
 * name and puts the two together (`describe`).
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code: ConfigErrorCode
  readonly line: number | undefined
  readonly column: number | undefined
  /** The position counts in the text that a template rendered, not in the file. */
  readonly inRendered: boolean

  constructor(code: ConfigErrorCode, message: string, at: Position & { inRendered?: boolean } = {}) {
    super(message)
    this.code = code
    this.line = at.line
    this.column = at.column
    this.inRendered = at.inRendered ?? false
  }
}

/** `ENOENT` and the like of a system error, else empty. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** `no such file or directory` from node's `ENOENT: no such file or directory, open '…'`. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return /^[A-Z]+: ([^,]+)/.exec(message)?.[1] ?? message
}
