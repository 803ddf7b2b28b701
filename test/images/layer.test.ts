/**
 * Layers: the same content makes the same bytes, whatever the folder looks like otherwise.
 */
import { createHash } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readFileSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { run } from '../../images/appliance/build/run.ts'
import { writeLayer } from '../../images/oci/layer.ts'
import { temporaryFolder, writeFiles } from '../support/site.ts'

const LOOK = { epoch: 1_700_000_000, owner: 900 }

/** In another order, and with one that is private. */
function writeTree(folder: string, names: readonly string[], mode: number): void {
  for (const name of names) writeFiles(folder, { [name]: `content of ${name}` })
  symlinkSync('b/two', join(folder, 'link'))
  chmodSync(join(folder, 'b'), mode | 0o100)
  for (const name of names) chmodSync(join(folder, name), mode)
  chmodSync(join(folder, 'run'), mode | 0o100)
}

async function layerOf(folder: string, blobs: string) {
  const layer = await writeLayer(folder, blobs, LOOK)
  return { layer, file: join(blobs, layer.digest.replace('sha256:', '')) }
}

test('names, links, contents and what may be executed make a layer, and nothing else', async () => {
  using place = temporaryFolder()
  const [one, other, blobs] = ['one', 'other', 'blobs'].map((name) => join(place.path, name)) as [
    string,
    string,
    string,
  ]
  for (const folder of [one, other, blobs]) mkdirSync(folder)
  writeTree(one, ['a', 'b/two', 'b/Ä', 'run'], 0o644)
  writeTree(other, ['run', 'b/Ä', 'b/two', 'a'], 0o600)
  utimesSync(join(other, 'a'), 1, 1)
  linkSync(join(other, 'a'), join(place.path, 'also a'))
  const { layer, file } = await layerOf(one, blobs)
  expect(await layerOf(other, blobs)).toEqual({ layer, file })

  writeFiles(other, { a: 'another content of a' })
  expect((await layerOf(other, blobs)).layer.diffId).not.toBe(layer.diffId)
})

test('a layer goes by the hash of what is stored, and knows that of what is in it', async () => {
  using place = temporaryFolder()
  const [tree, blobs] = ['tree', 'blobs'].map((name) => join(place.path, name)) as [string, string]
  for (const folder of [tree, blobs]) mkdirSync(folder)
  writeTree(tree, ['a', 'b/two', 'run'], 0o600)
  const { layer, file } = await layerOf(tree, blobs)
  const stored = readFileSync(file)
  const hash = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  expect(layer).toEqual({ digest: hash(stored), diffId: hash(gunzipSync(stored)), bytes: stored.byteLength })

  const listed = await run(['tar', '--list', '--verbose', '--numeric-owner', '--utc', '--gzip', '--file', file])
  const at = '2023-11-14 22:13'
  expect(listed.toString().replaceAll(/ +/g, ' ').trim().split('\n')).toEqual([
    `-rw-r--r-- 900/900 12 ${at} a`,
    `drwxr-xr-x 900/900 0 ${at} b/`,
    `-rw-r--r-- 900/900 16 ${at} b/two`,
    `lrwxr-xr-x 900/900 0 ${at} link -> b/two`,
    `-rwxr-xr-x 900/900 14 ${at} run`,
  ])
})

test('a folder that tar cannot read makes no layer', async () => {
  using place = temporaryFolder()
  mkdirSync(join(place.path, 'tree'))
  writeFiles(join(place.path, 'tree'), { ['deep/'.repeat(60) + 'file']: 'too long a name for ustar' })
  mkdirSync(join(place.path, 'blobs'))
  await expect(layerOf(join(place.path, 'tree'), join(place.path, 'blobs'))).rejects.toThrow(
    /tar ended with status 2: .*file name is too long/,
  )
})
