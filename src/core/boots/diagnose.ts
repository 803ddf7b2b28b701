/**
 * What became of an attempt, in a sentence, and what to do about it. Pure: looks at its entries and nothing else.
 */
import type { Diagnosis } from './attempt.ts'
import { RULES } from './rules.ts'
import { type Facts, formatSeconds, isConfig, Story } from './story.ts'

/** @param nearest - names the group that all but matches a machine which none does */
export function diagnose(facts: Facts, nearest: () => string | undefined = () => undefined): Diagnosis {
  const story = new Story(facts, nearest)
  if (facts.state === 'booting') return { code: 'booting', text: now(story), advice: '' }
  if (facts.state === 'seen') return { code: 'seen', text: seen(story), advice: '' }
  if (facts.state === 'booted') return facts.stage === 'done' ? booted(story) : handedOver(story)
  for (const [code, rule] of RULES) {
    const found = rule(story)
    if (found === undefined) continue
    return { code, text: facts.overtaken ? `${found.text} Then it began anew.` : found.text, advice: found.advice }
  }
  return { code: 'stopped', text: 'Stopped, and nothing tells why.', advice: LOOK_AT_SCREEN }
}

const LOOK_AT_SCREEN = 'Look at its screen.'

/** What it does, while it goes on. */
function now({ facts }: Story): string {
  const last = facts.entries.findLast(({ kind }) => kind !== 'note')
  const { kind, title, outcome } = facts.entries.findLast(({ outcome }) => outcome === 'going') ?? last ?? NOTHING_YET
  if (kind === 'discover' || kind === 'ask-4011') return 'Asks what to boot.'
  if (kind === 'offer') return `Was told to boot ${title}.`
  if (kind === 'read' || kind === 'autoexec') return `${outcome === 'going' ? 'Reads' : 'Has read'} ${title}.`
  if (kind === 'download') return `${outcome === 'going' ? 'Downloads' : 'Has downloaded'} ${title}.`
  if (kind === 'script' || kind === 'ipxe') return 'Has its script.'
  return `Asked for ${title}.`
}

const NOTHING_YET = { kind: 'discover', title: '', outcome: 'ok' } as const

function seen({ facts }: Story): string {
  const titles = [...new Set(facts.entries.filter(({ kind }) => kind !== 'note').map(({ title }) => title))]
  const more = titles.length > 3 ? ` and ${titles.length - 3} more` : ''
  return `Asked for ${titles.slice(0, 3).join(', ')}${more}; no boot was seen before it.`
}

function booted(story: Story): Diagnosis {
  const config = story.facts.entries.findLast(({ kind, outcome }) => isConfig(kind) && outcome === 'ok')
  const what = config === undefined ? 'everything that it needs' : `its ${config.title.slice(1)} config`
  return { code: 'booted', text: `Booted: got ${what} after ${formatSeconds(story.durationMs)}.`, advice: '' }
}

function handedOver({ facts }: Story): Diagnosis {
  const text = `Got its script. ${facts.plan?.elsewhere[0] ?? 'Its kernel'} comes from another server, so that nothing more is seen here.`
  return { code: 'handed-over', text, advice: '' }
}

/** Every code that a diagnosis can have. */
export const CODES: readonly string[] = [
  'booting',
  'booted',
  'handed-over',
  'seen',
  ...RULES.map(([code]) => code),
  'stopped',
]
