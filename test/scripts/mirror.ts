/**
 * What the get-* scripts meet, made here: a web server on loopback that can misbehave, OpenPGP keys that live for one
 * test, and a way to run a script against both.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Requirement } from '../support/requirements.ts'

/** What the scripts and these tests run. */
export const TOOLS: readonly Requirement[] = [
  ['curl', 'curl'],
  ['gpg', 'gnupg'],
  ['gpgv', 'gpgv'],
  ['jq', 'jq'],
]

const SCRIPTS = join(import.meta.dirname, '../../scripts')

/** What goes wrong with one request. */
export type Trouble =
  | { do: 'answer'; status: number }
  | { do: 'cut'; after: number } // the connection ends after so many bytes of the body
  | { do: 'stall'; after: number } // the connection stays open and brings nothing more
  | { do: 'ignore-range' }
  | { do: 'drip'; bytes: number; everyMs: number }

export class Mirror {
  readonly files = new Map<string, Buffer>()
  /** Every request so far, as `path` or `path range`. */
  readonly requests: string[] = []
  readonly #troubles = new Map<string, Trouble[]>()
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  #port = 0

  static async start(): Promise<Mirror> {
    const mirror = new Mirror()
    await new Promise<void>((done) => mirror.#server.listen(0, '127.0.0.1', done))
    const address = mirror.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening on a port')
    mirror.#port = address.port
    return mirror
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  put(path: string, contents: Buffer | string): void {
    this.files.set(path, Buffer.from(contents))
  }

  /** The next requests for `path` meet these, one each; later ones are answered well. */
  trouble(path: string, ...troubles: Trouble[]): void {
    this.#troubles.set(path, troubles)
  }

  requestsFor(path: string): string[] {
    return this.requests.filter((request) => request.split(' ')[0] === path)
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!
    const range = request.headers.range
    this.requests.push(range === undefined ? path : `${path} ${range}`)
    const trouble = this.#troubles.get(path)?.shift()
    const file = this.files.get(path)
    if (trouble?.do === 'answer' || file === undefined) {
      response.writeHead(trouble?.do === 'answer' ? trouble.status : 404).end()
      return
    }
    const from = trouble?.do === 'ignore-range' ? 0 : Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    if (from > 0 && from >= file.length) {
      response.writeHead(416, { 'Content-Range': `bytes */${file.length}` }).end()
      return
    }
    const body = file.subarray(from)
    const headers = { 'Content-Length': body.length }
    if (from === 0) response.writeHead(200, headers)
    else response.writeHead(206, { ...headers, 'Content-Range': `bytes ${from}-${file.length - 1}/${file.length}` })
    if (trouble?.do === 'cut') response.write(body.subarray(0, trouble.after), () => response.destroy())
    else if (trouble?.do === 'stall') response.write(body.subarray(0, trouble.after))
    else if (trouble?.do === 'drip') await drip(response, body, trouble)
    else response.end(body)
  }
}

async function drip(response: ServerResponse, body: Buffer, pace: { bytes: number; everyMs: number }): Promise<void> {
  for (let at = 0; at < body.length && !response.destroyed; at += pace.bytes) {
    response.write(body.subarray(at, at + pace.bytes))
    await new Promise((done) => setTimeout(done, pace.everyMs))
  }
  response.end()
}

/** A throw-away OpenPGP key, made by the real gpg when it is first asked for something. */
export class Key {
  readonly #year: number | undefined
  #home: string | undefined

  /** @param year - the key is made, and signs, in this year, and expires a year later; absent: now, and never */
  constructor(year?: number) {
    this.#year = year
  }

  get fingerprint(): string {
    const listing = this.#gpg(['--with-colons', '--list-keys']).toString()
    return /^fpr:+([0-9A-F]{40}):/m.exec(listing)![1]!
  }

  /** The public key, armored. */
  get public(): Buffer {
    return this.#gpg(['--armor', '--export'])
  }

  sign(contents: Buffer | string): Buffer {
    return this.#gpg(['--detach-sign', '--output', '-'], contents)
  }

  clearsign(contents: string): Buffer {
    return this.#gpg(['--clearsign', '--output', '-'], contents)
  }

  /** One text signed by two keys, as Debian's InRelease is by several. */
  clearsignWith(other: Key, contents: string): Buffer {
    const users = [this.fingerprint, other.fingerprint].flatMap((fingerprint) => ['--local-user', fingerprint])
    this.#gpg(['--import'], other.#gpg(['--export-secret-keys']))
    return this.#gpg([...users, '--clearsign', '--output', '-'], contents)
  }

  forget(): void {
    if (this.#home === undefined) return
    execFileSync('gpgconf', ['--homedir', this.#home, '--kill', 'all'])
    rmSync(this.#home, { recursive: true, force: true })
  }

  #gpg(args: string[], input: Buffer | string = ''): Buffer {
    if (this.#home === undefined) {
      this.#home = mkdtempSync(join(tmpdir(), 'key-'))
      const life = this.#year === undefined ? '0' : '1y'
      this.#gpg(['--passphrase', '', '--quick-generate-key', 'Test <test@example.com>', 'ed25519', 'sign', life])
    }
    const clock = this.#year === undefined ? [] : ['--faked-system-time', `${this.#year}0601T000000!`]
    return execFileSync('gpg', ['--homedir', this.#home, '--batch', '--quiet', ...clock, ...args], {
      input,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
  }
}

export interface Outcome {
  status: number | null
  /** Everything the script said, on standard error and output. */
  said: string
}

export interface Run {
  ended: Promise<Outcome>
  /** What Ctrl-C does: the signal goes to the script and to the program it waits for. */
  interrupt(): void
}

/** Start `scripts/<name>`, impatient with networks. */
export function start(name: string, args: string[], env: NodeJS.ProcessEnv = {}): Run {
  const child = spawn(join(SCRIPTS, name), args, {
    env: { ...process.env, FETCH_RETRY_SECONDS: '0', FETCH_STALL_SECONDS: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, to be interrupted as a whole
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<Outcome>((done, failed) => {
    child.on('error', failed)
    child.on('close', (status) => done({ status, said }))
  })
  return { ended, interrupt: () => process.kill(-child.pid!, 'SIGINT') }
}

export function run(name: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return start(name, args, env).ended
}
