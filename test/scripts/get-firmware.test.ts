/**
 * scripts/get-firmware against packages made here and an `apt-get` of a few lines: which package it takes, what it keeps,
 * what it leaves alone. That the real package can be had and boots machines is shown in test/firmware/.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { beforeEach, expect, test } from 'vitest'

import { require } from '../support/requirements.ts'
import { createProject, type Project } from './project.ts'

const NAMES = ['undionly.kpxe', 'snponly.efi', 'ipxe-arm64.efi']
const PINNED = '1.21.1+git20250501-1'

beforeEach((context) => require(context, [['dpkg-deb', 'dpkg']]))

test('the pinned package gives its files; a second run has nothing to do', () => {
  using site = siteWith(PINNED)
  expect(site.get()).toMatchObject({ status: 0 })
  expect(readdirSync(site.folder).toSorted()).toEqual(['.from-debian', ...NAMES].toSorted())
  for (const name of NAMES) expect(site.read(name), name).toBe(`${name} of ${PINNED}`)
  expect(site.asked()).toContain(`download ipxe=${PINNED}`)
  site.forget()
  expect(site.get()).toEqual({ status: 0, said: '' })
  expect(site.asked()).toBe('')
})

test('apt is asked for another suite, on the mirror of this system and with keys that are named', () => {
  using site = siteWith(PINNED)
  site.get()
  expect(site.read('../sources')).toBe(
    'Types: deb\nURIs: http://mirror.example/debian/\nSuites: trixie\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n',
  )
})

test('where the archive has only a newer build, that one is taken, and a line says so', () => {
  using site = siteWith(PINNED, { archive: '1.21.1+git20260101-1' })
  const { status, said } = site.get()
  expect(status).toBe(0)
  expect(said).toContain(`ipxe 1.21.1+git20260101-1 is not the pinned ${PINNED}: taking it (apt authenticated it`)
  expect(site.read('snponly.efi')).toBe('snponly.efi of 1.21.1+git20260101-1')
  expect(site.get(), 'it counts as done').toEqual({ status: 0, said: '' })
})

test('files of older pins are replaced', () => {
  using site = siteWith(PINNED)
  site.get()
  site.pin('1.22.0-1')
  expect(site.get()).toMatchObject({ status: 0 })
  expect(site.read('snponly.efi')).toBe('snponly.efi of 1.22.0-1')
})

test('the pinned version with other bytes is refused, and nothing of it is kept', () => {
  using site = siteWith(PINNED)
  site.build(PINNED, 'changed')
  const { status, said } = site.get()
  expect(status).toBe(1)
  expect(said).toContain('is not what was pinned')
  expect(readdirSync(site.folder)).toEqual([])
})

test('a build from before autoexec.ipxe is no use', () => {
  using site = siteWith(PINNED, { archive: '1.0.0+git-20190125-5' })
  const { status, said } = site.get()
  expect(status).toBe(3)
  expect(said).toContain('ipxe 1.0.0+git-20190125-5 is too old: 1.21.1 or later is needed')
})

test("someone else's iPXE is never touched", () => {
  using site = siteWith(PINNED)
  site.put('snponly.efi', 'my own build')
  const { status, said } = site.get()
  expect(status).toBe(0)
  expect(said).toContain(`snponly.efi is not from here and stays as it is`)
  expect(site.read('snponly.efi')).toBe('my own build')
  expect(site.read('undionly.kpxe')).toBe(`undionly.kpxe of ${PINNED}`)
  site.pin('1.22.0-1')
  site.put('undionly.kpxe', 'my own build as well')
  site.get()
  expect(NAMES.map((name) => site.read(name))).toEqual([
    'my own build as well',
    'my own build',
    'ipxe-arm64.efi of 1.22.0-1',
  ])
})

test('a folder that is complete without this script needs no package', () => {
  using site = siteWith(PINNED)
  for (const name of NAMES) site.put(name, 'my own build')
  expect(site.get()).toEqual({ status: 0, said: '' })
  expect(site.asked()).toBe('')
})

test('without a way to the archive it says what to put where, and what was there stays', () => {
  using site = siteWith(PINNED)
  site.get()
  site.pin('1.22.0-1')
  site.cutOff()
  const { status, said } = site.get()
  expect(status).toBe(3)
  expect(said).toContain("cannot fetch Debian's package ipxe of the suite trixie: no route\n")
  expect(said).toContain(NAMES.join(' '))
  expect(said).toContain(`scripts/get-firmware ${site.folder} ipxe_1.22.0-1_all.deb`)
  expect(site.read('snponly.efi')).toBe(`snponly.efi of ${PINNED}`)
})

test('without a Debian mirror among its sources a system is told so', () => {
  using site = siteWith(PINNED)
  site.strip()
  const { status, said } = site.get()
  expect(status).toBe(3)
  expect(said).toContain('no Debian mirror among the package sources of this system')
})

test('a package that was fetched by other means is taken from its file, without apt', () => {
  using site = siteWith(PINNED)
  site.cutOff()
  expect(site.get(site.folder, site.package(PINNED))).toMatchObject({ status: 0 })
  expect(site.read('undionly.kpxe')).toBe(`undionly.kpxe of ${PINNED}`)
})

for (const [args, status, message] of [
  [['--nonsense'], 2, 'unknown option --nonsense'],
  [['a', 'b', 'c'], 2, 'too many arguments'],
  [['folder', '/nowhere/ipxe.deb'], 1, 'cannot read /nowhere/ipxe.deb'],
] as const) {
  test(`${args.join(' ')}: exit status ${status}`, () => {
    using site = siteWith(PINNED)
    expect(site.get(...args)).toMatchObject({ status })
    expect(site.get(...args).said).toContain(message)
  })
}

/** A project whose pins are those of packages made here, and an archive that has one of them. */
function siteWith(pinned: string, { archive = pinned } = {}) {
  const project = createProject(['scripts/get-firmware', 'scripts/lib/debian.sh'])
  const at = (...path: string[]): string => join(project.path, ...path)
  const folder = at('firmware')
  const site = {
    folder,
    /** Runs the script; by default into the folder, with the archive. */
    get(...args: string[]) {
      const { status, stderr, stdout } = spawnSync(at('scripts/get-firmware'), args, {
        encoding: 'utf8',
        env: { ...process.env, PATH: `${at('path')}:${process.env['PATH']}` },
      })
      return { status, said: stdout + stderr }
    },
    read: (name: string) => readFileSync(join(folder, name), 'utf8'),
    put(name: string, content: string) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, name), content)
    },
    /** What apt-get was told so far, one line a call. */
    asked: () => (existsSync(at('asked')) ? readFileSync(at('asked'), 'utf8') : ''),
    forget: () => rmSync(at('asked'), { force: true }),
    package: (version: string) => at('archive', `ipxe_${version}_all.deb`),
    build: (version: string, content = '') => build(project, version, content),
    /** The pins become those of this version, and the archive has it. */
    pin(version: string) {
      rmSync(at('archive'), { recursive: true, force: true })
      site.build(version)
      const lines = [
        `${sha256(readFileSync(site.package(version)))}  ipxe_${version}_all.deb`,
        ...NAMES.map((name) => `${sha256(contentOf(name, version))}  ${name}`),
      ]
      mkdirSync(at('images/firmware'), { recursive: true })
      writeFileSync(at('images/firmware/SHA256SUMS'), `${lines.join('\n')}\n`)
    },
    cutOff: () =>
      project.program('path/apt-get', APT_GET.replace('update)', 'update) echo "E: no route" >&2; exit 100 ;')),
    /** No source is Debian's own. */
    strip: () =>
      project.program('path/apt-get', APT_GET.replaceAll('mirror.example/debian/ ', 'mirror.example/ tools-')),
    [Symbol.dispose]: () => project[Symbol.dispose](),
  }
  site.pin(pinned)
  if (archive !== pinned) {
    rmSync(site.package(pinned))
    site.build(archive)
  }
  project.program('path/apt-get', APT_GET)
  return site
}

