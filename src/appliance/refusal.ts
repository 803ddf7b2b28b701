/**
 * A bundle is not installed, and why. Nothing was changed because of it.
 */

export type RefusalCode =
  | 'unreadable'
  | 'not-a-bundle'
  | 'newer-format'
  | 'truncated'
  | 'too-long'
  | 'no-key' // this image was built without one
  | 'unsigned'
  | 'wrong-key' // or it was changed after it was signed
  | 'bad-manifest' // signed, but not understood
  | 'foreign-arch'
  | 'same-version'
  | 'older'
  | 'too-big-a-step' // a version in between has to be installed first
  | 'wrong-size' // it is for slots of another size
  | 'damaged' // the contents are not those that were signed
  | 'no-slot' // this system does not run from a slot
  | 'wrong-slot' // the running one, the one to fall back to, or no slot at all
  | 'read-only' // the bundle could not be removed afterwards, and would be installed again and again

export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode

  /** @param message - a sentence with what to do, without a full stop */
  constructor(code: RefusalCode, message: string) {
    super(message)
    this.code = code
  }
}
