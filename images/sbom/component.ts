/**
 * One thing of others that is inside an image, as a value: what it is, of which version, with which hash, under which
 * licence, and where its source is. What reads them makes these (debian.ts, npm.ts); spdx.ts and notice.ts write them down.
 */

export interface Component {
  /** As package URLs name the kinds. */
  readonly type: 'deb' | 'npm'
  /** With the scope, if it has one. */
  readonly name: string
  readonly version: string
  /** Of a Debian package: `amd64`, `arm64` or `all`. */
  readonly architecture?: string
  readonly hash: { readonly algorithm: 'SHA256' | 'SHA512'; readonly hex: string }
  readonly download: string
  /** As its maker writes it, an SPDX expression for npm; Debian's short names for Debian. */
  readonly licences: readonly string[]
  /** Debian source packages that its binary was made of, those of libraries that were linked into it as well. */
  readonly sources: readonly Source[]
  /** Where the lists of vulnerabilities know it by another name than its package's. */
  readonly cpe?: string
}

export interface Source {
  readonly name: string
  readonly version: string
}

/**
 * How scanners name it, and look up what is known of it.
 *
 * @see https://github.com/package-url/purl-spec
 */
export function packageUrl({ type, name, version, architecture }: Component): string {
  if (type === 'npm') return `pkg:npm/${encodeURIComponent(name).replace('%2F', '/')}@${encodeURIComponent(version)}`
  return `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-13`
}

/** Where Debian keeps the source of every version that it has ever had. */
export function sourceUrl({ name, version }: Source): string {
  return `https://snapshot.debian.org/package/${encodeURIComponent(name)}/${encodeURIComponent(version)}/`
}

/** By kind and name, in an order that no locale changes. */
export function sorted(components: readonly Component[]): Component[] {
  const keyOf = ({ type, name, version }: Component): string => `${type} ${name} ${version}`
  return components.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}
