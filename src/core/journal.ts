/**
 * What the rooms see of machines that boot, told to whoever listens.
 *
 * The rooms know one machine by different names: DHCP by its MAC, TFTP and HTTP by the address it has. An `address` event
 * joins the two.
 */

export type BootEvent =
  /** The machine holds, or asks its DHCP server for, this address. */
  | { readonly type: 'address'; readonly mac: string; readonly address: string }
  /** A network boot program was read to its end. `file` is its name below the firmware folder. */
  | { readonly type: 'firmware'; readonly address: string; readonly file: string }
  /** An iPXE that came from here asked for `autoexec.ipxe`. */
  | { readonly type: 'autoexec'; readonly address: string }
  /** An iPXE asked for `/boot.ipxe` or `/ipxe`; the mac is there when the request says it. */
  | { readonly type: 'script'; readonly address: string; readonly mac: string | undefined }

export interface Journal {
  readonly report: (event: BootEvent) => void
  /** @returns a function that ends it */
  readonly listen: (listener: (event: BootEvent) => void) => () => void
}

export function createJournal(): Journal {
  const listeners = new Set<(event: BootEvent) => void>()
  return {
    report(event) {
      for (const listener of listeners) listener(event)
    },
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
