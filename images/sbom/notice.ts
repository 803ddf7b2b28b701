/**
 * The text at the head of the licences: what is inside, under what, and where the source is. It is what GPL and LGPL ask to
 * go along with a binary (GPL-2 section 3). Nothing is read or written.
 */
import { type Component, sorted, type Source, sourceUrl } from './component.ts'

export function notice(version: string, components: readonly Component[]): string {
  const all = sorted(components)
  const npm = all.filter(({ type }) => type === 'npm')
  const debian = all.filter(({ type }) => type === 'deb')
  return `bootcfg ${version} is under the Apache License, version 2.0: see bootcfg.

What comes with it is the work of others, under licences of their own.

npm packages; the texts are in npm/. Where the source of each is, its page says: https://www.npmjs.com/package/NAME

${npm.map(({ name, version: of, licences }) => `  ${name} ${of}: ${licences.join(', ') || 'see its text'}`).join('\n')}

Debian packages; the copyright files are in debian/, and the licences that these name in common-licenses/

${debian.map(({ name, version: of }) => `  ${name} ${of}`).join('\n')}

Source

Programs and libraries among the Debian packages are under the GNU General Public License or the GNU Lesser General Public
License. Their complete source, with the scripts that build it, is what Debian keeps under these addresses; each is for
everyone, without charge, and \`apt-get source NAME=VERSION\` fetches it as well. Whoever passes this software on passes
this notice on with it, and must be able to give the source for as long as the licences ask (three years, where it is by an
offer): keep a copy.

${sourcesOf(debian)
  .map((source) => `  ${source.name} ${source.version}\n      ${sourceUrl(source)}`)
  .join('\n')}
`
}

/** Each once. */
function sourcesOf(components: readonly Component[]): Source[] {
  const all = components.flatMap(({ sources }) => sources).map((source) => [sourceUrl(source), source] as const)
  return [...new Map(all).entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, source]) => source)
}
