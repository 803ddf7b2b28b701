/**
 * The essentials of an SPDX 2.3 document, as its JSON schema and its text ask for them. Other fields may be there.
 *
 * @see https://github.com/spdx/spdx-spec/blob/support/2.3/schemas/spdx-schema.json
 */
import { z } from 'zod'

const id = z.string().regex(/^SPDXRef-[A-Za-z0-9.-]+$/)
const text = z.string().min(1)
const LENGTHS = { SHA256: 64, SHA512: 128 }

const checksum = z
  .strictObject({ algorithm: z.enum(['SHA256', 'SHA512']), checksumValue: z.string().regex(/^[0-9a-f]+$/) })
  .refine(({ algorithm, checksumValue }) => checksumValue.length === LENGTHS[algorithm], 'of another length')

const reference = z.strictObject({
  referenceCategory: z.enum(['PACKAGE-MANAGER', 'SECURITY']),
  referenceType: z.enum(['purl', 'cpe23Type']),
  referenceLocator: z
    .string()
    .regex(/^(?:pkg:[a-z]+\/[\w.%/-]+@[\w.%~-]+(?:\?[\w=&.-]+)?|cpe:2\.3:a(?::[^:\s]+){10})$/),
})

const spdxPackage = z.strictObject({
  SPDXID: id,
  name: text,
  versionInfo: text,
  downloadLocation: z.union([z.literal('NOASSERTION'), z.url({ protocol: /^https$/ })]),
  filesAnalyzed: z.literal(false),
  checksums: z.array(checksum).min(1).optional(),
  licenseConcluded: text,
  licenseDeclared: z.string().regex(/^[A-Za-z0-9.() +-]+$/),
  licenseComments: text.optional(),
  copyrightText: text,
  sourceInfo: text.optional(),
  externalRefs: z.array(reference).min(1).optional(),
})

const spdx = z.strictObject({
  spdxVersion: z.literal('SPDX-2.3'),
  dataLicense: z.literal('CC0-1.0'),
  SPDXID: z.literal('SPDXRef-DOCUMENT'),
  name: text,
  documentNamespace: z.url().refine((url) => !url.includes('#'), 'has a fragment'),
  creationInfo: z.strictObject({
    created: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    creators: z.array(z.string().regex(/^(?:Tool|Organization|Person): ./)).min(1),
  }),
  packages: z.array(spdxPackage).min(1),
  relationships: z.array(
    z.strictObject({ spdxElementId: id, relationshipType: z.enum(['DESCRIBES', 'CONTAINS']), relatedSpdxElement: id }),
  ),
})

/** What is wrong with a document, a line each; none when it is sound. */
export function spdxProblems(document: unknown): string[] {
  const parsed = spdx.safeParse(document)
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  const { SPDXID, packages, relationships } = parsed.data
  const ids = [SPDXID, ...packages.map((one) => one.SPDXID)]
  const known = new Set(ids)
  const related = new Set(relationships.map(({ relatedSpdxElement }) => relatedSpdxElement))
  const ends = relationships.flatMap(({ spdxElementId, relatedSpdxElement }) => [spdxElementId, relatedSpdxElement])
  return [
    ...ids.filter((name, index) => ids.indexOf(name) !== index).map((name) => `${name} stands twice`),
    ...ends.filter((name) => !known.has(name)).map((name) => `${name} is related, and not there`),
    ...packages.filter((one) => !related.has(one.SPDXID)).map((one) => `${one.SPDXID} belongs to nothing`),
  ]
}
