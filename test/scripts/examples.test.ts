/**
 * The examples hold together: what the specs name is what the get-* scripts fetch, the check finds nothing to say, and
 * no address is written into them.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

/** As the get-* scripts lay them out; v1alpha1 names files that nobody can fetch any more. */
const ASSETS = [
  'flatcar/current/flatcar_production_pxe.vmlinuz',
  'flatcar/current/flatcar_production_pxe_image.cpio.gz',
  'fedora-coreos/current/kernel',
  'fedora-coreos/current/initramfs.img',
  'fedora-coreos/current/rootfs.img',
  'debian/trixie/amd64/current/linux',
  'debian/trixie/amd64/current/initrd.gz',
  'coreos/899.6.0/coreos_production_pxe.vmlinuz',
  'coreos/899.6.0/coreos_production_pxe_image.cpio.gz',
]

let assets: string

beforeAll(() => {
  assets = mkdtempSync(join(tmpdir(), 'assets-'))
  for (const path of ASSETS) {
    mkdirSync(dirname(join(assets, path)), { recursive: true })
    writeFileSync(join(assets, path), '')
  }
})
afterAll(() => rmSync(assets, { recursive: true }))

test.each(['examples', 'examples/v1alpha1'])('bootcfg check finds nothing in %s', async (folder) => {
  const args = ['-config', `${folder}/config.yaml`, '-data-path', folder, '-assets-path', assets]
  const { stdout } = await promisify(execFile)('bin/bootcfg', ['check', ...args, '-json'], { cwd: ROOT })
  expect(JSON.parse(stdout)).toMatchObject({ problems: [] })
})

const specs = readdirSync(join(ROOT, 'examples/specs'))

test('there are specs to look at', () => {
  expect(specs.length).toBeGreaterThan(5)
})

test.each(specs)('spec %s boots at whatever address the server has', (id) => {
  const { boot } = JSON.parse(readFileSync(join(ROOT, 'examples/specs', id, 'spec.json'), 'utf8'))
  // iPXE knows one initrd per line, and the script has one line
  expect(boot.initrd).toHaveLength(1)
  for (const path of [boot.kernel, boot.initrd[0]]) {
    expect(path).toMatch(/^\/assets\//)
    expect(existsSync(join(assets, path.replace('/assets/', '')))).toBe(true)
  }
  for (const value of Object.values<string>(boot.cmdline)) {
    expect(value).not.toMatch(/:\/\//)
    const asset = /^\$\{cwduri\}assets\/(.*)$/.exec(value)?.[1]
    if (asset !== undefined) expect(existsSync(join(assets, asset))).toBe(true)
  }
  // UEFI wants the initrd's name among the arguments
  expect(boot.cmdline.initrd).toBe(boot.initrd[0].split('/').at(-1))
})
