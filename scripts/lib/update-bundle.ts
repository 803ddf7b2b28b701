/**
 * Makes update bundles and reads the keys that sign them, for scripts/update-bundle and the image build. The format is in
 * src/appliance/bundle.ts; the same slot, version and key make the same bytes (Ed25519 takes no random numbers).
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import { encodeHead, type Manifest, openHead } from '../../src/appliance/bundle.ts'
import { usedBytes } from '../../src/appliance/fat-used.ts'

export interface BundleFacts extends Pick<Manifest, 'version' | 'arch' | 'minimum'> {
  /** Of the commit; seconds since 1970. */
  readonly created: number
}

/**
 * @param image - the file system of a slot, whole
 * @throws {DiskError} it is none
 * @throws {Refusal} a box would refuse the bundle for what its manifest says
 */
export function makeBundle(image: Buffer, { version, arch, minimum, created }: BundleFacts, key: KeyObject): Buffer {
  const contents = image.subarray(0, usedBytes(image))
  const manifest: Manifest = {
    version,
    arch,
    minimum,
    created: new Date(created * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
    bytes: contents.length,
    slotBytes: image.length,
    sha256: createHash('sha256').update(contents).digest('hex'),
  }
  const head = encodeHead(manifest, key)
  openHead(head, createPublicKey(key))
  return Buffer.concat([head, contents])
}

export interface UpdateKey {
  /** What goes into the image, as update-key.pub: PEM. */
  readonly publicPem: string
  /** What signs bundles; undefined if the file has the public key alone. */
  readonly privateKey: KeyObject | undefined
}

/** @throws Error with the file's name: it cannot be read, or holds no Ed25519 key */
export async function readUpdateKey(path: string): Promise<UpdateKey> {
  const pem = await readFile(path, 'utf8')
  const isPrivate = pem.includes('PRIVATE KEY')
  try {
    const publicKey = createPublicKey(pem) // of a private key as well
    if (publicKey.asymmetricKeyType !== 'ed25519') throw new Error(`its type is ${publicKey.asymmetricKeyType}`)
    const publicPem = publicKey.export({ type: 'spki', format: 'pem' })
    return { publicPem, privateKey: isPrivate ? createPrivateKey(pem) : undefined }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${path} is no Ed25519 key in PEM form (make one with scripts/update-key): ${reason}`, {
      cause: error,
    })
  }
}
