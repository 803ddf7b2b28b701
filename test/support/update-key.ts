/**
 * The key that signs updates in tests. It comes from a fixed seed, so that an image with its public half is the same image
 * every time; nobody else trusts it.
 */
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** PKCS#8 of an Ed25519 key, up to its 32 bytes (RFC 8410, section 7). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

export function testUpdateKey(): KeyObject {
  const seed = createHash('sha256').update('bootcfg: the tests').digest()
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
}

/** For the image build, as BOOTCFG_UPDATE_KEY. */
export function writeTestUpdateKey(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, testUpdateKey().export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
}
