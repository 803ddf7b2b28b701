/**
 * Update bundles: one file that is a signed manifest and the contents of a slot. Pure.
 *
 *   0   14  `bootcfg-update`
 *  14    2  format, 1
 *  16    4  length of the manifest, at most 4096
 *  20   64  Ed25519 signature of the manifest (RFC 8032)
 *  84       manifest: JSON, with the length and the SHA-256 of what follows
 *   …       the contents: a FAT file system, cut behind its last used cluster
 *
 * Numbers are big endian. Nothing of the manifest is looked at before its signature has been found good; the contents are
 * trusted through their hash in it. A bundle comes from the network or from a stick: any bytes give a `Refusal` or a
 * manifest, and nothing is ever read that is longer than the lengths above.
 */
import { sign, verify, type KeyObject } from 'node:crypto'

import { Refusal } from './refusal.ts'
import { isVersion } from './version.ts'

const MAGIC = 'bootcfg-update'
const FORMAT = 1
const AT = { format: 14, length: 16, signature: 20, manifest: 84 } as const
const SIGNATURE_BYTES = AT.manifest - AT.signature
const MANIFEST_BYTES_MAX = 4096

/** As much of a bundle as `openHead` wants to see. */
export const HEAD_BYTES_MAX = AT.manifest + MANIFEST_BYTES_MAX

/** Far more than a slot has. */
const SLOT_BYTES_MAX = 2 ** 31

export const ARCHITECTURES = ['amd64', 'arm64'] as const

export interface Manifest {
  /** As in `isVersion`. */
  readonly version: string
  readonly arch: (typeof ARCHITECTURES)[number]
  /** The oldest version that knows how to install this one. */
  readonly minimum: string
  /** Of the commit that it was built from; ISO 8601, UTC. */
  readonly created: string
  /** Of the contents in this file, and of the file system that they are the beginning of. */
  readonly bytes: number
  readonly slotBytes: number
  /** Of the contents, in hex. */
  readonly sha256: string
}

export interface Head {
  readonly manifest: Manifest
  /** Where the contents start in the file. */
  readonly contentsAt: number
}

/** What comes before the contents. */
export function encodeHead(manifest: Manifest, privateKey: KeyObject): Buffer {
  const text = Buffer.from(JSON.stringify(manifest))
  const head = Buffer.alloc(AT.manifest)
  head.write(MAGIC, 'latin1')
  head.writeUInt16BE(FORMAT, AT.format)
  head.writeUInt32BE(text.length, AT.length)
  sign(null, text, privateKey).copy(head, AT.signature)
  return Buffer.concat([head, text])
}

/**
 * @param bytes - the first `HEAD_BYTES_MAX` of the file, or all of it
 * @param key - undefined: none was built in, and nothing can be trusted
 * @throws {Refusal} and nothing else
 */
export function openHead(bytes: Buffer, key: KeyObject | undefined): Head {
  if (bytes.toString('latin1', 0, AT.format) !== MAGIC) throw new Refusal('not-a-bundle', 'this is no update bundle')
  if (bytes.length < AT.manifest) throw truncated()
  const format = bytes.readUInt16BE(AT.format)
  if (format !== FORMAT) {
    throw new Refusal('newer-format', `the bundle has format ${format}, this version knows format ${FORMAT}`)
  }
  const length = bytes.readUInt32BE(AT.length)
  if (length > MANIFEST_BYTES_MAX) throw new Refusal('not-a-bundle', `its manifest is ${length} bytes long`)
  const contentsAt = AT.manifest + length
  if (bytes.length < contentsAt) throw truncated()
  const text = bytes.subarray(AT.manifest, contentsAt)
  checkSignature(text, bytes.subarray(AT.signature, AT.manifest), key)
  return { manifest: parseManifest(text.toString()), contentsAt }
}

function truncated(): Refusal {
  return new Refusal('truncated', 'the bundle is cut off: copy or upload it again')
}

function checkSignature(text: Buffer, signature: Buffer, key: KeyObject | undefined): void {
  if (key === undefined) {
    throw new Refusal(
      'no-key',
      'this image was built without a key and takes no updates: make a key with scripts/update-key, build an image with BOOTCFG_UPDATE_KEY, and flash that',
    )
  }
  if (signature.equals(Buffer.alloc(SIGNATURE_BYTES))) throw new Refusal('unsigned', 'the bundle is not signed')
  if (verify(null, text, key, signature)) return
  throw new Refusal('wrong-key', 'the bundle is not signed with the key of this image, or was changed afterwards')
}

function parseManifest(text: string): Manifest {
  const { version, arch, minimum, created, bytes, slotBytes, sha256 } = fieldsOf(text)
  if (typeof version !== 'string' || !isVersion(version)) throw unclear('version')
  if (typeof minimum !== 'string' || !isVersion(minimum)) throw unclear('minimum')
  const known = ARCHITECTURES.find((name) => name === arch)
  if (known === undefined) throw unclear('arch')
  if (typeof created !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(created)) throw unclear('created')
  if (!isSize(slotBytes)) throw unclear('slotBytes')
  if (!isSize(bytes) || bytes > slotBytes) throw unclear('bytes')
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) throw unclear('sha256')
  return { version, arch: known, minimum, created, bytes, slotBytes, sha256 }
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // said below
  }
  throw new Refusal('bad-manifest', 'the manifest of the bundle is no JSON object')
}

function unclear(field: string): Refusal {
  return new Refusal('bad-manifest', `the manifest of the bundle has no usable field ${field}`)
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= SLOT_BYTES_MAX
}
