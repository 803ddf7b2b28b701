/**
 * The program behind scripts/update-bundle: command line and files; what a bundle is, is in lib/update-bundle.ts.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { ARCHITECTURES } from '../src/appliance/bundle.ts'
import { makeBundle, readUpdateKey } from './lib/update-bundle.ts'

const USAGE = `Usage: scripts/update-bundle SLOT VERSION ARCHITECTURE KEY [--minimum VERSION] [--output FOLDER]

Writes bootcfg-VERSION-ARCHITECTURE.bootcfg-update, which a box installs, to FOLDER (default: dist).

  SLOT          a slot's file system, with kernel and system: scripts/image leaves it in dist/ as bootcfg-VERSION-….slot
  ARCHITECTURE  ${ARCHITECTURES.join(' or ')}
  KEY           private key, made by scripts/update-key
  --minimum     the oldest version that may install this one (default: 0.0.0)`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      minimum: { type: 'string', default: '0.0.0' },
      output: { type: 'string', default: 'dist' },
    },
  })
  if (values.help) return console.log(USAGE)
  const [slot, version, name, keyPath] = positionals
  const arch = ARCHITECTURES.find((arch) => arch === name)
  if (slot === undefined || version === undefined || arch === undefined || keyPath === undefined) {
    console.error(USAGE)
    process.exitCode = 2
    return
  }
  const { privateKey } = await readUpdateKey(keyPath)
  if (privateKey === undefined) throw new Error(`${keyPath} is the public key: the private one signs`)
  const created = Number(process.env['SOURCE_DATE_EPOCH'])
  const bundle = makeBundle(await readFile(slot), { version, arch, minimum: values.minimum, created }, privateKey)
  const path = join(values.output, `bootcfg-${version}-${arch}.bootcfg-update`)
  await mkdir(values.output, { recursive: true })
  await writeFile(`${path}.part`, bundle)
  await rename(`${path}.part`, path)
  console.log(path)
}

await main().catch((error: unknown) => {
  console.error(`update-bundle: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
