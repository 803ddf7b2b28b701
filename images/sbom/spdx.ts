/**
 * The bill of materials of a release as an SPDX 2.3 document: each image, and what is in it. Nothing is read or written.
 *
 * The same components make the same document: its time is the release's, and its name on the network (which must be another
 * for another document) has the hash of the content in it.
 *
 * @see https://spdx.github.io/spdx-spec/v2.3/
 */
import { createHash } from 'node:crypto'

import { type Component, packageUrl, sorted, sourceUrl } from './component.ts'

export interface Image {
  /** File name in `dist/`. */
  readonly name: string
  readonly components: readonly Component[]
}

export interface Release {
  readonly version: string
  /** Seconds since 1970. */
  readonly epoch: number
}

/** What is not said in SPDX's own words. */
const NOTHING_SAID = 'NOASSERTION'

const DOCUMENT_ID = 'SPDXRef-DOCUMENT'

export function spdxDocument({ version, epoch }: Release, images: readonly Image[]) {
  const all = new Map(images.flatMap(({ components }) => components).map((component) => [idOf(component), component]))
  const packages = [
    ...images.map((image) => imagePackage(image, version)),
    ...sorted([...all.values()]).map(componentPackage),
  ]
  const relationships = images.flatMap((image) => [
    related(DOCUMENT_ID, 'DESCRIBES', imageId(image)),
    ...sorted(image.components).map((component) => related(imageId(image), 'CONTAINS', idOf(component))),
  ])
  const content = createHash('sha256').update(JSON.stringify({ version, packages, relationships })).digest('hex')
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: DOCUMENT_ID,
    name: `bootcfg-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/bootcfg-${version}-${content}`,
    creationInfo: {
      created: new Date(epoch * 1000).toISOString().replace('.000Z', 'Z'),
      creators: ['Tool: bootcfg scripts/image'],
    },
    packages,
    relationships,
  }
}

function imagePackage(image: Image, version: string) {
  return {
    SPDXID: imageId(image),
    name: image.name,
    versionInfo: version,
    downloadLocation: NOTHING_SAID,
    filesAnalyzed: false,
    licenseConcluded: NOTHING_SAID,
    licenseDeclared: 'Apache-2.0',
    licenseComments: 'Of bootcfg itself. What it contains has licences of its own.',
    copyrightText: NOTHING_SAID,
  }
}

function componentPackage(component: Component) {
  const { type, name, version, hash, download, licences, sources, cpe } = component
  return {
    SPDXID: idOf(component),
    name,
    versionInfo: version,
    downloadLocation: download,
    filesAnalyzed: false,
    checksums: [{ algorithm: hash.algorithm, checksumValue: hash.hex }],
    licenseConcluded: NOTHING_SAID,
    licenseDeclared: type === 'npm' ? (licences[0] ?? NOTHING_SAID) : NOTHING_SAID,
    ...(type === 'deb' && { licenseComments: debianLicences(component) }),
    copyrightText: NOTHING_SAID,
    ...(sources.length > 0 && { sourceInfo: `made of ${sources.map(sourceUrl).join(' ')}` }),
    externalRefs: [
      reference('PACKAGE-MANAGER', 'purl', packageUrl(component)),
      ...(cpe === undefined ? [] : [reference('SECURITY', 'cpe23Type', cpe)]),
    ],
  }
}

/** Debian's names are no SPDX expression. */
function debianLicences({ name, licences }: Component): string {
  const file = `debian/${name} among the licences in the image`
  return licences.length === 0 ? `See ${file}` : `In Debian's names: ${licences.join(', ')}; see ${file}`
}

function reference(referenceCategory: string, referenceType: string, referenceLocator: string) {
  return { referenceCategory, referenceType, referenceLocator }
}

function related(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement }
}

function imageId({ name }: Image): string {
  return `SPDXRef-Image-${idText(name)}`
}

function idOf({ type, name, version }: Component): string {
  return `SPDXRef-${type}-${idText(name)}-${idText(version)}`
}

/** Letters, digits, dots and dashes are allowed; what else there is must not make two names one. */
function idText(text: string): string {
  return text.replace(/[^A-Za-z0-9.]/g, (character) =>
    character === '-' ? '-' : `-${character.codePointAt(0)!.toString(16)}-`,
  )
}
