/**
 * Why a boot failed: a rule for each way, tried from the last stage of a boot to the first, so that what a machine reached
 * last is what is told. Pure. docs/troubleshooting.md has a paragraph for each code.
 */
import type { Diagnosis } from './attempt.ts'
import { loopOf, ofSpec, progress, REASON, type Story } from './story.ts'

type Finding = Omit<Diagnosis, 'code'>
type Rule = (story: Story) => Finding | undefined

export const RULES: readonly (readonly [code: string, rule: Rule])[] = [
  ['template-failed', templateFailed],
  ['config-missing', configMissing],
  ['no-config', noConfig],
  ['asset-missing', assetMissing],
  ['download-broken', downloadBroken],
  ['no-initrd', noInitrd],
  ['no-group', noGroup],
  ['nothing-to-boot', nothingToBoot],
  ['spec-broken', specBroken],
  ['no-kernel', noKernel],
  ['no-chain', noChain],
  ['loop', loop],
  ['rival', rival],
  ['read-stalled', readStalled],
  ['file-missing', fileMissing],
  ['no-http', noHttp],
  ['firmware-silent', firmwareSilent],
  ['not-answered', notAnswered],
  ['ipxe-without-http', ipxeWithoutHttp],
  ['no-firmware', noFirmware],
  ['no-read', noRead],
]

// Stage config

function templateFailed(story: Story): Finding | undefined {
  const asked = story.last('ignition', 'cloud')
  if (asked?.outcome !== 'failed' || asked.status !== 500) return undefined
  return {
    text: `Its ${asked.title.slice(1)} config could not be made: ${asked.reason}.`,
    advice: 'Mend the file where it says; `bootcfg check` lists all such. Most machines ask again by themselves.',
  }
}

function configMissing(story: Story): Finding | undefined {
  const asked = story.last('ignition', 'cloud')
  if (asked === undefined || asked.outcome === 'ok' || asked.status !== 404) return undefined
  if (asked.group === undefined) return groupNotFound(story)
  return {
    text: `Asked for ${asked.title} and got none: ${asked.reason}.`,
    advice:
      'Name the config in the spec, put the file into the data directory, or correct the URL among the arguments of the kernel.',
  }
}

// Stage kernel

function noConfig(story: Story): Finding | undefined {
  const { plan } = story.facts
  if (plan === undefined || !plan.config || !story.has('download') || story.missing().length > 0) return undefined
  return {
    text: 'Kernel and initrd were sent, and nobody asked for the config that is there for it.',
    advice:
      "Look at the machine's console. Often the URL is missing among the arguments of the kernel (ignition.config.url=…, ds=nocloud-net;s=…), the initrd has no driver for the network card, or the machine has too little memory.",
  }
}

function assetMissing(story: Story): Finding | undefined {
  const asked = story.last('download')
  if (asked?.outcome !== 'failed' || asked.status === undefined) return undefined
  return {
    text: `Asked for ${asked.file}, which it could not be sent: ${asked.reason}.`,
    advice: `Put the file into the assets folder${ofSpec(story)}, or correct its name in the spec.`,
  }
}

function downloadBroken(story: Story): Finding | undefined {
  const asked = story.last('download')
  if (asked?.outcome !== 'failed') return undefined
  return {
    text: `The download of ${asked.title} broke off after ${progress(asked)}.`,
    advice:
      'Look at its screen: too little memory for the initrd shows as this, too. Else look at cable, switch and the log of bootcfg.',
  }
}

function noInitrd(story: Story): Finding | undefined {
  const [missing] = story.missing()
  if (missing === undefined || !story.has('download')) return undefined
  return {
    text: `Got a part of what its script names, and never asked for ${missing}.`,
    advice: 'Look at its screen: iPXE says there what it does not like.',
  }
}

// Stage script

function noGroup(story: Story): Finding | undefined {
  const asked = story.last('ipxe')
  if (asked?.outcome !== 'failed' || asked.status !== 404 || asked.group !== undefined) return undefined
  return groupNotFound(story)
}

function groupNotFound({ nearest }: Story): Finding {
  const near = nearest()
  return {
    text: near === undefined ? 'No group matches it.' : `No group matches it. Nearest: ${near}.`,
    advice: 'Add a group that requires what it says of itself, or one without requirements, which takes every machine.',
  }
}

function nothingToBoot(story: Story): Finding | undefined {
  const asked = story.last('ipxe')
  if (asked?.outcome !== 'failed' || asked.status !== 404) return undefined
  return {
    text: `There is nothing to boot for it: ${asked.reason}.`,
    advice: 'Correct the group, or the spec that it names.',
  }
}

