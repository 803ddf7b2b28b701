/**
 * The key ring that signs: from the bytes of a file to one unlocked OpenPGP key (RFC 4880 section 11.2).
 *
 * The first secret key of the ring is the one, through its newest signing subkey whose secret part is in the ring, else by
 * itself, as gpg chooses. Making signatures is `signer.ts`.
 */
import type { AnySecretKeyPacket, Config, PrivateKey, Subkey } from 'openpgp'

import { reasonOf } from './errors.ts'

export type OpenPgp = typeof import('openpgp')

/** The key ring cannot sign. The message is one line: which file, what is wrong with it, what to do. */
export class KeyRingError extends Error {
  override readonly name = 'KeyRingError'
  readonly code: 'no-key' | 'public-only' | 'passphrase-missing' | 'passphrase-wrong' | 'unusable'

  constructor(code: KeyRingError['code'], keyRingPath: string, message: string) {
    super(`key ring ${keyRingPath}: ${message.replaceAll(/\s+/g, ' ')}`)
    this.code = code
  }
}

export interface SigningKey {
  /** Unlocked. */
  readonly packet: AnySecretKeyPacket
  /** Lines an operator should see. */
  readonly warnings: readonly string[]
}

/**
 * Find the key that signs, and unlock it.
 *
 * @param ring - OpenPGP packets or ASCII armor, as `gpg --export-secret-keys` and the `secring.gpg` of GnuPG 1
 * @throws {KeyRingError} and nothing else
 */
export async function openKeyRing(
  openpgp: OpenPgp,
  keyRingPath: string,
  ring: Uint8Array,
  passphrase: string | undefined,
  now: Date,
): Promise<SigningKey> {
  const config = settings(openpgp)
  const key = await readFirstKey(openpgp, keyRingPath, ring, config)
  const chosen = await chooseSigningKey(keyRingPath, key, now, config)
  await unlock(keyRingPath, chosen.packet, passphrase)
  return chosen
}

/** openpgp.js refuses keys it finds weak. The operator chose this one, and their machines know it: sign. */
function settings(openpgp: OpenPgp): Config {
  return {
    ...openpgp.config,
    minRSABits: 1024,
    rejectPublicKeyAlgorithms: new Set(),
    rejectCurves: new Set(),
    rejectHashAlgorithms: new Set([openpgp.enums.hash.md5]),
    allowMissingKeyFlags: true, // keys of the nineties have none
  }
}

const EXPORT = 'gpg --export-secret-keys KEYID > secring.gpg'
const ARMOR_SECRET = '-----BEGIN PGP PRIVATE KEY BLOCK-----'
const ARMOR_PUBLIC = '-----BEGIN PGP PUBLIC KEY BLOCK-----'

async function readFirstKey(
  openpgp: OpenPgp,
  keyRingPath: string,
  ring: Uint8Array,
  config: Config,
): Promise<PrivateKey> {
  const text = Buffer.from(ring.buffer, ring.byteOffset, ring.byteLength).toString('latin1')
  const armorAt = text.indexOf(ARMOR_SECRET)
  const tag = firstTag(ring)
  if (armorAt < 0 && tag === undefined && !text.includes(ARMOR_PUBLIC)) {
    const what = ring.length === 0 ? 'is empty' : 'is not an OpenPGP key ring'
    throw new KeyRingError('no-key', keyRingPath, `${what}; export a secret key: ${EXPORT}`)
  }
  try {
    if (armorAt >= 0) return await openpgp.readPrivateKey({ armoredKey: text.slice(armorAt), config })
    if (tag !== undefined) return await openpgp.readPrivateKey({ binaryKey: ring, config })
  } catch (error) {
    if (tag !== openpgp.enums.packet.publicKey) {
      throw new KeyRingError('no-key', keyRingPath, `no usable secret key (${reasonOf(error)}); export one: ${EXPORT}`)
    }
  }
  throw new KeyRingError('public-only', keyRingPath, `holds public keys only; export the secret one: ${EXPORT}`)
}

