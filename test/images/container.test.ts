/**
 * The layout's own files: which image a tool finds, by which name, for which processor.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { type Container, type Part, writeContainer } from '../../images/oci/container.ts'
import { temporaryFolder, writeFiles } from '../support/site.ts'

const RELEASE = { version: '1.2.3', epoch: 1_700_000_000 }

function partIn(folder: string, architecture: Part['architecture']): Part {
  const [libs, app, licences] = ['libs', 'app', 'licences'].map((name) => join(folder, architecture, name)) as [
    string,
    string,
    string,
  ]
  writeFiles(libs, { 'usr/bin/node': `node for ${architecture}` })
  writeFiles(app, { 'app/bootcfg.mjs': 'server', 'app/data/config.yaml': 'groups: []' })
  writeFiles(licences, { NOTICE: 'of others' })
  return { architecture, libs, app, licences }
}

interface Descriptor {
  digest: string
  platform: object
  annotations: Record<string, string>
}

function read(container: Container, path: string): unknown {
  return JSON.parse(readFileSync(join(container.layout, path), 'utf8'))
}

function blob(container: Container, { digest }: { digest: string }): unknown {
  return read(container, `blobs/${digest.replace(':', '/')}`)
}

test('one architecture: the index leads to its manifest, by the version and by a name for containerd', async () => {
  using place = temporaryFolder()
  const out = join(place.path, 'dist')
  mkdirSync(out)
  const container = await writeContainer({ ...RELEASE, out, parts: [partIn(place.path, 'amd64')] })
  expect(container).toEqual({
    layout: join(out, 'bootcfg-1.2.3-oci-amd64'),
    archive: join(out, 'bootcfg-1.2.3-oci-amd64.tar'),
  })
  expect(read(container, 'oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' })
  const [found] = (read(container, 'index.json') as { manifests: [Descriptor] }).manifests
  expect(found.annotations).toEqual({
    'org.opencontainers.image.ref.name': '1.2.3',
    'io.containerd.image.name': 'docker.io/library/bootcfg:1.2.3',
  })
  const { config, layers } = blob(container, found) as { config: Descriptor; layers: Descriptor[] }
  const described = blob(container, config) as { architecture: string; created: string; rootfs: { diff_ids: string[] } }
  expect([described.architecture, described.created]).toEqual(['amd64', '2023-11-14T22:13:20Z'])
  expect(layers).toHaveLength(described.rootfs.diff_ids.length)
  for (const layer of layers) {
    expect(existsSync(join(container.layout, 'blobs', layer.digest.replace(':', '/')))).toBe(true)
  }
  expect(read(container, 'manifest.json')).toMatchObject([{ RepoTags: ['bootcfg:1.2.3'] }])
})

test('two architectures: one name, and each machine finds its own', async () => {
  using place = temporaryFolder()
  const parts = (['amd64', 'arm64'] as const).map((architecture) => partIn(place.path, architecture))
  const container = await writeContainer({ ...RELEASE, out: place.path, parts })
  const [both] = (read(container, 'index.json') as { manifests: [Descriptor] }).manifests
  const { manifests } = blob(container, both) as { manifests: Descriptor[] }
  expect(manifests.map(({ platform }) => platform)).toEqual([
    { architecture: 'amd64', os: 'linux' },
    { architecture: 'arm64', os: 'linux' },
  ])
  const configs = manifests.map((manifest) => (blob(container, manifest) as { config: Descriptor }).config)
  expect(configs.map((config) => (blob(container, config) as { architecture: string }).architecture)).toEqual([
    'amd64',
    'arm64',
  ])
  expect(existsSync(join(container.layout, 'manifest.json'))).toBe(false) // it could name one of them only
})

test('what an earlier build left is not in it', async () => {
  using place = temporaryFolder()
  writeFiles(place.path, { 'bootcfg-1.2.3-oci-amd64/blobs/sha256/old': '' })
  const { layout } = await writeContainer({ ...RELEASE, out: place.path, parts: [partIn(place.path, 'amd64')] })
  expect(existsSync(join(layout, 'blobs/sha256/old'))).toBe(false)
})
