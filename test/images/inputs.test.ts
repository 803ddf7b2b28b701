/** What the image build reads before it makes anything: pins, kernel modules, programs. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { section, withoutSections } from '../../images/appliance/build/elf.ts'
import { packageFor, parseLock } from '../../images/appliance/build/inputs.ts'
import { aliasTable, dependencyTable, type Module } from '../../images/appliance/build/modules.ts'
import { temporaryFolder } from '../support/site.ts'

const HASH = 'a'.repeat(64)
const LOCK = `# What the appliance is made of
# 20260102T000000Z is when the archive had all of these
amd64 linux-image-6.12.1-amd64 6.12.1-1 ${HASH} 17 debian-security pool/updates/main/l/linux_1_amd64.deb
tools xz-utils 5.8.1-1 ${HASH} 18 debian pool/main/x/xz_1_amd64.deb
`

test('a lock says which packages, and the time of everything in the image', () => {
  const { inputs, epoch } = parseLock(LOCK)
  expect(new Date(epoch * 1000).toISOString()).toBe('2026-01-02T00:00:00.000Z')
  expect(packageFor(inputs, 'amd64', /^linux-image-/)).toEqual({
    for: 'amd64',
    name: 'linux-image-6.12.1-amd64',
    version: '6.12.1-1',
    sha256: HASH,
    bytes: 17,
    path: 'pool/updates/main/l/linux_1_amd64.deb',
  })
  expect(() => packageFor(inputs, 'arm64', 'xz-utils')).toThrow('no xz-utils for arm64')
})

test('a line of a lock that is none is named', () => {
  expect(() => parseLock(`${LOCK}riscv64 x 1 ${HASH} 1 debian x.deb\n`)).toThrow('not a package: riscv64 x')
})

const module = (name: string, depends: readonly string[], aliases: readonly string[] = []): Module => ({
  name,
  path: `kernel/${name}.ko`,
  file: '',
  depends,
  aliases,
  firmware: [],
})

test('what a module needs stands behind it, and what that needs further behind', () => {
  const modules = [module('r8169', ['libphy', 'realtek']), module('realtek', ['libphy']), module('libphy', [])]
  expect(dependencyTable({ release: '6', modules })).toBe(`kernel/r8169.ko: kernel/realtek.ko kernel/libphy.ko
kernel/realtek.ko: kernel/libphy.ko
kernel/libphy.ko:
`)
})

test('each alias leads to its module', () => {
  const modules = [module('nvme', [], ['pci:v*d*bc01', 'pci:v1'])]
  expect(aliasTable({ release: '6', modules })).toBe('alias pci:v*d*bc01 nvme\nalias pci:v1 nvme\n')
})

test('a program without its sections is smaller, and runs as before', () => {
  const program = readFileSync(process.execPath)
  const stripped = withoutSections(program)
  expect(stripped.length).toBeLessThan(program.length)
  expect(section(program, '.interp').toString()).toMatch(/^\/lib.*ld-linux/)
  using folder = temporaryFolder()
  const file = join(folder.path, 'node')
  writeFileSync(file, stripped, { mode: 0o755 })
  expect(execFileSync(file, ['--version'], { encoding: 'utf8' }).trim()).toBe(process.version)
})