/** The tag of the first packet, or undefined when these bytes start no packet (RFC 4880 section 4.2). */
function firstTag(ring: Uint8Array): number | undefined {
  const first = ring[0] ?? 0
  if ((first & 0x80) === 0) return undefined
  return (first & 0x40) === 0 ? (first >> 2) & 0x0f : first & 0x3f
}

/** The curves that the library can compute with on Node. */
const CURVES: ReadonlySet<string> = new Set(['ed25519Legacy', 'ed25519', 'ed448', 'nistP256', 'nistP384', 'nistP521'])

/** The newest subkey that may sign, else the primary key; only those whose secret part is in the ring. */
async function chooseSigningKey(keyRingPath: string, key: PrivateKey, now: Date, config: Config): Promise<SigningKey> {
  const held = key.getKeys().filter((candidate) => secretPacket(candidate) !== undefined)
  if (held.length === 0) {
    const message = `holds no readable secret part of key ${keyId(key.keyPacket)}; export the whole key: ${EXPORT}`
    throw new KeyRingError('unusable', keyRingPath, message)
  }
  const { curve } = key.getAlgorithmInfo()
  if (curve && !CURVES.has(curve)) {
    const message = `key ${keyId(key.keyPacket)} is on the curve ${curve}, which cannot sign here; use RSA or Ed25519`
    throw new KeyRingError('unusable', keyRingPath, message)
  }
  let refusal: unknown
  for (const date of [now, null]) {
    const usable: { packet: AnySecretKeyPacket; isSubkey: boolean }[] = []
    for (const candidate of held) {
      try {
        const found = await key.getSigningKey(candidate.getKeyID(), date, undefined, config)
        const packet = secretPacket(found)
        if (packet) usable.push({ packet, isSubkey: found !== key })
      } catch (error) {
        if (date) refusal ??= error
      }
    }
    usable.sort((a, b) => Number(b.isSubkey) - Number(a.isSubkey) || +b.packet.created - +a.packet.created)
    const packet = usable[0]?.packet
    if (packet) return { packet, warnings: date ? [] : [outOfDate(keyRingPath, packet, now)] }
  }
  const message = `key ${keyId(key.keyPacket)} may not sign: ${reasonOf(refusal)}; put a key first that may`
  throw new KeyRingError('unusable', keyRingPath, message)
}

function secretPacket(key: PrivateKey | Subkey): AnySecretKeyPacket | undefined {
  const packet = key.keyPacket
  return 'isMissingSecretKeyMaterial' in packet && !packet.isMissingSecretKeyMaterial() ? packet : undefined
}

function outOfDate(keyRingPath: string, packet: AnySecretKeyPacket, now: Date): string {
  const key = `key ring ${keyRingPath}: key ${keyId(packet)}`
  const [made, today] = [packet.created.toISOString(), now.toISOString()]
  return packet.created > now
    ? `${key} was made at ${made}, and the clock says ${today}; set the clock, until then gpg refuses what is signed`
    : `${key} has expired; it still signs and gpg notes it: extend it (gpg --quick-set-expire) and export it again`
}

async function unlock(keyRingPath: string, packet: AnySecretKeyPacket, passphrase: string | undefined): Promise<void> {
  if (packet.isDecrypted()) return
  const id = keyId(packet)
  if (!passphrase) {
    const message = `key ${id} is locked; set its passphrase in the variable BOOTCFG_PASSPHRASE`
    throw new KeyRingError('passphrase-missing', keyRingPath, message)
  }
  try {
    await packet.decrypt(passphrase)
  } catch (error) {
    if (!reasonOf(error).startsWith('Incorrect key passphrase')) {
      const message = `key ${id} cannot be unlocked: ${reasonOf(error)}; export it again with a current gpg`
      throw new KeyRingError('unusable', keyRingPath, message)
    }
    const message = `the passphrase in BOOTCFG_PASSPHRASE is not that of key ${id}; set the right one`
    throw new KeyRingError('passphrase-wrong', keyRingPath, message)
  }
}

/** 16 hexadecimal digits, upper case, as gpg prints it. */
export function keyId(packet: { getKeyID(): { toHex(): string } }): string {
  return packet.getKeyID().toHex().toUpperCase()
}
