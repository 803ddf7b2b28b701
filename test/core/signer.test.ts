/**
 * Keys and verdicts are those of the real gpg (Debian's package gnupg); the tests that need it are skipped without it.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { KeyRingError } from '../../src/core/key-ring.ts'
import { loadSigner, type Signer } from '../../src/core/signer.ts'
import { require } from '../support/requirements.ts'

/**
 * The secring.gpg and pubring.gpg of a GnuPG 1.4, as bootcfg 0.2 was pointed at: RSA 1024, locked with CAST5 and the
 * passphrase `bootcfg`. A key for this test and nothing else.
 */
const OLD_RING = Buffer.from(
  'lQH+BGsDZ8YBBAC+fD0wH6ypkdyKxEGbFCm+nsn+fRkVM/zPc1Ngi5jrslS6W44Qa06t4XaJwy/k+Bo/8Db0WmABMdV8ZmBe25uAWj7VhSyVDd4TSYvd' +
    '2RqWzZ1V6cvSg+hTtLe8uywQQZqIUI2jdcu/V7Rpqj6HlsDj3JI/z0ImWLq+0paqGTxpFwARAQAB/gMDAk4s3KLIhjruYG6j9zSENcjUNd/GWZIJLx5u' +
    'IBcVU+64Z826zRxvQ30Bbgnm6E5tcbYxI2s5y/smVmYdiL68VVaG6UuyQH9GHs4RqTQc306c07VYVE7Aliq7ZlwwmLcQVgWy/SYwrdvUiNpC0v8hLZYv' +
    'XvHpWkKVYc87ugzLcf4OZ8KcFULbIzB1JMMHn+XT7q7zcG7BuTHUGefE27GtTXjiW0PspfzrubMqE5wkwIs/fuFfW1R87IRHvVTAv6k66lvanXL6BSMJ' +
    'FQJ5Gu1ZfPSiup2S3tXpTHi7EeYPaWRXw+bJ4HHL0fR8HuKHJWvOu7jfI3ng2bbyczefGFmxH+LwTp+SzFSF2b3mTZ0eGwnQXXSvnOysbFfiwGXYvzpT' +
    'U3zh4AuEomN9M92i59LJ+WmOxQaO78uhjdkYVXUJTwMlco5I3aef5rKX8KT2YFjtJkR39c8hg0oys2eIOBEq8IbaqS1C4DJfnU2KaRNbtAhPbGQgcmlu' +
    'Z4i4BBMBCAAiBQJrA2fGAhsDBgsJCAcDAgYVCAIJCgsEFgIDAQIeAQIXgAAKCRAvZhUOtP4qU1nuBACVD383WEyFfaal2bjCSSws8HryFM4By5ZuPKtw' +
    'OnSezIHj/o1Lb7cJoVFTLsHRh+hn99T8xQy/3PEUJcB594dTij1A9fozKDsNvGhxFrOZTevJAie20I1Dy3VvqZu3Qftww3euQMJyNn3ndukvnpuj/VsJ' +
    'BSXEwhg4E7V+Ak3YdLACAAA=',
  'base64',
)
const OLD_PUBLIC = Buffer.from(
  'mI0EawNnxgEEAL58PTAfrKmR3IrEQZsUKb6eyf59GRUz/M9zU2CLmOuyVLpbjhBrTq3hdonDL+T4Gj/wNvRaYAEx1XxmYF7bm4BaPtWFLJUN3hNJi93Z' +
    'GpbNnVXpy9KD6FO0t7y7LBBBmohQjaN1y79XtGmqPoeWwOPckj/PQiZYur7SlqoZPGkXABEBAAG0CE9sZCByaW5niLgEEwEIACIFAmsDZ8YCGwMGCwkI' +
    'BwMCBhUIAgkKCwQWAgMBAh4BAheAAAoJEC9mFQ60/ipTWe4EAJUPfzdYTIV9pqXZuMJJLCzwevIUzgHLlm48q3A6dJ7MgeP+jUtvtwmhUVMuwdGH6Gf3' +
    '1PzFDL/c8RQlwHn3h1OKPUD1+jMoOw28aHEWs5lN68kCJ7bQjUPLdW+pm7dB+3DDd65AwnI2fed26S+em6P9WwkFJcTCGDgTtX4CTdh0',
  'base64',
)

