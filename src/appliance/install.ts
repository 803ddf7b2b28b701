/**
 * `box.mjs install`: a bundle into the slot that is not running, and GRUB told to try it. Told as it happens:
 *
 *   checking    signature, architecture, version, sizes, then the hash of the contents     nothing is written so far
 *   writing     GRUB forgets what it may have been trying; then the slot (`slot.ts`)
 *   verifying   the slot is read back; what counts is the hash that was signed
 *   written     GRUB tries the slot at the next start, three times (`try`, `tries`)
 *
 * `try` is set when the slot is whole and never before. A power cut, a full disk, a process that is killed: the running
 * slot is never touched, and what GRUB names is whole.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { access, constants, readFile, unlink } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

import { errorCode, reasonOf } from '../core/errors.ts'
import { admit, admitSlot, type Slot } from './admit.ts'
import { type Bundle, openBundle } from './bundle-file.ts'
import { changeEnv, NOTHING_TRIED, readEnv, TRIES } from './grub-env-file.ts'
import { Refusal } from './refusal.ts'
import { blankSlot, inspectSlot, verifySlot, writeSlot } from './slot.ts'
import { eachPercent, saveStatus, type UpdateStatus } from './update-status.ts'

export interface Installation {
  /** Path of the bundle; removed once it is installed. */
  readonly bundle: string
  /** The slot to write and its partition. */
  readonly slot: Slot
  readonly slotDevice: string
  /** GRUB's environment block. */
  readonly espEnv: string
  /** Of the running system: slot (or `iso`, `net`), version, architecture. */
  readonly running: string
  readonly version: string
  readonly arch: string
  readonly isForced: boolean
  /** Public key, PEM. Not there: no bundle is accepted. */
  readonly key: string
  /** Where `UpdateStatus` goes. */
  readonly status: string
}

/** @returns the last status, which is `written`, `refused` or `failed` */
export async function install(installation: Installation): Promise<UpdateStatus> {
  const facts = { bundle: printable(basename(installation.bundle)), slot: installation.slot }
  const seen: { version?: string } = {}
  const say = async (status: UpdateStatus): Promise<UpdateStatus> => {
    const whole = { ...status, ...facts, ...seen }
    await saveStatus(installation.status, whole)
    return whole
  }
  try {
    await using bundle = await openChecked(installation, say, (version) => (seen.version = version))
    await write(installation, bundle, say)
    return await say({ state: 'written' })
  } catch (error) {
    if (error instanceof Refusal) return await say({ state: 'refused', reason: error.message })
    const reason = error instanceof Error ? error.message : String(error)
    return await say({ state: 'failed', reason: `slot ${installation.slot} was not written: ${reason}` })
  }
}

type Say = (status: UpdateStatus) => Promise<UpdateStatus>

/** @throws {Refusal} nothing was changed */
async function openChecked(
  { slot, slotDevice, espEnv, running, version, arch, isForced, ...paths }: Installation,
  say: Say,
  onVersion: (version: string) => void,
): Promise<Bundle> {
  await say({ state: 'checking', percent: 0 })
  const bundle = await openBundle(paths.bundle, await loadKey(paths.key))
  try {
    onVersion(bundle.manifest.version)
    admitSlot(slot, running, (await readEnv(espEnv)).get('good'))
    admit(bundle.manifest, { version, arch, isForced, slotBytes: await inspectSlot(slotDevice, slot) })
    await checkRemovable(paths.bundle)
    await bundle.checkContents(eachPercent(async (percent) => void (await say({ state: 'checking', percent }))))
    return bundle
  } catch (error) {
    await bundle[Symbol.asyncDispose]()
    throw error
  }
}

async function write(
  { bundle: path, slot, slotDevice, espEnv, running }: Installation,
  bundle: Bundle,
  say: Say,
): Promise<void> {
  const progressOf = (state: 'writing' | 'verifying') =>
    eachPercent(async (percent) => void (await say({ state, percent })))
  await changeEnv(espEnv, NOTHING_TRIED)
  try {
    await writeSlot(slotDevice, bundle, progressOf('writing'))
    await verifySlot(slotDevice, bundle.manifest, progressOf('verifying'))
  } catch (error) {
    await blankSlot(slotDevice).catch(() => {}) // its disk fails: it is not tried in any case
    throw error
  }
  const good = (await readEnv(espEnv)).get('good') ?? running
  await changeEnv(espEnv, { good, try: slot, tries: TRIES })
  await unlink(path).catch(async (error: unknown) => {
    await changeEnv(espEnv, NOTHING_TRIED)
    throw error
  })
}

/** @returns undefined if there is none: the image was built without */
async function loadKey(path: string): Promise<KeyObject | undefined> {
  try {
    const key = createPublicKey(await readFile(path))
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new Refusal('no-key', `the key of this image, ${path}, cannot be used: ${reasonOf(error)}`)
  }
  throw new Refusal('no-key', `the key of this image, ${path}, is no Ed25519 key`)
}

/** A bundle that stays would be installed at every start; after a roll back, for ever. */
async function checkRemovable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK)
  } catch (error) {
    throw new Refusal(
      'read-only',
      `${dirname(path)} cannot be written, so that the bundle would be installed again and again: ${reasonOf(error)}`,
    )
  }
}

function printable(name: string): string {
  return name.replaceAll(/[^ -~]/g, '?').slice(0, 100)
}