/** Answers from the folder `archive`. */
const APT_GET = `
project=$(dirname "$(dirname "$0")")
while :; do case $1 in -o) shift 2 ;; -*) shift ;; *) break ;; esac; done
echo "$*" >>"$project/asked"
case $1 in
  indextargets)
    # a repository of someone else, this system's own with and without its suite's name
    echo 'http://other.example/ bookworm-tools main'
    sed -n 's|^VERSION_CODENAME=\\(.*\\)|http://mirror.example/debian/ \\1 main $(SIGNED_BY)|p' /etc/os-release
    echo 'http://mirror.example/debian/ stable main' ;;
  update) cp "$(sed -n 's/^Dir::Etc::SourceList "\\(.*\\)";/\\1/p' "$APT_CONFIG")" "$project/sources" ;;
  download)
    wanted=$(echo "$2" | sed -n 's/^ipxe=//p')
    file=$(find "$project/archive" -name "ipxe_\${wanted:-*}_all.deb")
    [ -n "$file" ] || { echo "E: Version '$wanted' for 'ipxe' was not found" >&2; exit 100; }
    cp "$file" . ;;
esac`

function contentOf(name: string, version: string): string {
  return `${name} of ${version}`
}

function build({ path }: Project, version: string, content: string): void {
  const root = join(path, 'build')
  mkdirSync(join(root, 'DEBIAN'), { recursive: true })
  mkdirSync(join(root, 'usr/lib/ipxe'), { recursive: true })
  mkdirSync(join(path, 'archive'), { recursive: true })
  writeFileSync(
    join(root, 'DEBIAN/control'),
    `Package: ipxe\nVersion: ${version}\nArchitecture: all\nMaintainer: Test <test@example.com>\nDescription: made for a test\n`,
  )
  for (const name of NAMES) writeFileSync(join(root, 'usr/lib/ipxe', name), content || contentOf(name, version))
  chmodSync(root, 0o755)
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', root, join(path, 'archive', `ipxe_${version}_all.deb`)], {
    stdio: 'pipe',
  })
  rmSync(root, { recursive: true })
}

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
