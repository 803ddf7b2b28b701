/**
 * Whether a bundle that is signed is for this box, now. Pure.
 */
import type { Manifest } from './bundle.ts'
import { Refusal } from './refusal.ts'
import { compareVersions, isVersion } from './version.ts'

export type Slot = 'a' | 'b'

export interface Box {
  /** What runs. */
  readonly version: string
  readonly arch: string
  /** Of the partition that would be written. */
  readonly slotBytes: number
  /** An older version, or the same one, is wanted. */
  readonly isForced: boolean
}

/** @throws {Refusal} */
export function admit(manifest: Manifest, box: Box): void {
  const { version, arch, minimum, slotBytes } = manifest
  if (arch !== box.arch) throw new Refusal('foreign-arch', `the bundle is for ${arch}, and this box is ${box.arch}`)
  if (slotBytes !== box.slotBytes) {
    throw new Refusal(
      'wrong-size',
      `the bundle is for slots of ${slotBytes} bytes, and this box has ${box.slotBytes}: flash the new image instead`,
    )
  }
  if (isVersion(box.version) && compareVersions(box.version, minimum) < 0) {
    throw new Refusal(
      'too-big-a-step',
      `${version} can be installed from ${minimum} on, this is ${box.version}: install ${minimum} first`,
    )
  }
  if (!box.isForced) admitVersion(version, box.version)
}

function admitVersion(offered: string, running: string): void {
  if (!isVersion(running)) {
    throw new Refusal(
      'older',
      `this box says that it runs version ${JSON.stringify(running)}: which one is newer cannot be told, so force it`,
    )
  }
  const order = compareVersions(offered, running)
  if (order === 0) throw new Refusal('same-version', `${offered} is already installed; force it to write it again`)
  if (order < 0) throw new Refusal('older', `${offered} is older than ${running}, which runs; force it to go back`)
}

/**
 * What has to hold of the slots before one is written, whatever is in the bundle.
 *
 * @param running - what the kernel's command line says: a slot, or `iso` or `net`
 * @param good - what GRUB starts when nothing is being tried
 * @throws {Refusal}
 */
export function admitSlot(slot: Slot, running: string, good: string | undefined): void {
  if (running !== 'a' && running !== 'b') {
    throw new Refusal(
      'no-slot',
      `this system was started from ${running || 'elsewhere'} and has no slots to write: flash the image onto its disk`,
    )
  }
  if (slot === running) throw new Refusal('wrong-slot', `slot ${slot} is the running one`)
  if (slot === good) {
    throw new Refusal(
      'wrong-slot',
      `slot ${slot} is the one to fall back to until slot ${running} has been kept: wait a minute`,
    )
  }
}
