/**
 * A spec's boot section as the two things that boot loaders read: an iPXE script, and Pixiecore's JSON.
 */
import { encodeGoJson } from './go-json.ts'
import { type Boot, bootFields } from './specs.ts'
import { formatValue } from './template/go/format/value.ts'
import type { Value } from './value.ts'
import { Uint64, ValueMap } from './value.ts'

/** Hands over to `/ipxe` with what iPXE knows of the machine. Relative, so that it holds under any address. */
export const CHAIN_SCRIPT =
  '#!ipxe\nchain ipxe?uuid=${uuid}&mac=${net0/mac:hexhyp}&domain=${domain}&hostname=${hostname}&serial=${serial}\n'

const HEAD = '#!ipxe\n'

/**
 * The script that boots a kernel. Values are written as they are: `${…}` in them is for iPXE to expand.
 */
export function ipxeScript(boot: Boot): string {
  const args = [...(boot.cmdline?.entries() ?? [])].map(([key, value]) => ` ${argument(formatValue(key), value)}`)
  const initrds = boot.initrd?.map((initrd) => `${initrd} `) ?? []
  return `${HEAD}kernel ${boot.kernel}${args.join('')}\ninitrd ${initrds.join('')}\nboot\n`
}

/**
 * A script with what an iPXE from before March 2024 lacks: `${cwduri}`, the address of the server as this machine reached
 * it. A script that does not use it is left as it is, and so is one where nobody knows the address.
 *
 * @param authority - host, and port if there is one, as the machine wrote it in its request
 */
export function withServerUri(script: string, authority: string | undefined): string {
  if (authority === undefined || !script.includes('${cwduri}')) return script
  return `${HEAD}isset \${cwduri} || set cwduri http://${authority}/\n${script.slice(HEAD.length)}`
}

function argument(key: string, value: Value): string {
  return isEmpty(value) ? key : `${key}=${formatValue(value)}`
}

/** What Go's templates take for false. */
function isEmpty(value: Value): boolean {
  if (value instanceof ValueMap) return value.size === 0
  if (value instanceof Uint64) return false
  if (Array.isArray(value)) return value.length === 0
  return !value
}

/** What Pixiecore's HTTP API answers: kernel, initrd, cmdline (pixiecore/README.api.md of danderson/netboot). */
export function pixiecoreJson(boot: Boot): string {
  return encodeGoJson(bootFields(boot))
}
