/**
 * A list of any length in the page: only the rows near the visible part are elements.
 */
import { Component, createRef, h } from 'preact'

import { offsetsOf, rowsWithin } from './windowed.js'

/** @import { ComponentChildren } from 'preact' */

/** Rows that are elements though nobody sees them yet: so far above and below, in pixels. */
const MARGIN_PX = 800

/**
 * @typedef {object} ListProps
 * @property {string} label - for who cannot see it
 * @property {readonly string[]} keys - one for each row
 * @property {(at: number) => number} heightOf - of a row, in rem, so that it grows with the text
 * @property {(at: number) => ComponentChildren} renderRow
 */

/** @extends {Component<ListProps>} */
export class List extends Component {
  #list = createRef()
  #look = () => this.forceUpdate()

  /** @override */
  componentDidMount() {
    addEventListener('scroll', this.#look, { passive: true })
    addEventListener('resize', this.#look)
    if (scrollY > 0) this.#look() // where the list is can be measured only now; at the top it is known well enough
  }

  /** @override */
  componentWillUnmount() {
    removeEventListener('scroll', this.#look)
    removeEventListener('resize', this.#look)
  }

  /**
   * @override
   * @param {ListProps} props
   */
  render({ label, keys, heightOf, renderRow }) {
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
    const offsets = offsetsOf(keys.map((_, at) => heightOf(at) * rem))
    const top = -(this.#list.current?.getBoundingClientRect().top ?? 0)
    const { first, end } = rowsWithin(offsets, top - MARGIN_PX, top + innerHeight + MARGIN_PX)
    const rows = []
    for (let at = first; at < end; at++) {
      const style = { top: `${offsets[at]}px`, height: `${(offsets[at + 1] ?? 0) - (offsets[at] ?? 0)}px` }
      const place = { 'aria-setsize': keys.length, 'aria-posinset': at + 1 }
      rows.push(h('li', { key: keys[at] ?? at, class: 'slot', style, ...place }, renderRow(at)))
    }
    const style = { height: `${offsets.at(-1)}px` }
    return h('ul', { ref: this.#list, class: 'list', 'aria-label': label, style, onKeyDown: moveFocus }, rows)
  }
}

/**
 * Arrows lead from one row's link to the next.
 *
 * @param {KeyboardEvent} event
 */
function moveFocus(event) {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  if (step === 0 || !(event.target instanceof HTMLAnchorElement)) return
  const links = [...(event.target.closest('.list')?.querySelectorAll('a.name') ?? [])]
  const next = links[links.indexOf(event.target) + step]
  if (!(next instanceof HTMLElement)) return
  event.preventDefault()
  next.focus()
}
