/**
 * How fast bootcfg is, beside what people use today, in one run: `npm run bench [http dhcp tftp boot image]`, all without a name.
 *
 *   http   requests per second, beside a bare node:http server
 *   dhcp   offers per second, beside dnsmasq                 (root: network namespaces)
 *   tftp   megabytes per second, beside dnsmasq              (root)
 *   boot   seconds from a machine's DISCOVER to its kernel   (root, QEMU)
 *   image  size of the appliance, seconds to its first answer (QEMU)
 *
 * Prints, never judges. The machine should have nothing else to do.
 */
import { benchDhcp } from './lib/bench-dhcp.ts'
import { benchFirmware } from './lib/bench-firmware.ts'
import { benchHttp } from './lib/bench-http.ts'
import { benchImage } from './lib/bench-image.ts'
import { benchTftp } from './lib/bench-tftp.ts'

const BENCHES: ReadonlyMap<string, () => Promise<void>> = new Map([
  ['http', benchHttp],
  ['dhcp', benchDhcp],
  ['tftp', benchTftp],
  ['boot', benchFirmware],
  ['image', benchImage],
])

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !BENCHES.has(name))
if (unknown.length > 0) {
  console.error(`no bench ${unknown.join(', ')}: there are ${[...BENCHES.keys()].join(', ')}`)
  process.exit(2)
}
for (const [name, bench] of BENCHES) {
  if (asked.length > 0 && !asked.includes(name)) continue
  console.log(`== ${name}`)
  try {
    await bench()
  } catch (error) {
    // What the others measure counts all the same.
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
