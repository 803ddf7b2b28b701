/**
 * What a boot was sent, text for text, and where the machine would get the very same now. Where it would not, nothing is
 * wrong: a script names the server as the machine did, a config may print what was asked.
 *
 * Texts are kept by their sums, in the server's memory. One that is gone, since the server was started anew, is shown all the
 * same where the sum is that of what the machine would get now.
 */
import { h } from 'preact'

import { formatBytes } from '../format.js'
import { isMac } from '../group-yaml.js'
import { card } from '../parts.js'
import { hiddenCard, NAMES, rendered, shownAt, textOf } from './rendered.js'

/** @import { Attempt, Entry } from '../../../../core/boots/attempt.ts' */
/** @import { HttpShown } from '../../../../core/explanation.ts' */
/** @import { Site } from '../main.js' */

const TITLE = 'What it was sent'

/**
 * @param {Site} site
 * @param {Attempt} attempt
 */
export function sentCard(site, attempt) {
  const steps = NAMES.flatMap(([path, name]) => {
    const step = attempt.entries.findLast(({ title, status }) => title === path && status === 200)
    return step === undefined ? [] : [/** @type {const} */ ([path, name, step])]
  })
  if (steps.length === 0) return null
  if (site.hidesBodies) return hiddenCard(TITLE)
  const now = isMac(attempt.mac) ? site.api.explanation(attempt).value?.http : undefined
  return card(
    TITLE,
    h('span', { class: 'quiet' }, 'the last of each'),
    steps.map(([path, name, step]) => sent(site, name, step, now && shownAt(now, path))),
  )
}

/**
 * @param {Site} site
 * @param {string} name
 * @param {Entry} step
 * @param {HttpShown | undefined} now
 */
function sent(site, name, { title, bytes = 0, body }, now) {
  const isSame = body !== undefined && now?.content.sha256.startsWith(body) === true
  const note = isSame ? 'the same now' : ''
  const line = { name, path: title, size: formatBytes(bytes), note }
  if (body === undefined) return rendered(line, gone('It was not kept.'))
  const fact = site.api.body(body)
  const text = fact.value ?? (isSame ? now.content.text : undefined)
  if (text !== undefined) return rendered(line, textOf(name, text))
  return rendered(
    line,
    gone(
      fact.isMissing
        ? 'It is kept no longer: the server was started anew, or much else was sent since.'
        : fact.problem || 'Loading …',
    ),
  )
}

/** @param {string} why */
function gone(why) {
  return h('p', { class: 'card-text quiet' }, why)
}
