/**
 * Text that is there to be taken elsewhere, with a button that copies it.
 */
import { Component, h } from 'preact'

const SAID_MS = 2000

/** @typedef {{ text: string, what: string }} CopyProps - what: named for who cannot see what stands beside it */

/** @extends {Component<CopyProps, { said: string }>} */
export class CopyButton extends Component {
  /** @override */
  state = { said: '' }

  /**
   * @override
   * @param {CopyProps} props
   */
  render({ text, what }) {
    const copy = async () => {
      this.setState({ said: (await copyText(text)) ? 'Copied' : 'Select and copy it by hand' })
      setTimeout(() => this.setState({ said: '' }), SAID_MS)
    }
    const { said } = this.state
    return h(
      'button',
      { type: 'button', class: 'button copy', onClick: copy },
      h('span', { 'aria-live': 'polite' }, said || 'Copy'),
      h('span', { class: 'unseen' }, ` ${what}`),
    )
  }
}

/**
 * @param {string} text
 * @returns {Promise<boolean>} whether it was copied
 */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copySelected(text) // there is no clipboard for a page that came by plain HTTP from another computer
  }
}

/** @param {string} text */
function copySelected(text) {
  const before = document.activeElement
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'unseen'
  document.body.append(area)
  area.select()
  const isCopied = document.execCommand('copy')
  area.remove()
  if (before instanceof HTMLElement) before.focus()
  return isCopied
}
