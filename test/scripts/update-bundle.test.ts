/**
 * scripts/update-key and scripts/update-bundle: a pair of keys that nobody else reads, a bundle that a box with the public
 * one installs.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { openHead } from '../../src/appliance/bundle.ts'
import { require } from '../support/requirements.ts'
import { temporaryFolder } from '../support/site.ts'

const SCRIPTS = join(import.meta.dirname, '../../scripts')

function run(script: string, args: readonly string[], home = '/nonexistent') {
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: '', SOURCE_DATE_EPOCH: '1795406400' }
  const { status, stdout, stderr } = spawnSync(join(SCRIPTS, script), args, { env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('a key pair: for its owner alone, outside of the project, never overwritten', () => {
  using folder = temporaryFolder()
  expect(run('update-key', [], folder.path).stdout).toContain('BOOTCFG_UPDATE_KEY=')
  const key = join(folder.path, '.config/bootcfg/update-key.pem')
  expect(statSync(key).mode & 0o777).toBe(0o600)
  expect(createPublicKey(readFileSync(key)).export({ type: 'spki', format: 'pem' })).toBe(
    readFileSync(key.replace('.pem', '.pub'), 'utf8'),
  )
  const before = readFileSync(key, 'utf8')
  expect(run('update-key', [], folder.path)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('is there already') as string,
  })
  expect(readFileSync(key, 'utf8')).toBe(before)
  const inside = join(SCRIPTS, 'update-key.pem')
  expect(run('update-key', [inside])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('inside of the project') as string,
  })
  expect(existsSync(inside)).toBe(false)
})

test('a public key that is there already stays, and no private key is left without it', () => {
  using folder = temporaryFolder()
  writeFileSync(join(folder.path, 'key.pub'), 'mine')
  expect(run('update-key', [join(folder.path, 'key.pem')]).status).toBe(1)
  expect(readdirSync(folder.path)).toEqual(['key.pub'])
})

test('a bundle of a slot: the same bytes each time, and the public key opens it', (context) => {
  require(context, [['mkfs.fat', 'dosfstools']])
  using folder = temporaryFolder()
  const [slot, key] = [join(folder.path, 'slot.fat'), join(folder.path, 'key.pem')]
  writeFileSync(slot, '')
  truncateSync(slot, 96 << 20)
  execFileSync('mkfs.fat', [slot], { stdio: 'ignore' })
  run('update-key', [key])
  const make = (output: string) =>
    run('update-bundle', [slot, '1.2.3', 'arm64', key, '--output', join(folder.path, output)])
  expect(make('once')).toMatchObject({ status: 0, stderr: '' })
  make('again')
  const bundle = readFileSync(join(folder.path, 'once/bootcfg-1.2.3-arm64.bootcfg-update'))
  expect(bundle.equals(readFileSync(join(folder.path, 'again/bootcfg-1.2.3-arm64.bootcfg-update')))).toBe(true)
  const { manifest, contentsAt } = openHead(bundle, createPublicKey(readFileSync(join(folder.path, 'key.pub'))))
  expect(manifest).toMatchObject({
    version: '1.2.3',
    arch: 'arm64',
    minimum: '0.0.0',
    created: '2026-11-23T04:00:00Z',
    slotBytes: 96 << 20,
    bytes: bundle.length - contentsAt,
  })
})

test('what cannot become a bundle is said', () => {
  using folder = temporaryFolder()
  const [slot, key] = [join(folder.path, 'slot.fat'), join(folder.path, 'key.pem')]
  run('update-key', [key])
  writeFileSync(slot, Buffer.alloc(4096))
  //  arguments                                                     said
  const cases: [string[], string][] = [
    [[slot, '1.2.3', 'amd64'], 'Usage:'],
    [[slot, '1.2.3', 'riscv64', key], 'Usage:'],
    [[slot, '1.2.3', 'amd64', key], 'no FAT file system'],
    [[slot, '1.2.3', 'amd64', key.replace('.pem', '.pub')], 'is the public key'],
    [[slot, '1.2.3', 'amd64', slot], 'is no Ed25519 key'],
  ]
  for (const [args, said] of cases) {
    const { status, stderr } = run('update-bundle', args)
    expect(stderr).toContain(said)
    expect(status).not.toBe(0)
  }
})
