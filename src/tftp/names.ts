/**
 * Which file of the firmware folder a requested name means. Pure: looks into the index alone, so that nothing outside it
 * can be named.
 *
 * Firmware names files in many ways: `/x.efi`, `\boot\x.efi`, `boot/x.efi` after the path of the file before, the name
 * with 0xff behind it. So the whole path is tried first, then the path without its first folder, and so on down to the base
 * name; then a file of that base name in any folder, if there is only one; then all of it again whatever the case.
 */
import type { FirmwareFile } from '../core/firmware.ts'
import { AUTOEXEC } from '../core/urls.ts'

type Files = ReadonlyMap<string, FirmwareFile>

const [SEGMENT_CHARACTERS_MAX, PATH_CHARACTERS_MAX] = [255, 500]

/**
 * @param requested - as on the wire, one character per byte
 * @returns `autoexec` for the script that is made for each machine, in whatever folder it is asked for; an own one of the
 * operator goes before it
 */
export function findFile(requested: string, files: Files): FirmwareFile | 'autoexec' | undefined {
  const bare = requested.replace(/\xff[\0-\x1f\xff]*$/, '')
  return findExact(requested, files) ?? (bare === requested ? undefined : findExact(bare, files))
}

function findExact(requested: string, files: Files): FirmwareFile | 'autoexec' | undefined {
  const segments = segmentsOf(requested)
  const base = segments?.at(-1)
  if (segments === undefined || base === undefined) return undefined
  const paths = segments.map((_, at) => segments.slice(at).join('/'))
  if (base.toLowerCase() === AUTOEXEC) return firstOf(paths, files) ?? 'autoexec'
  const { byBase, byLowerCase, byLowerCaseBase } = indexOf(files)
  const lower = (text: string): string => text.toLowerCase()
  return (
    firstOf(paths, files) ??
    byBase.get(base) ??
    firstOf(paths.map(lower), byLowerCase) ??
    byLowerCaseBase.get(lower(base)) ??
    undefined
  )
}

function firstOf(paths: readonly string[], files: ReadonlyMap<string, FirmwareFile | null>): FirmwareFile | undefined {
  for (const path of paths) {
    const file = files.get(path)
    if (file) return file
  }
  return undefined
}

/** Undefined for what names no file below any folder. */
function segmentsOf(requested: string): string[] | undefined {
  const path = decodeName(requested).replaceAll('\\', '/')
  if (path.length > PATH_CHARACTERS_MAX || /[\0-\x1f\x7f]/.test(path) || /^([a-z]:|tftp:\/\/)/i.test(path)) {
    return undefined
  }
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.')
  return segments.some((segment) => segment === '..' || segment.length > SEGMENT_CHARACTERS_MAX) ? undefined : segments
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 where it is, else Latin-1. */
export function decodeName(requested: string): string {
  try {
    return utf8.decode(Buffer.from(requested, 'latin1'))
  } catch {
    return requested
  }
}

interface Index {
  /** `null` where several files have the name. */
  readonly byBase: ReadonlyMap<string, FirmwareFile | null>
  readonly byLowerCase: ReadonlyMap<string, FirmwareFile | null>
  readonly byLowerCaseBase: ReadonlyMap<string, FirmwareFile | null>
}

/** The folder's map is another one after each change. */
const indexes = new WeakMap<Files, Index>()

function indexOf(files: Files): Index {
  let index = indexes.get(files)
  if (index === undefined) {
    const baseOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1)
    index = {
      byBase: uniqueBy(files, baseOf),
      byLowerCase: uniqueBy(files, (name) => name.toLowerCase()),
      byLowerCaseBase: uniqueBy(files, (name) => baseOf(name).toLowerCase()),
    }
    indexes.set(files, index)
  }
  return index
}

function uniqueBy(files: Files, key: (name: string) => string): Map<string, FirmwareFile | null> {
  const found = new Map<string, FirmwareFile | null>()
  for (const file of files.values()) found.set(key(file.name), found.has(key(file.name)) ? null : file)
  return found
}
