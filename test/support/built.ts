/**
 * The image for a test file that starts it: built before the first test, or the reason why there is none.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { beforeAll, type TestContext } from 'vitest'

import { applianceRequirements, type ApplianceFirmware } from './appliance.ts'
import { type BuiltImage, builtImage, copyDisk, IMAGE_REQUIREMENTS, ImageUnavailable } from './image.ts'
import { missingPackages, require, skip } from './requirements.ts'

/** Software emulation, beside other tests; 10 to 20 s on an idle machine. */
export const BOOT_MAX_MS = 420_000
const BUILD_MAX_MS = 600_000

/** @returns what gives a test the image, or skips the test with the reason */
export function useImage(
  architecture: 'amd64' | 'arm64' = 'amd64',
): (context: TestContext, firmware?: ApplianceFirmware) => BuiltImage {
  let built: BuiltImage | ImageUnavailable | undefined
  beforeAll(async () => {
    if (missingPackages([...IMAGE_REQUIREMENTS, ...applianceRequirements()]).length > 0) return
    built = await builtImage(architecture).catch((error: unknown) => {
      if (error instanceof ImageUnavailable) return error
      throw error
    })
  }, BUILD_MAX_MS)
  return (context, firmware) => {
    require(context, [...IMAGE_REQUIREMENTS, ...applianceRequirements(firmware)])
    if (built instanceof ImageUnavailable) skip(context, built.message)
    return built!
  }
}

/** A disk of the test's own, to change and to write to. */
export function ownDisk({ disk }: BuiltImage): { readonly path: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'bootcfg-disk-'))
  const path = join(folder, 'disk.img')
  copyDisk(disk, path)
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}
