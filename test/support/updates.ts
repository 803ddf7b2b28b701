/**
 * Bundles for an appliance in QEMU: of the system that its own image has, called another version.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { makeBundle } from '../../scripts/lib/update-bundle.ts'
import type { Manifest } from '../../src/appliance/bundle.ts'
import type { RunningAppliance } from './appliance.ts'
import { putFile } from './box-disk.ts'
import { bundleOf } from './bundles.ts'
import { temporaryFolder } from './site.ts'
import { testUpdateKey } from './update-key.ts'

const NEWER = '99.0.0'
const CREATED = 1_795_406_400

/** The name of a bundle that was dropped. */
export const DROPPED = 'new.bootcfg-update'

export function bundleOfSlot(slot: Buffer): Buffer {
  const facts = { version: NEWER, arch: 'amd64', minimum: '0.0.0', created: CREATED } as const
  return makeBundle(slot, facts, testUpdateKey())
}

/** Of any bytes: the box cannot tell that they are no system. */
export function bundleOfBytes(contents: Buffer, slotBytes: number, changes: Partial<Manifest> = {}): Buffer {
  return bundleOf(contents, { version: NEWER, minimum: '0.0.0', slotBytes, ...changes })
}

/** As a person does who has the stick in a laptop. */
export function dropBundle(disk: string, bundle: Buffer): void {
  using folder = temporaryFolder()
  const file = join(folder.path, 'bundle')
  writeFileSync(file, bundle)
  putFile(disk, 'BOOTCFG', DROPPED, file)
}

/** As the status page does it, with the token that the console shows. */
export async function upload(box: RunningAppliance, bundle: Buffer): Promise<void> {
  const token = /([A-Z2-7]{5}(?:-[A-Z2-7]{5}){3})/.exec(box.console())?.[1]?.replaceAll('-', '') ?? ''
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' }
  const answer = await fetch(`${box.url}/api/appliance/update`, {
    method: 'PUT',
    headers,
    body: new Uint8Array(bundle),
  })
  if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`)
}
