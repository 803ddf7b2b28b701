/**
 * The box that this server is: what runs on it, what is wrong with it, and how it is updated.
 */
import { h } from 'preact'

import { formatBytes } from '../format.js'
import { card, facts, markOf, meter, mono, whenKnown } from '../parts.js'

/** @import { TargetedEvent } from 'preact' */
/** @import { ApplianceFacts } from '../../../../core/appliance.ts' */
/** @import { Box, Command } from '../box.js' */
/** @import { Site } from '../main.js' */

/** @param {Site} site */
export function applianceView({ api, box }) {
  if (box === undefined) return h('p', { class: 'quiet', role: 'status' }, 'This server runs on no box of its own.')
  return whenKnown(api.appliance(), (facts) => [
    h(
      'div',
      { class: 'tools' },
      h('h1', null, 'Appliance'),
      h('p', { class: 'quiet tools-text' }, `${facts.hostname}, bootcfg ${facts.version}`),
    ),
    boxProblems(facts.problems),
    h('div', { class: 'tiles' }, boxCard(facts), updateCard(facts, box), protectionCard(facts)),
  ])
}

/** @param {readonly string[]} problems */
export function boxProblems(problems) {
  if (problems.length === 0) return null
  return card(
    'Problems of the box',
    h('span', { class: 'count' }, problems.length),
    h(
      'ul',
      { class: 'plain' },
      problems.map((text, at) =>
        h(
          'li',
          { key: at, class: 'problem' },
          markOf('warning'),
          h('div', { class: 'problem-main' }, h('div', { class: 'problem-text' }, text)),
        ),
      ),
    ),
  )
}

/** @type {Readonly<Record<string, string>>} */
const SLOTS = { iso: 'from the ISO', net: 'from the network: this box is a copy of another' }

/** Where lib/box/assets mounts it. */
const LARGE_ASSETS = '/data/assets/large'

/** @param {ApplianceFacts} facts */
function boxCard({ version, slot, arch, data, mounts, addresses, memory, modules }) {
  const used = memory.totalBytes - memory.availableBytes
  return card(
    'This box',
    null,
    facts([
      ['Version', version],
      ['Runs', slot === '' ? '' : (SLOTS[slot] ?? `from slot ${slot}`)],
      ['Processor', arch],
      ['Data partition', data],
      ['Partition ASSETS', mounts.some(({ mount }) => mount === LARGE_ASSETS) ? mono('/assets/large/') : null],
      [
        'Addresses',
        addresses.length === 0
          ? 'none'
          : addresses.map(({ iface, address, source }) =>
              h('div', { key: `${iface} ${address}` }, mono(`${iface} ${address}`), source && ` ${source}`),
            ),
      ],
      ['Modules', modules.map(({ name, state }) => `${name} ${state}`).join(', ')],
    ]),
    meter('Memory', used / memory.totalBytes, `${formatBytes(used)} of ${formatBytes(memory.totalBytes)}`),
  )
}

/**
 * @param {ApplianceFacts} facts
 * @param {Box} box
 */
function updateCard({ update }, box) {
  const isSending = box.sent !== undefined
  return card(
    'Update and restart',
    null,
    h(
      'form',
      {
        class: 'form',
        onSubmit: (/** @type {TargetedEvent<HTMLFormElement>} */ event) => {
          event.preventDefault()
          void box.send()
        },
      },
      h(
        'label',
        { class: 'field' },
        h('span', null, 'Token, from the console of the box'),
        h('input', {
          class: 'input mono',
          autocomplete: 'off',
          autocapitalize: 'characters',
          spellcheck: false,
          maxLength: 64,
          value: box.token,
          onInput: (/** @type {TargetedEvent<HTMLInputElement>} */ event) =>
            box.set({ token: event.currentTarget.value }),
        }),
      ),
      h(
        'label',
        { class: 'field' },
        h('span', null, 'Update bundle, *.bootcfg-update'),
        h('input', {
          class: 'input',
          type: 'file',
          accept: '.bootcfg-update',
          disabled: isSending,
          onChange: (/** @type {TargetedEvent<HTMLInputElement>} */ event) =>
            box.set({ file: event.currentTarget.files?.[0] }),
        }),
      ),
      h(
        'label',
        { class: 'check' },
        h('input', {
          type: 'checkbox',
          checked: box.isForced,
          onChange: (/** @type {TargetedEvent<HTMLInputElement>} */ event) =>
            box.set({ isForced: event.currentTarget.checked }),
        }),
        ' Also if it is older than what runs',
      ),
      h(
        'div',
        { class: 'buttons' },
        h(
          'button',
          { class: 'button', disabled: isSending || box.token === '' || box.file === undefined },
          isSending ? 'Sending …' : 'Send update',
        ),
        command(box, 'reboot', 'Restart', 'Really restart?'),
        command(box, 'poweroff', 'Switch off', 'Really switch off?'),
      ),
    ),
    box.sent !== undefined && meter('Sent', box.sent, `${Math.floor(100 * box.sent)} %`, false),
    h(
      'p',
      { class: `card-text${box.isSaidBad ? ' is-failed-text' : ''}`, role: 'status', hidden: box.said === '' },
      box.said,
    ),
    updateState(update),
  )
}

/** @type {Readonly<Record<string, string>>} */
const STATES = {
  checking: 'The box checks the update',
  writing: 'The box writes the update',
  verifying: 'The box reads back what it wrote',
  written: 'Written: the box restarts and tries it. If it does not answer, it goes back by itself.',
  refused: 'The update was refused, and nothing was changed',
  failed: 'The update failed; what runs is as it was',
}

/** @param {ApplianceFacts['update']} update */
function updateState({ state, version, reason, percent }) {
  const text = STATES[state]
  if (text === undefined) return null
  const isBad = state === 'refused' || state === 'failed'
  const what = `${text}${reason === null ? '' : `: ${reason}`}${version === null ? '' : ` (${version})`}`
  if (percent === null || isBad) return h('p', { class: `card-text${isBad ? ' is-failed-text' : ''}` }, what)
  return meter(what, percent / 100, `${Math.floor(percent)} %`, false)
}

/**
 * A button that must be pressed twice.
 *
 * @param {Box} box
 * @param {Command} what
 * @param {string} name
 * @param {string} question
 */
function command(box, what, name, question) {
  const isArmed = box.armed === what
  return h(
    'button',
    {
      type: 'button',
      class: `button${isArmed ? ' is-armed' : ''}`,
      disabled: box.token === '' || box.sent !== undefined,
      onClick: () => (isArmed ? void box.ask(what) : box.set({ armed: what })),
      onBlur: () => isArmed && box.set({ armed: undefined }),
    },
    isArmed ? question : name,
  )
}

/** @param {ApplianceFacts} facts */
function protectionCard({ uid, capEff, noNewPrivs, mounts }) {
  return card(
    'What the server may do',
    null,
    facts([
      ['User', uid === 0 ? 'root' : `${uid}, not root`],
      ['Capabilities', /^0+$/.test(capEff) ? 'none' : mono(capEff)],
      ['New rights', noNewPrivs ? 'can never be had' : 'can be had'],
      [
        'Mounts',
        mounts.map(({ mount, type, readOnly }) =>
          h('div', { key: mount }, mono(mount), ` ${type}, ${readOnly ? 'read-only' : 'writable'}`),
        ),
      ],
    ]),
  )
}
