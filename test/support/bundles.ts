/**
 * Update bundles for tests: of any contents, with any manifest, signed by any key.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { encodeHead, type Manifest } from '../../src/appliance/bundle.ts'
import { formatEnv, parseEnv } from '../../src/appliance/grub-env.ts'
import type { Installation } from '../../src/appliance/install.ts'
import type { UpdateStatus } from '../../src/appliance/update-status.ts'
import { testUpdateKey } from './update-key.ts'

export const MIB = 1 << 20
export const SLOT_BYTES = 8 * MIB

const privateKey = testUpdateKey()
export const KEYS = { privateKey, publicKey: createPublicKey(privateKey) }

/** No two pieces of it are the same. */
export function contentsOf(bytes: number): Buffer {
  const contents = Buffer.alloc(bytes, 'update')
  for (let at = 0; at < bytes; at += 512) contents.writeUInt32BE(at / 512 + 1, at)
  return contents
}

export function manifestFor(contents: Buffer): Manifest {
  return {
    version: '2.0.0',
    arch: 'amd64',
    minimum: '1.0.0',
    created: '2026-11-23T04:05:06Z',
    bytes: contents.length,
    slotBytes: SLOT_BYTES,
    sha256: createHash('sha256').update(contents).digest('hex'),
  }
}

export function bundleOf(contents: Buffer, changes: object = {}, key: KeyObject = KEYS.privateKey): Buffer {
  return Buffer.concat([encodeHead({ ...manifestFor(contents), ...changes }, key), contents])
}

/** Files that stand for a box: slot a runs and is good, slot b holds what was there before. */
export interface PaperBox extends Installation {
  readonly runningDevice: string
}

export function makeBox(folder: string, bundle: Buffer): PaperBox {
  const at = (name: string): string => join(folder, name)
  writeFileSync(at('a.bootcfg-update'), bundle)
  writeFileSync(at('update-key.pub'), KEYS.publicKey.export({ type: 'spki', format: 'pem' }))
  writeFileSync(
    at('grubenv'),
    formatEnv(
      new Map([
        ['good', 'a'],
        ['try', ''],
        ['tries', '0'],
      ]),
    ),
  )
  writeFileSync(at('slot-a'), Buffer.alloc(SLOT_BYTES, 'running'))
  writeFileSync(at('slot-b'), Buffer.alloc(SLOT_BYTES, 'before'))
  return {
    bundle: at('a.bootcfg-update'),
    slot: 'b',
    slotDevice: at('slot-b'),
    runningDevice: at('slot-a'),
    espEnv: at('grubenv'),
    running: 'a',
    version: '1.0.0',
    arch: 'amd64',
    isForced: false,
    key: at('update-key.pub'),
    status: at('update'),
  }
}

export function envOf(box: PaperBox): Record<string, string> {
  return Object.fromEntries(parseEnv(readFileSync(box.espEnv))!)
}

export function statusOf(box: PaperBox): UpdateStatus {
  return JSON.parse(readFileSync(box.status, 'utf8')) as UpdateStatus
}

/** As grub.cfg chooses. */
export function slotThatStarts(env: Readonly<Record<string, string>>): string | undefined {
  return env['try'] !== '' && Number(env['tries']) > 0 ? env['try'] : env['good']
}
