/**
 * URLs and file names that machines are given, read by the DHCP, TFTP and HTTP rooms alike. Pure.
 */

/** Where machines reach the HTTP room through one interface. */
export interface WebPlace {
  /** What `-advertise` says: a host name or address, with a port if it is another than HTTP's own. Wins over the rest. */
  readonly advertise: string | undefined
  /** Of the interface. */
  readonly address: string
  /** That the HTTP room listens on. */
  readonly port: number
}

/** `http://10.9.0.2:8080`; port 80 is left out, since firmware has been seen to mind. */
export function serverUrl({ advertise, address, port }: WebPlace): string {
  const authority = advertise === undefined ? withPort(address, port) : withPort(advertise, port)
  return `http://${authority}`
}

const BOOT_SCRIPT_PATH = '/boot.ipxe'

/** The script that leads an iPXE to the boot script of its machine. */
export function bootScriptUrl(place: WebPlace): string {
  return serverUrl(place) + BOOT_SCRIPT_PATH
}

/** Whether this is what `bootScriptUrl` makes. */
export function isBootScriptUrl(text: string): boolean {
  return text.startsWith('http://') && text.endsWith(BOOT_SCRIPT_PATH)
}

/** Where HTTP serves the firmware folder. */
export const FIRMWARE_PATH = '/firmware/'

/** A network boot program by HTTP. */
export function firmwareUrl(place: WebPlace, name: string): string {
  return `${serverUrl(place)}${FIRMWARE_PATH}${name.split('/').map(encodeURIComponent).join('/')}`
}

/** Whether a file is, by its name, a program that firmware runs once it has read it. */
export function isBootProgram(name: string): boolean {
  return /\.(0|efi|k*pxe)$/i.test(name)
}

/** What iPXE 1.21 and later asks for beside itself, by the protocol that it came by, before it does anything else. */
export const AUTOEXEC = 'autoexec.ipxe'

/**
 * The script under that name: straight to the boot script, without a second DHCP round.
 *
 * iPXE has taken over the address that the firmware was given, but its interfaces are closed. Opened, they can be used; one
 * that has no address (another program than the firmware loaded this iPXE) does DHCP after all.
 *
 * @param place - absent for a script that goes out by HTTP: a path leads back to where it came from
 */
export function autoexecScript(place?: WebPlace): string {
  const url = place === undefined ? BOOT_SCRIPT_PATH : bootScriptUrl(place)
  return `#!ipxe\nifopen ||\nisset \${ip} || dhcp\nchain ${url}\n`
}

function withPort(host: string, port: number): string {
  return port === 80 || /:\d+$/.test(host.replace(/^\[.*\]/, '')) ? host : `${host}:${port}`
}
