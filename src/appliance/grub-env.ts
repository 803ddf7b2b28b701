/**
 * GRUB's environment block: a file of 1024 bytes, written in place by GRUB (without a file system driver that can write)
 * and by us (grub-core/lib/envblk.c). Pure.
 *
 *   `# GRUB Environment Block`, lines `name=value` with `\` before a backslash or a newline of a value, then `#` to the end
 *
 * The variables have to fit into the first sector, so that a power cut leaves the old ones or the new ones.
 */

export const ENV_BYTES = 1024
const SECTOR = 512
const SIGNATURE = '# GRUB Environment Block\n'

export type Env = ReadonlyMap<string, string>

/** @returns undefined if it is none, or a damaged one */
export function parseEnv(block: Buffer): Env | undefined {
  const text = block.toString('latin1')
  if (block.length !== ENV_BYTES || !text.startsWith(SIGNATURE)) return undefined
  const variables = new Map<string, string>()
  for (const line of text.slice(SIGNATURE.length).matchAll(/(?:\\[^]|[^\\\n])+/g)) {
    const at = line[0].indexOf('=')
    if (line[0].startsWith('#') || at < 0) continue
    variables.set(line[0].slice(0, at), line[0].slice(at + 1).replaceAll(/\\([^])/g, '$1'))
  }
  return variables
}

/** @throws {RangeError} the variables do not fit into a sector */
export function formatEnv(variables: Env): Buffer {
  const lines = Array.from(variables, ([name, value]) => `${name}=${value.replaceAll(/[\\\n]/g, String.raw`\$&`)}\n`)
  const text = SIGNATURE + lines.join('')
  if (text.length > SECTOR)
    throw new RangeError(`GRUB's variables take ${text.length} bytes: ${SECTOR} are written in one go`)
  return Buffer.from(text.padEnd(ENV_BYTES, '#'), 'latin1')
}
