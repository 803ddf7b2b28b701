/**
 * Debian packages as components: the lock file says which, the package itself what it was made of.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import type { Input } from '../appliance/build/inputs.ts'
import type { Component, Source } from './component.ts'

/** The control file of a package, as text. @throws Error of dpkg-deb */
export async function readControl(file: string): Promise<string> {
  const { stdout } = await promisify(execFile)('dpkg-deb', ['--field', file])
  return stdout
}

/**
 * @param epoch - when the archive had it, in seconds since 1970
 * @param control - of the same package
 * @param copyright - its copyright file
 */
export function debianComponent(input: Input, epoch: number, control: string, copyright: string): Component {
  const { name, version, sha256, path } = input
  return {
    type: 'deb',
    name,
    version,
    architecture: fieldOf(control, 'Architecture') ?? 'all',
    hash: { algorithm: 'SHA256', hex: sha256 },
    download: archived(path, epoch),
    licences: licenceNames(copyright),
    sources: [ownSource(control, name, version), ...linkedSources(control)],
  }
}

/** At snapshot.debian.org, which drops nothing. */
function archived(path: string, epoch: number): string {
  const moment = new Date(epoch * 1000).toISOString().replaceAll(/[-:]|\.000/g, '')
  const archive = path.startsWith('pool/updates/') ? 'debian-security' : 'debian'
  return `https://snapshot.debian.org/archive/${archive}/${moment}/${path}`
}

/** Without a `Source` it is called as the package, and without a version there it has the package's. */
function ownSource(control: string, name: string, version: string): Source {
  const [, source = name, sourceVersion = version] =
    /^(\S+)(?: \((.+)\))?$/.exec(fieldOf(control, 'Source') ?? '') ?? []
  return { name: source, version: sourceVersion }
}

/** Statically linked, or taken over as a binary: Debian policy 7.8 says so with exact versions. */
function linkedSources(control: string): Source[] {
  const fields = ['Built-Using', 'Static-Built-Using'].map((field) => fieldOf(control, field) ?? '')
  const listed = fields.join(', ').matchAll(/(\S+) \(= (\S+)\)/g)
  const sources = new Map([...listed].map(([text, name = '', version = '']) => [text, { name, version }]))
  return [...sources.values()]
}

function fieldOf(control: string, field: string): string | undefined {
  return new RegExp(`^${field}: (.+)$`, 'm').exec(control)?.[1]
}

/** The short names in a copyright file of format 1.0; older ones are prose. */
export function licenceNames(copyright: string): string[] {
  if (!/^Format:/m.test(copyright)) return []
  const names = [...copyright.matchAll(/^License: *(\S.*)$/gm)].map(([, name = '']) => name.trim())
  return [...new Set(names)].toSorted()
}