function specBroken(story: Story): Finding | undefined {
  const asked = story.last('ipxe')
  if (asked?.outcome !== 'failed') return undefined
  return {
    text: `Its spec cannot be used: ${asked.reason ?? `status ${asked.status}`}.`,
    advice: 'Mend the file where it says; `bootcfg check` lists all such. Then switch the machine off and on.',
  }
}

function noKernel(story: Story): Finding | undefined {
  if (!story.has('ipxe') || story.has('download')) return undefined
  const elsewhere = story.facts.plan?.elsewhere[0]
  return {
    text:
      elsewhere === undefined
        ? 'Got its script and never asked for its kernel.'
        : `Got its script, which names ${elsewhere}, and was not heard of again.`,
    advice:
      'Look at its screen: iPXE says there what it does not like. Is the host that the spec names one that the machine can reach?',
  }
}

function noChain(story: Story): Finding | undefined {
  if (!story.has('script')) return undefined
  return {
    text: 'Got /boot.ipxe and did not go on to /ipxe.',
    advice: 'Look at its screen. An iPXE that is very old, or built without the command chain, cannot.',
  }
}

// Stage firmware

function loop({ facts, runsIpxe }: Story): Finding | undefined {
  const found = loopOf(facts.entries)
  if (found === undefined || runsIpxe) return undefined
  return {
    text: `Read ${found.title} ${found.reads} times and came back each time without asking for its script.`,
    advice:
      'Its iPXE starts and is not told where to go on, or fails at once: look at its screen. Take another file for this kind of machine out of or into the firmware folder; on BIOS ipxe.pxe is tried next.',
  }
}

function rival(story: Story): Finding | undefined {
  const note = story.last('note')
  if (note === undefined || story.has('read') || story.hasScript) return undefined
  return {
    text: `Was told what to boot by another server as well: ${note.title}. It read nothing from here.`,
    advice:
      'Two boot servers on one network race. Switch the other one off, or take option 60, 66 and 67 out of its settings.',
  }
}

function readStalled(story: Story): Finding | undefined {
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

function fileMissing(story: Story): Finding | undefined {
  const read = story.last('read')
  if (read?.outcome !== 'failed') return undefined
  return {
    text: `Asked for ${read.title} and was not sent it: ${read.reason}.`,
    advice:
      'Another server, or the DHCP server of the network, may name this file (option 67): take it out there. Or put the file into the firmware folder.',
  }
}

function noHttp(story: Story): Finding | undefined {
  if (!story.runsIpxe || story.hasScript) return undefined
  return {
    text: 'Runs iPXE, and never asked for its script by HTTP.',
    advice:
      "Can machines reach this host's HTTP port? Look for a firewall, for -address (127.0.0.1 is for this host alone) and for -advertise. Its screen says what iPXE tried.",
  }
}

function firmwareSilent(story: Story): Finding | undefined {
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

function notAnswered(story: Story): Finding | undefined {
  if (story.last('offer')?.reason !== REASON.silent) return undefined
  return {
    text: 'Asked to boot and was not answered: no group requires its MAC address or UUID, and -answer is known.',
    advice: `Add a group that requires mac: ${story.facts.key}, or give -answer all.`,
  }
}

function ipxeWithoutHttp(story: Story): Finding | undefined {
  if (story.last('offer')?.outcome !== 'failed' || story.last('discover')?.reason !== REASON.noHttp) return undefined
  return {
    text: `Runs an iPXE that has no HTTP, and there is none to replace it: ${story.last('offer')!.reason}.`,
    advice: 'Put an iPXE for this kind of machine into the firmware folder (scripts/get-firmware).',
  }
}

function noFirmware(story: Story): Finding | undefined {
  const offer = story.last('offer')
  if (offer?.outcome !== 'failed') return undefined
  return {
    text: `Was not told what to boot: ${offer.reason}.`,
    advice: 'Put an iPXE for this kind of machine into the firmware folder (scripts/get-firmware), if there is one.',
  }
}

function noRead(story: Story): Finding | undefined {
  const offer = story.last('offer')
  if (offer === undefined) return undefined
  const times = story.count('offer')
  const port = offer.file?.startsWith('http') === true ? 'the HTTP port' : 'UDP port 69'
  return {
    text: `Was told to boot ${offer.title}${times > 1 ? ` ${times} times` : ''}, and never asked for it.`,
    advice: `Did it get an address? Without a DHCP server on the network nothing goes on. Some firmware ignores what a second server says, or another one answers faster: then name the file in the DHCP server of the network (options 66 and 67). Or a firewall drops ${port}.`,
  }
}
