import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import type { FirmwareFile } from '../../src/core/firmware.ts'
import { Files, type OpenFile } from '../../src/tftp/files.ts'

function folder(): (name: string, content: string) => FirmwareFile {
  const path = mkdtempSync(join(tmpdir(), 'bootcfg-tftp-files-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  let count = 0
  return (name, content) => {
    const file = join(path, name)
    writeFileSync(file, content)
    return { name, path: file, size: statSync(file).size, stamp: String(count++) }
  }
}

const text = (open: OpenFile, blockBytes = 512): string =>
  Buffer.from(open.blocks(blockBytes).packets(1, 1)).toString('latin1', 4)

const LIMITS = { bytesMax: 1000, laidOutBytesMax: 1000 }

test('a file is read once for all, until its stamp changes', async () => {
  const write = folder()
  const files = new Files(LIMITS)
  const file = write('a', 'old')
  expect(text(await files.open(file, false))).toBe('old')
  const changed = write('a', 'new')
  expect(text(await files.open(file, false))).toBe('old')
  expect(text(await files.open(changed, false))).toBe('new')
})

test('two that ask at once read it once, and netascii is another file', async () => {
  const write = folder()
  const files = new Files(LIMITS)
  const file = write('a', 'x\n')
  const [one, two, ascii] = await Promise.all([
    files.open(file, false),
    files.open(file, false),
    files.open(file, true),
  ])
  expect(one.blocks(512).packets(1, 1).buffer).toBe(two.blocks(512).packets(1, 1).buffer)
  expect(ascii.sizeBytes).toBe(3)
  expect(text(ascii)).toBe('x\r\n')
})

test('what nobody reads makes room; what is read stays, and what finds no room is refused', async () => {
  const write = folder()
  const files = new Files(LIMITS)
  const [a, b, c] = ['a', 'b', 'c'].map((name) => write(name, name.repeat(400))) as [
    FirmwareFile,
    FirmwareFile,
    FirmwareFile,
  ]
  const openA = await files.open(a, false)
  const openB = await files.open(b, false)
  await expect(files.open(c, false)).rejects.toThrow(/no memory left/)
  openA.close()
  openA.close()
  expect(text(await files.open(c, false))).toBe('c'.repeat(400))
  expect(text(openB)).toBe('b'.repeat(400))
  await expect(files.open(a, false)).rejects.toThrow(/no memory left/)
})

test('a block size for which there is no room is served without being laid out', async () => {
  const write = folder()
  const files = new Files({ ...LIMITS, bytesMax: 500 })
  const open = await files.open(write('a', 'a'.repeat(400)), false)
  expect(text(open)).toBe('a'.repeat(400))
})

test('a file that is too large, or gone, is refused with the reason', async () => {
  const write = folder()
  const files = new Files(LIMITS)
  await expect(files.open(write('a', 'a'.repeat(1001)), false)).rejects.toThrow(/has 1001 bytes/)
  const gone = write('b', 'b')
  rmSync(gone.path)
  await expect(files.open(gone, false)).rejects.toThrow(/no such file/)
})

test('a FIFO or a device in the place of a file is refused at once, and a link is not followed', async () => {
  const write = folder()
  const files = new Files(LIMITS)
  const [fifo, link] = [write('fifo', ''), write('link', '')]
  for (const { path } of [fifo, link]) rmSync(path)
  execFileSync('mkfifo', [fifo.path])
  symlinkSync('/dev/zero', link.path)
  await expect(files.open(fifo, false)).rejects.toThrow('is no regular file any more')
  await expect(files.open(link, false)).rejects.toThrow(/cannot be read/)
  await expect(files.open({ ...fifo, path: '/dev/zero' }, false)).rejects.toThrow('is no regular file any more')
})
