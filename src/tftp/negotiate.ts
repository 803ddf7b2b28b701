/**
 * Which of the options that a client asks for it gets, and with which values (RFC 2347, 2348, 2349, 7440). Pure.
 *
 * An option that is unknown, out of its range or no number is left out of the answer, as if it had not been asked for;
 * none is refused. The answer never has what was not asked for: UEFI rejects that.
 */
import type { Option } from './packet.ts'

export interface Wish {
  readonly options: readonly Option[]
  /** Of the file as it goes out; undefined in netascii, where nobody may know it (RFC 2349) and windows stay off. */
  readonly sizeBytes: number | undefined
  /** RFC 2348. A datagram of this and 32 more bytes has to fit the network. */
  readonly blockBytesMax: number
}

export interface Agreement {
  readonly blockBytes: number
  /** Blocks that may be on their way unacknowledged. */
  readonly window: number
  /** What the client wants to lie between a packet and its repetition. */
  readonly timeoutMs: number | undefined
  /** For the OACK, spelt and ordered as asked; when there is none, no OACK is sent. */
  readonly granted: readonly Option[]
}

/** What one send with UDP segmentation can carry. dnsmasq grants 32. */
const WINDOW_MAX = 64

const NO_OPTIONS: Agreement = { blockBytes: 512, window: 1, timeoutMs: undefined, granted: [] }

export function negotiate({ options, sizeBytes, blockBytesMax }: Wish): Agreement {
  let agreement = NO_OPTIONS
  const seen = new Set<string>()
  const grant = (option: string, value: number, terms: Partial<Agreement> = {}): void => {
    agreement = { ...agreement, ...terms, granted: [...agreement.granted, [option, String(value)]] }
  }
  for (const [spelt, text] of options) {
    const name = spelt.toLowerCase()
    if (seen.has(name)) continue
    seen.add(name)
    const asked = parseNumber(text)
    switch (name) {
      case 'blksize':
        if (!isWithin(asked, 8, 65_464)) break
        grant(spelt, Math.min(asked, blockBytesMax), { blockBytes: Math.min(asked, blockBytesMax) })
        break
      case 'tsize':
        if (asked !== undefined && sizeBytes !== undefined) grant(spelt, sizeBytes)
        break
      case 'timeout':
        if (isWithin(asked, 1, 255)) grant(spelt, asked, { timeoutMs: asked * 1000 })
        break
      case 'windowsize':
        if (!isWithin(asked, 1, 65_535) || sizeBytes === undefined) break
        grant(spelt, Math.min(asked, WINDOW_MAX), { window: Math.min(asked, WINDOW_MAX) })
        break
    }
  }
  return agreement
}

function parseNumber(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

function isWithin(value: number | undefined, min: number, max: number): value is number {
  return value !== undefined && value >= min && value <= max
}
