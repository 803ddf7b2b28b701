/**
 * A folder becomes a layer: a tar archive, gzipped, kept as a blob under its SHA-256.
 *
 * The bytes depend on the names, the links, the contents and the "executable" bits in the folder, and on nothing else: not on
 * where it is, who owns it, when it was made or with which umask. GNU gzip and not node:zlib: the latter takes other ways,
 * with other bytes, on other processors.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/layer.md
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

export interface Layer {
  /** SHA-256 of what is stored, as `sha256:…`. */
  readonly digest: string
  /** Of the archive before compression: how the image's config names it. */
  readonly diffId: string
  /** As stored. */
  readonly bytes: number
}

export interface Look {
  /** Of every file, in seconds since 1970. */
  readonly epoch: number
  /** User and group of every file, as a number. */
  readonly owner: number
}

/**
 * @param blobs - the folder `blobs/sha256` of the image
 * @throws Error with what the program said that failed
 */
export async function writeLayer(folder: string, blobs: string, look: Look): Promise<Layer> {
  const archive = await startTar(folder, look)
  const gzip = spawn('gzip', ['-6', '--no-name'], { stdio: 'pipe' })
  const [plain, stored] = [createHash('sha256'), createHash('sha256')]
  const unnamed = join(blobs, `unnamed-${look.owner}`)
  const file = createWriteStream(unnamed)
  await Promise.all([
    succeeded(archive, 'tar'),
    succeeded(gzip, 'gzip'),
    pipeline(archive.stdout, hashed(plain), gzip.stdin),
    pipeline(gzip.stdout, hashed(stored), file),
  ])
  const hex = stored.digest('hex')
  await rename(unnamed, join(blobs, hex))
  return { digest: `sha256:${hex}`, diffId: `sha256:${plain.digest('hex')}`, bytes: file.bytesWritten }
}

/** Writes the whole folder, as it is in the folder's own order of names, into one archive file. */
export async function writeArchive(folder: string, to: string, look: Look): Promise<void> {
  const archive = await startTar(folder, look)
  await Promise.all([succeeded(archive, 'tar'), pipeline(archive.stdout, createWriteStream(to))])
}

/** ustar, the plainest format: it fails on what it cannot hold (names beyond 255 bytes) instead of adding records. */
async function startTar(folder: string, { epoch, owner }: Look) {
  const names = (await readdir(folder)).toSorted()
  const facts = ['--mode=u=rwX,go=rX', `--mtime=@${epoch}`, `--owner=${owner}`, `--group=${owner}`, '--numeric-owner']
  const order = ['--format=ustar', '--sort=name', '--hard-dereference']
  return spawn('tar', ['--create', ...order, ...facts, '--directory', folder, '--', ...names], {
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    stdio: 'pipe',
  })
}

function hashed(hash: Hash) {
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk)
      yield chunk
    }
  }
}

async function succeeded(child: ChildProcessWithoutNullStreams, name: string): Promise<void> {
  const [said, [status]] = await Promise.all([text(child.stderr), once(child, 'close')])
  if (status !== 0) throw new Error(`${name} ended with status ${status}: ${said}`)
}
