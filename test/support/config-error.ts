import { ConfigError } from '../../src/core/errors.ts'

/** The error that something ends with; anything but a ConfigError is thrown on. */
export function configErrorOf(run: () => unknown): ConfigError {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('no error')
}