const gpgIsHere = spawnSync('gpg', ['--version']).status === 0
const RING = '/etc/bootcfg/secring.gpg'
const text = (body: string): Buffer => Buffer.from(body)

let home = ''

function gpg(args: string[], input: string | Uint8Array = ''): Buffer {
  const quiet = ['--batch', '--no-tty', '--quiet', '--no-auto-check-trustdb', '--pinentry-mode', 'loopback']
  return execFileSync('gpg', ['--homedir', home, ...quiet, ...args], { input, stdio: ['pipe', 'pipe', 'pipe'] })
}

interface Wish {
  usage?: string
  passphrase?: string
  expires?: string
  /** Add a signing subkey of this algorithm. */
  subkey?: string
  options?: string[]
}

/** Make a key that lives in gpg from now on. */
function makeKey(name: string, algorithm: string, wish: Wish = {}): void {
  const lock = ['--passphrase', wish.passphrase ?? '']
  const { usage = 'sign', expires = 'never', options = [] } = wish
  gpg([...options, ...lock, '--quick-generate-key', `<${name}@bootcfg.test>`, algorithm, usage, expires])
  if (wish.subkey) gpg([...lock, '--quick-add-key', fingerprint(name), wish.subkey, 'sign', 'never'])
}

interface Export {
  passphrase?: string | undefined
  armored?: boolean
  what?: string
}

function exported(name: string, { passphrase = '', armored = false, what = '--export-secret-keys' }: Export = {}) {
  const format = armored ? ['--armor'] : []
  return gpg(['--passphrase', passphrase, ...format, what, `${name}@bootcfg.test`])
}

/** Of the primary key, or of its first subkey. */
function fingerprint(name: string, at: 'pub' | 'sub' = 'pub'): string {
  const listing = gpg(['--with-colons', '--list-keys', `${name}@bootcfg.test`]).toString()
  const found = new RegExp(`^${at}:.*\\nfpr:+([0-9A-F]+):`, 'm').exec(listing)?.[1]
  if (!found) throw new Error(`no ${at} of ${name} in ${listing}`)
  return found
}

interface Verdict {
  status: number | null
  keyId: string | undefined
  /** 00 is a binary document, 01 a canonical text document. */
  type: string | undefined
  said: string
}

function verify(signature: Uint8Array | string, body: Uint8Array): Verdict {
  const [signaturePath, bodyPath] = [join(home, 'signature'), join(home, 'body')]
  writeFileSync(signaturePath, signature)
  writeFileSync(bodyPath, body)
  const args = ['--homedir', home, '--batch', '--no-auto-check-trustdb', '--status-fd', '1', '--verify']
  const run = spawnSync('gpg', [...args, signaturePath, bodyPath], { encoding: 'utf8' })
  const valid = / VALIDSIG [0-9A-F]*([0-9A-F]{16}) \S+ \d+ \d+ \d+ \S+ \d+ \d+ ([0-9A-F]{2}) /.exec(run.stdout)
  return { status: run.status, keyId: valid?.[1], type: valid?.[2], said: run.stdout + run.stderr }
}

/** Load a ring that must be refused, in one line that says where, what, and what to do. */
async function refused(ring: Uint8Array, passphrase?: string): Promise<KeyRingError> {
  const thrown: unknown = await loadSigner(RING, ring, passphrase).catch((error: unknown) => error)
  if (!(thrown instanceof KeyRingError)) throw new Error(`not refused: ${String(thrown)}`)
  expect(thrown.message).toMatch(/^key ring \/etc\/bootcfg\/secring\.gpg: [^\n]+; [^\n]+$/)
  return thrown
}

/** Both spellings verify, over this body only. */
async function expectGoodSignatures(signer: Signer, key?: string): Promise<void> {
  const body = text('#!ipxe\nkernel /assets/vmlinuz\n')
  const signature = await signer.sign(body)
  expect(signer.warnings).toEqual([])
  if (key) expect(signer.keyId).toBe(key.slice(-16))
  for (const spelling of [signature.armored, signature.binary]) {
    const verdict = verify(spelling, body)
    expect(verdict, verdict.said).toMatchObject({ status: 0, keyId: signer.keyId, type: '01' })
    expect(verify(spelling, text('#!ipxe\nkernel /assets/vmlinux\n')).status).toBe(1)
  }
}

