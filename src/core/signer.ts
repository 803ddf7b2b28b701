/**
 * OpenPGP detached signatures over the bodies that machines are given (RFC 4880; the library is openpgp.js).
 *
 * The key ring (`key-ring.ts`) is read once and answers for the life of the process: no file, no agent, no passphrase
 * later on. A body is signed once; `.asc` and `.sig` are two spellings of that one signature.
 *
 * An expired key goes on signing, with a warning at the start. gpg verifies its signatures (exit status 0, "Note: This
 * key has expired!"), and a site that still boots is worth more at night than one that refuses to start. A revoked key
 * never signs.
 */
import { createHash } from 'node:crypto'

import type { AnySecretKeyPacket, Config } from 'openpgp'

import { reasonOf } from './errors.ts'
import { keyId, KeyRingError, type OpenPgp, openKeyRing } from './key-ring.ts'

declare module 'openpgp' {
  interface SignaturePacket {
    /** What `sign` takes: the library's own type names bytes where it reads a document, and leaves the settings out. */
    sign(key: AnySecretKeyPacket, document: Document, created: Date, detached: true, config: Config): Promise<void>
  }
}

interface Document {
  readonly text: null
  getBytes(): Uint8Array
}

interface Signature {
  /** ASCII armor, without comment or version lines, ending in a newline. */
  readonly armored: string
  /** The same signature packet as bytes. */
  readonly binary: Uint8Array
}

export interface Signer {
  /** Of the key that signs, which may be a subkey: 16 hexadecimal digits, upper case, as gpg prints it. */
  readonly keyId: string
  /** Lines an operator should see at the start, for example that the key has expired. */
  readonly warnings: readonly string[]
  /** Sign these bytes, or answer from the cache. The body must not change afterwards. */
  sign(body: Uint8Array): Promise<Signature>
}

export interface SignerLimits {
  /** Signatures kept; the one that was not asked for the longest goes first. */
  readonly signaturesMax: number
  /** Bytes kept, counted as armor plus packet (about 1 kB for RSA 4096). */
  readonly bytesMax: number
}

const LIMITS: SignerLimits = { signaturesMax: 10_000, bytesMax: 8 * 1024 * 1024 }

/**
 * Make a signer of a key ring.
 *
 * @param keyRingPath - only for messages
 * @param ring - the bytes of that file, binary or armored
 * @param passphrase - unlocks the key when it is locked, otherwise not looked at
 * @param now - the clock: signatures carry it, and it decides what has expired
 * @throws {KeyRingError} when nothing in the ring can sign
 */
export async function loadSigner(
  keyRingPath: string,
  ring: Uint8Array,
  passphrase: string | undefined,
  limits: SignerLimits = LIMITS,
  now: () => Date = () => new Date(),
): Promise<Signer> {
  const openpgp = await import('openpgp') // 45 ms, for those who sign
  const { packet, warnings } = await openKeyRing(openpgp, keyRingPath, ring, passphrase, now())
  const sign = (body: Uint8Array) => signBody(openpgp, packet, body, now())
  try {
    await sign(new Uint8Array()) // what this key cannot do should show now, not when a machine asks
  } catch (error) {
    throw new KeyRingError('unusable', keyRingPath, `key ${keyId(packet)} cannot sign: ${reasonOf(error)}; use another`)
  }
  return { keyId: keyId(packet), warnings, sign: signOnce(sign, limits) }
}

/**
 * Below `openpgp.sign`, for two reasons: that one makes text signatures of JavaScript strings only, and a body may hold
 * bytes that are not UTF-8; and it looks for a valid key each time, so that signing would end when the key expires.
 */
async function signBody(
  openpgp: OpenPgp,
  key: AnySecretKeyPacket,
  body: Uint8Array,
  created: Date,
): Promise<Signature> {
  const { enums } = openpgp
  const packet = new openpgp.SignaturePacket()
  packet.signatureType = readsAsWritten(body) ? enums.signature.text : enums.signature.binary
  packet.publicKeyAlgorithm = key.algorithm
  // SHA-256 as bootcfg 0.2 did. A curve wants a hash of at least its own size; SHA-512 is enough for all of them.
  const isClassic = key.algorithm === enums.publicKey.rsaEncryptSign || key.algorithm === enums.publicKey.dsa
  packet.hashAlgorithm = isClassic || key.algorithm === enums.publicKey.rsaSign ? enums.hash.sha256 : enums.hash.sha512
  await packet.sign(key, { text: null, getBytes: () => body }, created, true, openpgp.config)
  const packets = new openpgp.PacketList<typeof packet>()
  packets.push(packet)
  return { armored: new openpgp.Signature(packets).armor(), binary: packets.write() }
}

const NUL = 0x00
const LF = 0x0a
const CR = 0x0d

/** gpg gives up at 19,994 bytes with the line end (`MAX_LINELEN` in its g10/textfilter.c). */
const GPG_LINE_BYTES_MAX = 19_990

/**
 * Whether gpg hashes this text document as RFC 4880 section 5.2.4 has it.
 *
 * Of a line that is too long it hashes the beginning only, so that a text signature made by gpg itself would not cover the
 * rest; and it drops every return and NUL at the end of a line, not just the one return of a CRLF. A compact Ignition
 * config is one line, so this happens. Such a body gets a binary signature (type 0x00): verifiers take both types, and
 * this one covers every byte.
 */
function readsAsWritten(body: Uint8Array): boolean {
  let start = 0
  while (start < body.length) {
    const lineFeed = body.indexOf(LF, start)
    let end = lineFeed < 0 ? body.length : lineFeed
    if (end - start > GPG_LINE_BYTES_MAX) return false
    const next = end + 1
    if (lineFeed >= 0 && end > start && body[end - 1] === CR) end -= 1
    if (end > start && (body[end - 1] === CR || body[end - 1] === NUL)) return false
    start = next
  }
  return true
}

/** Sign each body once, callers that come meanwhile included; forget what was not asked for the longest. */
function signOnce(sign: (body: Uint8Array) => Promise<Signature>, limits: SignerLimits): Signer['sign'] {
  const pending = new Map<string, Promise<Signature>>()
  const kept = new Map<string, Signature>() // in the order of last use
  let bytes = 0

  function keep(hash: string, signature: Signature): void {
    kept.set(hash, signature)
    bytes += sizeOf(signature)
    for (const [oldest, old] of kept) {
      if (kept.size <= limits.signaturesMax && bytes <= limits.bytesMax) return
      kept.delete(oldest)
      bytes -= sizeOf(old)
    }
  }

  async function compute(hash: string, body: Uint8Array): Promise<Signature> {
    try {
      const signature = await sign(body)
      keep(hash, signature)
      return signature
    } finally {
      pending.delete(hash)
    }
  }

  return async (body) => {
    const hash = createHash('sha256').update(body).digest('base64')
    const signature = kept.get(hash)
    if (signature) {
      kept.delete(hash)
      kept.set(hash, signature)
      return signature
    }
    const running = pending.get(hash) ?? compute(hash, body)
    pending.set(hash, running)
    return running
  }
}

function sizeOf(signature: Signature): number {
  return signature.armored.length + signature.binary.length
}
