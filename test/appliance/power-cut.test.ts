/**
 * The power goes while a bundle is installed: the running slot is as it was, and GRUB never names a slot that is not whole.
 *
 * Once with what the installer writes taken apart, so that every way is tried in which a disk can lose what was not yet
 * told to be on it; and once with the program itself, which is killed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readlinkSync, watch, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'

import { afterEach, expect, test, vi } from 'vitest'

import { parseEnv } from '../../src/appliance/grub-env.ts'
import { install } from '../../src/appliance/install.ts'
import {
  bundleOf,
  contentsOf,
  envOf,
  makeBox,
  MIB,
  type PaperBox,
  slotThatStarts,
  statusOf,
} from '../support/bundles.ts'
import { temporaryFolder } from '../support/site.ts'

const contents = contentsOf(6 * MIB + 1024)
const bundle = bundleOf(contents)
const BEGINNING = 512

afterEach(() => vi.restoreAllMocks())

/** One thing that was done to a file. */
type Deed = { path: string } & ({ do: 'write'; at: number; bytes: Buffer } | { do: 'sync' })

/** Notes what everybody does by file handles, in its order. */
async function listen(): Promise<Deed[]> {
  const deeds: Deed[] = []
  await using handle = await open('/dev/null')
  const prototype = Object.getPrototypeOf(handle) as FileHandle
  const pathOf = ({ fd }: FileHandle): string => readlinkSync(`/proc/self/fd/${fd}`)
  const write = Reflect.get(prototype, 'write') as (this: FileHandle, ...args: unknown[]) => Promise<unknown>
  vi.spyOn(prototype, 'write').mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
    const [bytes, from, length, at] = args as [Buffer, number, number, number]
    deeds.push({ path: pathOf(this), do: 'write', at, bytes: Buffer.from(bytes.subarray(from, from + length)) })
    return (await write.apply(this, args)) as never
  })
  for (const name of ['sync', 'datasync'] as const) {
    const original = prototype[name]
    vi.spyOn(prototype, name).mockImplementation(async function (this: FileHandle) {
      await original.call(this)
      deeds.push({ path: pathOf(this), do: 'sync' })
    })
  }
  return deeds
}

/** A disk whose power goes: it has what was synced, and of the rest what it pleases. */
class Disk {
  readonly #durable = new Map<string, Buffer>()
  readonly #pending: (Deed & { do: 'write' })[] = []

  constructor(box: PaperBox) {
    for (const path of [box.slotDevice, box.espEnv]) this.#durable.set(path, readFileSync(path))
  }

  do(deed: Deed): void {
    if (!this.#durable.has(deed.path)) return
    if (deed.do === 'write') {
      this.#pending.push(deed)
      return
    }
    for (const write of this.#pending.filter(({ path }) => path === deed.path)) {
      write.bytes.copy(this.#durable.get(deed.path)!, write.at)
      this.#pending.splice(this.#pending.indexOf(write), 1)
    }
  }

  /** What may be there afterwards: none of what is pending, all, and each of it alone, whole or but a sector of it. */
  *remains(): Generator<ReadonlyMap<string, Buffer>> {
    const sectors = ({ bytes, ...write }: Deed & { do: 'write' }) => [
      { ...write, bytes },
      { ...write, bytes: bytes.subarray(0, 512) },
      { ...write, at: write.at + bytes.length - 512, bytes: bytes.subarray(-512) },
    ]
    const chosen = [[], this.#pending, ...this.#pending.flatMap(sectors).map((write) => [write])]
    for (const writes of chosen) {
      const files = new Map(Array.from(this.#durable, ([path, bytes]) => [path, Buffer.from(bytes)]))
      for (const { path, at, bytes } of writes) bytes.copy(files.get(path)!, at)
      yield files
    }
  }
}

test('whatever a disk keeps of what it was not told to keep, GRUB names a slot that is whole', async () => {
  using folder = temporaryFolder()
  const box = makeBox(folder.path, bundle)
  const before = readFileSync(box.slotDevice)
  const disk = new Disk(box)
  const deeds = await listen()
  expect((await install(box)).state).toBe('written')
  expect(deeds.filter((deed) => deed.path === box.runningDevice)).toEqual([])

  const seen = new Set<string>()
  for (const deed of deeds) {
    disk.do(deed)
    for (const files of disk.remains()) {
      const slot = files.get(box.slotDevice)!
      const isWhole = slot.subarray(0, contents.length).equals(contents)
      const starts = slotThatStarts(Object.fromEntries(parseEnv(files.get(box.espEnv)!)!))
      if (starts !== 'a') expect(isWhole, 'the slot that GRUB tries').toBe(true)
      // GRUB may look at the other slot in need: it finds what was there before, nothing, or all that is new.
      const isAsBefore = slot.equals(before)
      const isBlank = slot.subarray(0, BEGINNING).equals(Buffer.alloc(BEGINNING))
      seen.add(`${starts} ${isWhole ? 'whole' : isAsBefore ? 'as before' : isBlank ? 'blank' : 'torn'}`)
    }
  }
  expect(seen).toContain('a blank')
  expect(seen).toContain('a whole')
  expect(seen).toContain('b whole')
  expect([...seen].filter((end) => end.includes('torn'))).toEqual([])
})

test('killed at every tenth of the write, and started again until it is done', { timeout: 120_000 }, async () => {
  const ends: string[] = []
  for (let tenth = 0; tenth < 10; tenth += 1) {
    using folder = temporaryFolder()
    const box = makeBox(folder.path, bundle)
    writeFileSync(join(folder.path, 'cmdline'), 'quiet bootcfg.slot=a panic=10')
    const running = readFileSync(box.runningDevice)
    await runUntil(box, folder.path, ({ state, percent = 0 }) => state === 'writing' && percent >= tenth * 10)
    ends.push(statusOf(box).state)
    const env = envOf(box)
    const isWhole = readFileSync(box.slotDevice).subarray(0, contents.length).equals(contents)
    expect(slotThatStarts(env) === 'a' || isWhole, JSON.stringify(env)).toBe(true)
    expect(readFileSync(box.runningDevice).equals(running)).toBe(true)
    if (env['try'] === 'b') continue // it was quicker
    await runUntil(box, folder.path, () => false)
    expect(envOf(box)).toEqual({ good: 'a', try: 'b', tries: '3' })
    expect(readFileSync(box.slotDevice).subarray(0, contents.length).equals(contents)).toBe(true)
  }
  expect(ends).toContain('writing')
})

/** Runs the tool as root's script does, and kills it when its status says so. */
async function runUntil(
  box: PaperBox,
  folder: string,
  isTime: (status: ReturnType<typeof statusOf>) => boolean,
): Promise<void> {
  const main = join(import.meta.dirname, '../../src/appliance/main.ts')
  const options = [
    ['bundle', box.bundle],
    ['slot-device', box.slotDevice],
    ['esp-env', box.espEnv],
    ['slot', box.slot],
    ['version', box.version],
    ['arch', box.arch],
    ['status', box.status],
    ['key', box.key],
    ['cmdline', join(folder, 'cmdline')],
  ]
  const child = spawn(process.execPath, [main, 'install', ...options.map(([name, value]) => `--${name}=${value}`)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  using watcher = { [Symbol.dispose]: () => seer.close() }
  const seer = watch(folder, (_, name) => {
    if (name === 'update' && isTime(statusOf(box))) child.kill('SIGKILL')
  })
  void watcher
  const [status] = (await once(child, 'exit')) as [number | null]
  expect([0, null]).toContain(status)
}