function inTheYear2000(): Date {
  return new Date('2000-01-01T00:00:00Z')
}

describe('with gpg', () => {
  beforeEach((context) => require(context, [['gpg', 'gnupg']]))
  beforeAll(() => {
    if (!gpgIsHere) return
    home = mkdtempSync(join(tmpdir(), 'bootcfg-gpg-'))
    gpg(['--import'], OLD_PUBLIC)
  })

  afterAll(() => {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
    rmSync(home, { recursive: true, force: true })
  })

  describe('gpg verifies .asc and .sig of a key of every kind', () => {
    const kinds: [string, Wish?][] = [
      ['rsa2048'],
      ['rsa1024'],
      ['rsa2048', { passphrase: 'käse und brot' }],
      ['ed25519'],
      ['ed25519', { passphrase: 'open sesame' }],
      ['nistp256'],
      ['nistp384'],
      ['nistp521'],
      ['dsa2048'],
    ]
    for (const [at, [algorithm, wish = {}]] of kinds.entries()) {
      test(`${algorithm}${wish.passphrase ? ', locked' : ''}, binary ring and armored ring`, async () => {
        makeKey(`kind${at}`, algorithm, wish)
        for (const armored of [false, true]) {
          const ring = exported(`kind${at}`, { passphrase: wish.passphrase, armored })
          await expectGoodSignatures(await loadSigner(RING, ring, wish.passphrase), fingerprint(`kind${at}`))
        }
      })
    }

    test('a ring of GnuPG 1.4 that is locked with CAST5', async () => {
      await expectGoodSignatures(await loadSigner(RING, OLD_RING, 'bootcfg'))
    })
  })

  describe('the key that signs', () => {
    test('is the first of the ring', async () => {
      makeKey('one', 'ed25519')
      makeKey('two', 'rsa1024')
      const [one, two] = [exported('one'), exported('two')]
      const oneFirst = await loadSigner(RING, Buffer.concat([one, two]), undefined)
      const twoFirst = await loadSigner(RING, Buffer.concat([two, one]), undefined)
      await expectGoodSignatures(oneFirst, fingerprint('one'))
      await expectGoodSignatures(twoFirst, fingerprint('two'))
    })

    test('is a signing subkey rather than the primary key', async () => {
      makeKey('sub', 'ed25519', { subkey: 'rsa2048' })
      await expectGoodSignatures(await loadSigner(RING, exported('sub'), undefined), fingerprint('sub', 'sub'))
    })

    test('is the subkey when the primary key is kept offline', async () => {
      makeKey('offline', 'rsa2048', { subkey: 'ed25519', passphrase: 'pass' })
      const ring = exported('offline', { passphrase: 'pass', what: '--export-secret-subkeys' })
      await expectGoodSignatures(await loadSigner(RING, ring, 'pass'), fingerprint('offline', 'sub'))
    })

    test('needs no passphrase when it is not locked; one that is set does no harm', async () => {
      makeKey('open', 'ed25519')
      await expectGoodSignatures(await loadSigner(RING, exported('open'), 'of no use'))
    })
  })

  describe('bodies', () => {
    let signer: Signer
    beforeAll(async () => {
      makeKey('bodies', 'ed25519')
      signer = await loadSigner(RING, exported('bodies'), undefined)
    })

    const longLine = 'x'.repeat(19_990)
    const bodies: [string, string | Uint8Array, type: '00' | '01'][] = [
      ['LF', 'a\nb\n', '01'],
      ['CRLF', 'a\r\nb\r\n', '01'],
      ['both', 'a\nb\r\nc\n', '01'],
      ['trailing white space', 'a \t\n b\t \r\n', '01'],
      ['no final newline', '#!ipxe', '01'],
      ['nothing', '', '01'],
      ['newlines only', '\n\n\n', '01'],
      ['non-ASCII', 'größe: 10 µm — ✓\n', '01'],
      ['bytes that are not UTF-8', Uint8Array.of(0xff, 0xfe, 0x0a, 0x80, 0x00, 0xc3), '01'],
      ['a return inside a line', 'a\rb\n', '01'],
      ['dashes, as in armor', '-----BEGIN PGP SIGNATURE-----\n- -\n', '01'],
      ['1 MiB', 'kernel /assets/vmlinuz coreos.autologin\n'.repeat(26_215), '01'],
      ['lines as long as gpg reads them', `${longLine}\n${longLine.slice(1)}\r\n${longLine}`, '01'],
      ['a line longer than gpg reads, which gets a binary signature', `${longLine}x\n`, '00'],
      ['an Ignition config of 1 MiB in one line', `{"a":"${'y'.repeat(1024 * 1024)}"}`, '00'],
      ['returns that gpg would drop', 'a\r\r\nb\n', '00'],
      ['a return at the very end', 'a\r', '00'],
      ['a NUL at the end of a line, which gpg would drop', 'a\u0000\r\nb\n', '00'],
      ['a NUL elsewhere', 'a\u0000b\n\u0000c', '01'],
    ]
    for (const [name, body, type] of bodies) {
      test(name, async () => {
        const signature = await signer.sign(Buffer.from(body))
        for (const spelling of [signature.armored, signature.binary]) {
          const verdict = verify(spelling, Buffer.from(body))
          expect(verdict, verdict.said).toMatchObject({ status: 0, type })
        }
      })
    }

    test('any mixture of line ends', async () => {
      const pieces = fc.array(fc.constantFrom('\r', '\n', '\r\n', ' ', 'a', '\t\n', '\u0000', '\u0000\n'), {
        maxLength: 12,
      })
      await fc.assert(
        fc.asyncProperty(pieces, async (parts) => {
          const body = text(parts.join(''))
          const verdict = verify((await signer.sign(body)).binary, body)
          expect(verdict.status, verdict.said).toBe(0)
        }),
        { numRuns: 150 },
      )
    })

    test('.asc and .sig spell one signature, in armor without comment lines', async () => {
      const { armored, binary } = await signer.sign(text('one packet'))
      expect(armored).toMatch(/^-----BEGIN PGP SIGNATURE-----\n\n[A-Za-z0-9+/=\n]+\n-----END PGP SIGNATURE-----\n$/)
      const dearmored = gpg(['--dearmor'], armored)
      expect(dearmored.equals(binary)).toBe(true)
    })
  })

  describe('an old key', () => {
    test('that has expired signs with a warning, and gpg verifies with a note', async () => {
      makeKey('expired', 'ed25519', { expires: '1d', options: ['--faked-system-time', '20200101T000000'] })
      const signer = await loadSigner(RING, exported('expired'), undefined)
      expect(signer.warnings).toEqual([expect.stringMatching(/key [0-9A-F]{16} has expired; .*--quick-set-expire/)])
      const verdict = verify((await signer.sign(text('late\n'))).armored, text('late\n'))
      expect(verdict.status, verdict.said).toBe(0)
      expect(verdict.said).toContain('This key has expired!')
    })

    test('that has been revoked is refused', async () => {
      makeKey('revoked', 'ed25519')
      const path = join(home, 'openpgp-revocs.d', `${fingerprint('revoked')}.rev`)
      gpg(['--import'], readFileSync(path, 'utf8').replace(':-----BEGIN', '-----BEGIN'))
      const error = await refused(exported('revoked'))
      expect(error).toMatchObject({ code: 'unusable', message: expect.stringContaining('revoked') })
    })

    test('that is younger than the clock signs with a warning', async () => {
      makeKey('young', 'ed25519')
      const signer = await loadSigner(RING, exported('young'), undefined, undefined, inTheYear2000)
      expect(signer.warnings).toEqual([
        expect.stringContaining('the clock says 2000-01-01T00:00:00.000Z; set the clock'),
      ])
    })
  })

  describe('what cannot sign is refused with one line', () => {
    test('a locked key without its passphrase, or with another', async () => {
      makeKey('locked', 'ed25519', { passphrase: 'right' })
      const ring = exported('locked', { passphrase: 'right' })
      const missing = await refused(ring)
      expect(missing.code).toBe('passphrase-missing')
      expect(missing.message).toContain('BOOTCFG_PASSPHRASE')
      expect((await refused(ring, '')).code).toBe('passphrase-missing')
      const wrong = await refused(ring, 'wr0ng')
      expect(wrong.code).toBe('passphrase-wrong')
      expect(wrong.message).not.toContain('wr0ng')
    })

    test('public keys only, binary and armored', async () => {
      makeKey('public', 'ed25519')
      for (const armored of [false, true]) {
        const error = await refused(exported('public', { what: '--export', armored }))
        expect(error.code).toBe('public-only')
        expect(error.message).toContain('gpg --export-secret-keys')
      }
    })

    test('a key that only certifies', async () => {
      makeKey('certify', 'ed25519', { usage: 'cert' })
      expect((await refused(exported('certify'))).code).toBe('unusable')
    })

    test('a key on a curve that the library does not have', async () => {
      makeKey('brainpool', 'brainpoolP384r1')
      const error = await refused(exported('brainpool'))
      expect(error).toMatchObject({ code: 'unusable', message: expect.stringContaining('brainpoolP384r1') })
    })

    test('a stub whose secret part is elsewhere', async () => {
      makeKey('stub', 'rsa1024', { subkey: 'ed25519' })
      const ring = exported('stub', { what: '--export-secret-subkeys' })
      const stub = ring.subarray(0, lengthWithoutSubkey(ring))
      const error = await refused(stub)
      expect(error).toMatchObject({ code: 'unusable', message: expect.stringContaining('export the whole key') })
    })
  })
})

