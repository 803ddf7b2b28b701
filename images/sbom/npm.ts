/**
 * npm packages as components: which of them the bundles are made of, by the paths of the modules that went in; what they
 * are, by the lock file.
 */
import type { Component } from './component.ts'

export interface PackageLock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

interface LockedPackage {
  readonly version?: string
  /** `sha512-` and base64. */
  readonly integrity?: string
  readonly license?: string
}

/** A package, and where it is installed. */
export interface InstalledPackage extends Component {
  /** Below the project, such as `node_modules/zod`. */
  readonly folder: string
}

/**
 * @param modules - paths of files, of which those in node_modules count
 * @throws Error naming a package that the lock file does not have
 */
export function npmPackages(modules: Iterable<string>, lock: PackageLock): InstalledPackage[] {
  const folders = new Set([...modules].map(packageFolder).filter((folder) => folder !== undefined))
  return [...folders].toSorted().map((folder) => installedPackage(folder, lock))
}

/** `…/node_modules/a/node_modules/@b/c/lib/d.js` is in `node_modules/a/node_modules/@b/c`. */
function packageFolder(module: string): string | undefined {
  return /(?:^|\/)((?:node_modules\/(?:@[^/]+\/)?[^/]+\/)*node_modules\/(?:@[^/]+\/)?[^/@]+)(?:\/|$)/.exec(module)?.[1]
}

function installedPackage(folder: string, lock: PackageLock): InstalledPackage {
  const { version, integrity, license } = lock.packages[folder] ?? {}
  if (version === undefined || integrity === undefined) throw new Error(`package-lock.json does not pin ${folder}`)
  const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
  return {
    type: 'npm',
    name,
    version,
    hash: { algorithm: 'SHA512', hex: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex') },
    download: `https://registry.npmjs.org/${name}/-/${name.replace(/^.*\//, '')}-${version}.tgz`,
    licences: license === undefined ? [] : [license],
    sources: [],
    // Node itself, as its lists of vulnerabilities call it: the package is but its wrapping.
    ...(name.startsWith('node-linux-') && { cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*` }),
    folder,
  }
}
