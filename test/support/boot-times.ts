/**
 * When a machine that boots took which step, on the wire.
 */
import { decode } from '../../src/dhcp/message.ts'
import type { Packet } from './capture.ts'

export interface Step {
  /** Since its first DISCOVER. */
  readonly atMs: number
  /** `DHCP discover`, `TFTP undionly.kpxe`, `HTTP /boot.ipxe` */
  readonly what: string
}

/**
 * The requests of the machine, each for the first time since another one, up to the one that `until` names.
 *
 * @throws Error when the machine never asked for `until`
 */
export function timeline(packets: readonly Packet[], until: string): readonly Step[] {
  const steps: Step[] = []
  let start = 0
  for (const packet of packets) {
    const what = request(packet)
    if (what === undefined || what === steps.at(-1)?.what) continue
    if (steps.length === 0) start = packet.timeMs
    steps.push({ atMs: packet.timeMs - start, what })
    if (what === `HTTP ${until}`) return steps
  }
  throw new Error(`no request for ${until}, only: ${steps.map(({ what }) => what).join(', ')}`)
}

const TFTP_READ = 1

function request({ protocol, to, payload }: Packet): string | undefined {
  if (protocol === 'tcp') {
    const path = /^(?:GET|HEAD) ([^\s?]+)/.exec(payload.toString('latin1'))?.[1]
    return path === undefined ? undefined : `HTTP ${path}`
  }
  if (protocol === 'udp' && to.endsWith(':67')) return `DHCP ${decode(payload).type}`
  if (protocol === 'udp' && to.endsWith(':69') && payload.readUInt16BE(0) === TFTP_READ) {
    return `TFTP ${payload.toString('latin1', 2, payload.indexOf(0, 2))}`
  }
  return undefined
}