/** Where the first secret subkey packet (tag 7, old format as gpg writes it) starts. */
function lengthWithoutSubkey(ring: Buffer): number {
  let at = 0
  while (at < ring.length) {
    const header = ring.readUInt8(at)
    if (((header >> 2) & 0x0f) === 7) return at
    const lengthBytes = 1 << (header & 3)
    at += 1 + lengthBytes + ring.readUIntBE(at + 1, lengthBytes)
  }
  throw new Error('no subkey')
}

describe('without gpg', () => {
  test('a file that is no key ring is refused', async () => {
    expect((await refused(new Uint8Array())).message).toContain('is empty')
    expect((await refused(text('Key: (private-key (rsa (n #00'))).message).toContain('is not an OpenPGP key ring')
    expect((await refused(text('-----BEGIN RSA PRIVATE KEY-----\n'))).code).toBe('no-key')
  })

  test('a ring that is cut or damaged is refused, never worse', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(OLD_RING.length - 1), fc.nat(255), fc.boolean(), async (at, byte, cut) => {
        const ring = Buffer.from(OLD_RING)
        ring[at] = byte
        const loaded = loadSigner(RING, cut ? ring.subarray(0, at) : ring, 'bootcfg')
        const outcome: unknown = await loaded.catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(KeyRingError)
      }),
      { numRuns: 200 },
    )
  })

  test('a body is signed once: later calls and calls meanwhile get the same signature', async () => {
    const signer = await loadSigner(RING, OLD_RING, 'bootcfg')
    const [first, meanwhile] = await Promise.all([signer.sign(text('same')), signer.sign(text('same'))])
    expect(meanwhile).toBe(first)
    expect(await signer.sign(text('same'))).toBe(first)
    expect(await signer.sign(text('other'))).not.toBe(first)
  })

  test('the signature that was not asked for the longest is forgotten, by number and by bytes', async () => {
    const size = 4 * 1024
    for (const limits of [
      { signaturesMax: 2, bytesMax: size },
      { signaturesMax: 10, bytesMax: 1400 }, // a signature of RSA 1024 takes about 600 bytes
    ]) {
      const signer = await loadSigner(RING, OLD_RING, 'bootcfg', limits)
      const a = await signer.sign(text('a'))
      const b = await signer.sign(text('b'))
      expect(await signer.sign(text('a'))).toBe(a)
      await signer.sign(text('c'))
      expect(await signer.sign(text('a'))).toBe(a)
      expect(await signer.sign(text('b'))).not.toBe(b)
    }
  })
})
