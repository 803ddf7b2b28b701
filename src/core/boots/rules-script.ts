/**
 * Why a boot failed that had got its script, or asked for it: rules of the stages script, kernel and config (`rules.ts`). Pure.
 */
import { type Finding, ofSpec, progress, type Story } from './story.ts'

// Stage config

export function templateFailed(story: Story): Finding | undefined {
  const asked = story.last('ignition', 'cloud')
  if (asked?.outcome !== 'failed' || asked.status !== 500) return undefined
  return {
    text: `Its ${asked.title.slice(1)} config could not be made: ${asked.reason}.`,
    advice: 'Mend the file where it says; `bootcfg check` lists all such. Most machines ask again by themselves.',
  }
}

export function configMissing(story: Story): Finding | undefined {
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

export function noConfig(story: Story): Finding | undefined {
  const { plan } = story.facts
  if (plan === undefined || !plan.config || !story.has('download') || story.missing().length > 0) return undefined
  return {
    text: 'Kernel and initrd were sent, and nobody asked for the config that is there for it.',
    advice:
      "Look at the machine's console. Often the URL is missing among the arguments of the kernel (ignition.config.url=…, ds=nocloud-net;s=…), the initrd has no driver for the network card, or the machine has too little memory.",
  }
}

export function assetMissing(story: Story): Finding | undefined {
  const asked = story.last('download')
  if (asked?.outcome !== 'failed' || asked.status === undefined) return undefined
  return {
    text: `Asked for ${asked.file}, which it could not be sent: ${asked.reason}.`,
    advice: `Put the file into the assets folder${ofSpec(story)}, or correct its name in the spec.`,
  }
}

export function downloadBroken(story: Story): Finding | undefined {
  const asked = story.last('download')
  if (asked?.outcome !== 'failed') return undefined
  return {
    text: `The download of ${asked.title} broke off after ${progress(asked)}.`,
    advice:
      'Look at its screen: too little memory for the initrd shows as this, too. Else look at cable, switch and the log of bootcfg.',
  }
}

export function noInitrd(story: Story): Finding | undefined {
  const [missing] = story.missing()
  if (missing === undefined || !story.has('download')) return undefined
  return {
    text: `Got a part of what its script names, and never asked for ${missing}.`,
    advice: 'Look at its screen: iPXE says there what it does not like.',
  }
}

// Stage script

export function noGroup(story: Story): Finding | undefined {
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

export function nothingToBoot(story: Story): Finding | undefined {
  const asked = story.last('ipxe')
  if (asked?.outcome !== 'failed' || asked.status !== 404) return undefined
  return {
    text: `There is nothing to boot for it: ${asked.reason}.`,
    advice: 'Correct the group, or the spec that it names.',
  }
}

export function specBroken(story: Story): Finding | undefined {
  const asked = story.last('ipxe')
  if (asked?.outcome !== 'failed') return undefined
  return {
    text: `Its spec cannot be used: ${asked.reason ?? `status ${asked.status}`}.`,
    advice: 'Mend the file where it says; `bootcfg check` lists all such. Then switch the machine off and on.',
  }
}

export function noKernel(story: Story): Finding | undefined {
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

export function noChain(story: Story): Finding | undefined {
  if (!story.has('script')) return undefined
  return {
    text: 'Got /boot.ipxe and did not go on to /ipxe.',
    advice: 'Look at its screen. An iPXE that is very old, or built without the command chain, cannot.',
  }
}
