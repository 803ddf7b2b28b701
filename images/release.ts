/**
 * What is made of an architecture's folders besides the appliance itself: the container, the bill of materials, the licences.
 *
 *   const modules = await writeApp(…)
 *   const found = await lookInside({ …, modules })
 *   await collectLicences(version, found.box, found.places, …)      in the appliance
 *   await writeRelease({ …, found }, 'dist')
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Architecture } from './appliance/build/inputs.ts'
import { type Container, writeContainer } from './oci/container.ts'
import type { Found } from './sbom/inside.ts'
import { type Components, collectLicences } from './sbom/licences.ts'
import { spdxDocument } from './sbom/spdx.ts'

export interface Release {
  readonly version: string
  /** Seconds since 1970. */
  readonly epoch: number
  readonly architecture: Architecture
  /** Root folders that appliance/build/root.ts wrote. */
  readonly libs: string
  readonly app: string
  readonly found: Found
}

/** @returns what was written to `out`: the container, and the path of the bill of materials */
export async function writeRelease(release: Release, out: string): Promise<Container & { readonly bill: string }> {
  const { version, epoch, architecture, libs, app, found } = release
  const licences = await mkdtemp(join(tmpdir(), 'bootcfg-licences-'))
  try {
    await collectLicences(version, found.container, found.places, licences)
    const container = await writeContainer({ version, epoch, parts: [{ architecture, libs, app, licences }], out })
    const bill = join(out, `bootcfg-${version}-${architecture}.spdx.json`)
    const document = spdxDocument({ version, epoch }, [
      { name: `bootcfg-${version}-${architecture}.img`, components: allOf(found.box) },
      { name: `bootcfg-${version}-oci-${architecture}.tar`, components: allOf(found.container) },
    ])
    await writeFile(bill, `${JSON.stringify(document, undefined, 1)}\n`)
    return { ...container, bill }
  } finally {
    await rm(licences, { recursive: true })
  }
}

function allOf({ debian, npm }: Components) {
  return [...debian, ...npm]
}
