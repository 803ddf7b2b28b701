/**
 * The Raspberry Pi's boot ROM and bootloader. They call themselves an x86 BIOS, want to see their own name in a boot
 * menu, and then fetch files of fixed names by TFTP.
 *
 * @see the Raspberry Pi documentation, "Network boot your Raspberry Pi"
 */
import type { Message } from './message.ts'
import { latin1, OPTION } from './options.ts'

/** First half of the MAC addresses that IEEE gave to Raspberry Pi. */
const OUIS: ReadonlySet<number> = new Set([0xb827eb, 0xdca632, 0xe45f01, 0x28cdc1, 0xd83add, 0x2ccf67, 0x88a29e])
const RPIBOOT = 41

/** @param architecture - option 93; a Pi that runs UEFI firmware says arm64 there, and is none for this purpose */
export function isRaspberryPi({ chaddr, hlen, options }: Message, architecture: number): boolean {
  if (architecture === RPIBOOT) return true
  if (architecture !== 0) return false
  const oui = (chaddr[0]! << 16) | (chaddr[1]! << 8) | chaddr[2]!
  if (hlen === 6 && OUIS.has(oui)) return true
  // Where others have a GUID, the Pi 4 and later have "RPi4", their revision, MAC and serial number.
  const guid = options.get(OPTION.machineGuid)
  return guid?.length === 17 && latin1(guid.subarray(1, 4)) === 'RPi'
}

/** Option 43: no broadcast or multicast discovery (6), prompt "PXE" for 0 s (10), one menu item of type 0 (9). */
export const RASPBERRY_PI_MENU = Buffer.from(
  ['06 01 03', '0a 04 00 505845', '09 14 0000 11', Buffer.from('Raspberry Pi Boot').toString('hex'), 'ff']
    .join('')
    .replaceAll(' ', ''),
  'hex',
)
