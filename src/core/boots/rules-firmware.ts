/**
 * Why a boot failed before it came to its script: rules of the stages dhcp and firmware (`rules.ts`). Pure.
 */
import { type Finding, loopOf, progress, REASON, type Story } from './story.ts'

// Stage firmware

export function loop({ facts, runsIpxe }: Story): Finding | undefined {
  const found = loopOf(facts.entries)
  if (found === undefined || runsIpxe) return undefined
  return {
    text: `Read ${found.title} ${found.reads} times and came back each time without asking for its script.`,
    advice:
      'Its iPXE starts and is not told where to go on, or fails at once: look at its screen. Take another file for this kind of machine out of or into the firmware folder; on BIOS ipxe.pxe is tried next.',
  }
}

export function rival(story: Story): Finding | undefined {
  const note = story.last('note')
  if (note === undefined || story.has('read') || story.hasScript) return undefined
  return {
    text: `Was told what to boot by another server as well: ${note.title}. It read nothing from here.`,
    advice:
      'Two boot servers on one network race. Switch the other one off, or take option 60, 66 and 67 out of its settings.',
  }
}

export function readStalled(story: Story): Finding | undefined {
  const read = story.last('read', 'autoexec')
  if (read?.outcome !== 'failed' || read.totalBytes === undefined) return undefined
  const isSilent = (read.bytes ?? 0) === 0
  return {
    text: isSilent
      ? `Asked for ${read.title} and acknowledged nothing of it (${read.reason ?? 'no answer'}).`
      : `Reading ${read.title} stopped after ${progress(read)} (${read.reason ?? 'no answer any more'}).`,
    advice: isSilent
      ? 'A firewall often lets only port 69 through: TFTP answers from a port of its own. Allow UDP from this host to the machines.'
      : 'Where large packets are lost, the MTU on the way is below 1500: try -max-block-bytes 1024. Else look at cable and switch.',
  }
}

export function fileMissing(story: Story): Finding | undefined {
  const read = story.last('read')
  if (read?.outcome !== 'failed') return undefined
  return {
    text: `Asked for ${read.title} and was not sent it: ${read.reason}.`,
    advice:
      'Another server, or the DHCP server of the network, may name this file (option 67): take it out there. Or put the file into the firmware folder.',
  }
}

export function noHttp(story: Story): Finding | undefined {
  if (!story.runsIpxe || story.hasScript) return undefined
  return {
    text: 'Runs iPXE, and never asked for its script by HTTP.',
    advice:
      "Can machines reach this host's HTTP port? Look for a firewall, for -address (127.0.0.1 is for this host alone) and for -advertise. Its screen says what iPXE tried.",
  }
}

export function firmwareSilent(story: Story): Finding | undefined {
  if (!story.has('read')) return undefined
  const file = story.last('read')!.title
  const isUefi = file.toLowerCase().endsWith('.efi')
  return {
    text: `Read ${file} to its end, and was not heard of again.`,
    advice: isUefi
      ? 'With Secure Boot on, firmware refuses iPXE without a word: switch it off in the firmware settings. Else the file may be for another kind of machine, or lack a driver: try another one.'
      : 'The file may not suit this machine: try ipxe.pxe in place of undionly.kpxe. Its screen says more.',
  }
}

// Stage dhcp

export function notAnswered(story: Story): Finding | undefined {
  if (story.last('offer')?.reason !== REASON.silent) return undefined
  return {
    text: 'Asked to boot and was not answered: no group requires its MAC address or UUID, and -answer is known.',
    advice: `Add a group that requires mac: ${story.facts.key}, or give -answer all.`,
  }
}

export function ipxeWithoutHttp(story: Story): Finding | undefined {
  if (story.last('offer')?.outcome !== 'failed' || story.last('discover')?.reason !== REASON.noHttp) return undefined
  return {
    text: `Runs an iPXE that has no HTTP, and there is none to replace it: ${story.last('offer')!.reason}.`,
    advice: 'Put an iPXE for this kind of machine into the firmware folder (scripts/get-firmware).',
  }
}

export function noFirmware(story: Story): Finding | undefined {
  const offer = story.last('offer')
  if (offer?.outcome !== 'failed') return undefined
  return {
    text: `Was not told what to boot: ${offer.reason}.`,
    advice: 'Put an iPXE for this kind of machine into the firmware folder (scripts/get-firmware), if there is one.',
  }
}

export function noRead(story: Story): Finding | undefined {
  const offer = story.last('offer')
  if (offer === undefined) return undefined
  const times = story.count('offer')
  const port = offer.file?.startsWith('http') === true ? 'the HTTP port' : 'UDP port 69'
  return {
    text: `Was told to boot ${offer.title}${times > 1 ? ` ${times} times` : ''}, and never asked for it.`,
    advice: `Did it get an address? Without a DHCP server on the network nothing goes on. Some firmware ignores what a second server says, or another one answers faster: then name the file in the DHCP server of the network (options 66 and 67). Or a firewall drops ${port}.`,
  }
}
