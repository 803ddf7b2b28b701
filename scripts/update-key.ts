/**
 * The program behind scripts/update-key: an Ed25519 key pair, the private key readable by its owner alone, outside of the
 * project, and never over a file that is there.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, unlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const PROJECT = join(import.meta.dirname, '..')
const CONFIG = process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config')
const DEFAULT = join(CONFIG, 'bootcfg/update-key.pem')

const USAGE = `Usage: scripts/update-key [FILE]

Makes a key pair for updates of the appliance: FILE gets the private key, FILE.pub (without .pem) the public one.

  FILE  outside of this folder; default: ${DEFAULT}

Whoever has the private key decides what runs on every box whose image has the public one. Keep a copy of it in a safe
place: without it, a box can only be updated by flashing it anew. Nothing is ever overwritten.`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h', default: false } },
  })
  if (values.help) return console.log(USAGE)
  if (positionals.length > 1) throw new Error('one FILE at most; --help shows how to use it')
  const path = resolve(positionals[0] ?? DEFAULT)
  const publicPath = `${path.replace(/\.pem$/, '')}.pub`
  refuseProject(path)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })

  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  await create(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600)
  await create(publicPath, publicKey.export({ type: 'spki', format: 'pem' }), 0o644).catch(async (error: unknown) => {
    await unlink(path) // half of a pair helps nobody
    throw error
  })
  console.log(`private key  ${path}   keep it, and a copy of it in a safe place
public key   ${publicPath}

an image that takes updates signed with it, and the bundle to update to it:
  BOOTCFG_UPDATE_KEY=${path} scripts/image
an image alone, where the private key does not belong:
  BOOTCFG_UPDATE_KEY=${publicPath} scripts/image`)
}

/** What lies in a working copy is published sooner or later. */
function refuseProject(path: string): void {
  if (!relative(PROJECT, path).startsWith('..'))
    throw new Error(`${path} is inside of the project: keep the key elsewhere`)
}

async function create(path: string, content: string | Buffer, mode: number): Promise<void> {
  await writeFile(path, content, { flag: 'wx', mode }).catch((error: unknown) => {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    throw isThere ? new Error(`${path} is there already, and is not overwritten`) : error
  })
}

await main().catch((error: unknown) => {
  console.error(`update-key: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
