/**
 * What a test needs from the system it runs on. What is missing skips the test, and its reason is told at the end of the
 * run (scripts/lib/summary.ts reads `skipReason`): a test that silently did not run proves nothing.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

import type { TestContext } from 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    skipReason?: string
  }
}

/** A program on the PATH, or a file by its absolute path, and the Debian package that brings it. */
export type Requirement = readonly [needed: string, debianPackage: string]

/** Debian packages to install, each once; none when everything is there. */
export function missingPackages(requirements: readonly Requirement[]): string[] {
  const missing = requirements.filter(([needed]) => !isThere(needed)).map(([, debianPackage]) => debianPackage)
  return [...new Set(missing)]
}

/** Skips the running test, with its reason, unless everything is there. Call it first in the test. */
export function require(context: TestContext, requirements: readonly Requirement[]): void {
  const missing = missingPackages(requirements)
  if (missing.length > 0) skip(context, `needs the Debian packages ${missing.join(' ')}`)
}

/** `ovmf 2022.11-6+deb12u2`; empty when it is not installed. */
export function debianVersion(debianPackage: string): string {
  return spawnSync('dpkg-query', ['-W', '-f', '${Package} ${Version}', debianPackage], { encoding: 'utf8' }).stdout
}

/** For a machine whose card comes with an iPXE that cannot do all: later ones do. */
export function requireRomOf2019(context: TestContext): void {
  const version = debianVersion('ipxe-qemu')
  if (!version.includes('+git-2019')) skip(context, `needs the iPXE ROM of 2019 (Debian 12), and has ${version}`)
}

export function skip(context: TestContext, reason: string): never {
  context.task.meta.skipReason = reason
  return context.skip(reason)
}

function isThere(needed: string): boolean {
  if (needed.startsWith('/')) return isAccessible(needed, constants.R_OK)
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.some((folder) => isAccessible(join(folder, needed), constants.X_OK))
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}
