/**
 * js-yaml's events of one document, in order, become its nodes.
 */
import { EVENT_ID, type Event, SCALAR_STYLE, type ScalarEvent, getScalarValue } from 'js-yaml'

import type { ConfigError } from '../errors.ts'
import { type Alias, resolveAliases } from './aliases.ts'
import type { Edited } from './edited.ts'
import { isBlock } from './events.ts'
import { type YamlMapping, type YamlNode, type YamlScalar, type YamlSequence, isMergeKey, yamlError } from './node.ts'

interface OpenSequence extends YamlSequence {
  readonly items: YamlNode[]
}
interface OpenMapping extends YamlMapping {
  readonly keys: YamlNode[]
  readonly values: YamlNode[]
  merges: boolean
}

/** Builds one document: {@link take} each event, then {@link finish}. */
export class Builder {
  readonly #edited: Edited
  readonly #source: string
  readonly #text: string
  readonly #open: (OpenSequence | OpenMapping)[] = []
  readonly #anchors = new Map<string, YamlNode>()
  readonly #aliases: Alias[] = []
  #root: YamlNode | undefined
  #documents = 0
  #nodes = 0
  /** Start of the last node that has a place; an empty one has none of its own. */
  #offset = 0

  constructor(edited: Edited) {
    this.#edited = edited
    this.#source = edited.source
    this.#text = edited.text
  }

  take(event: Event): void {
    switch (event.type) {
      case EVENT_ID.SCALAR:
        this.#anchor(event, this.#add(this.#scalar(event)))
        break
      case EVENT_ID.MAPPING:
        this.#offset = this.#edited.place(event.start)
        this.#enter(event, { kind: 'mapping', keys: [], values: [], merges: false, offset: this.#offset })
        break
      case EVENT_ID.SEQUENCE:
        this.#offset = this.#edited.place(event.start)
        this.#enter(event, { kind: 'sequence', items: [], offset: this.#offset })
        break
      case EVENT_ID.POP:
        this.#open.pop()
        break
      case EVENT_ID.ALIAS:
        this.#offset = this.#edited.place(event.anchorStart - 1)
        this.#alias(this.#text.slice(event.anchorStart, event.anchorEnd))
        break
      case EVENT_ID.DOCUMENT:
        this.#documents += 1
        // The text ends before a second "---", so only "..." can have parted them; after it libyaml wants a "---".
        if (this.#documents > 1) {
          this.#offset = this.#source.indexOf('\n...', this.#offset) + 1
          throw this.#error('did not find expected <document start>')
        }
        break
    }
  }

  /** @returns undefined when there was no document */
  finish(): YamlNode | undefined {
    if (this.#root !== undefined && this.#aliases.length > 0) {
      resolveAliases(this.#root, this.#aliases, this.#anchors, this.#nodes, this.#source)
    }
    return this.#root
  }

  #scalar(event: ScalarEvent): YamlScalar {
    const plain = event.style === SCALAR_STYLE.PLAIN
    if (event.valueStart >= 0) this.#offset = this.#edited.place(plain ? event.valueStart : event.valueStart - 1)
    const text = isBlock(event) ? this.#blockText(event) : getScalarValue(this.#text, event)
    if (!event.fast && !text.isWellFormed()) throw this.#error('invalid Unicode character escape code')
    const tag = event.tagStart < 0 ? '' : shortTag(this.#text.slice(event.tagStart, event.tagEnd))
    return { kind: 'scalar', text, plain, tag, offset: this.#offset }
  }

  /** A block that ends with the text ends as the text does: libyaml adds no line break of its own. */
  #blockText(event: ScalarEvent): string {
    const text = getScalarValue(this.#text, event)
    const isCut = event.valueEnd >= this.#text.length && text.endsWith('\n') && !/[\r\n]$/.test(this.#text)
    return isCut ? text.slice(0, -1) : text
  }

  #enter(event: { anchorStart: number; anchorEnd: number }, node: OpenSequence | OpenMapping): void {
    this.#anchor(event, this.#add(node))
    this.#open.push(node)
  }

  #add(node: YamlNode): YamlNode {
    this.#nodes += 1
    const parent = this.#open.at(-1)
    if (parent === undefined) this.#root = node
    else if (parent.kind === 'sequence') parent.items.push(node)
    else if (parent.keys.length > parent.values.length) parent.values.push(node)
    else {
      parent.keys.push(node)
      if (isMergeKey(node)) parent.merges = true
    }
    return node
  }

  /** An anchor that is set again means the later node, for all aliases. */
  #anchor(event: { anchorStart: number; anchorEnd: number }, node: YamlNode): void {
    if (event.anchorStart < 0) return
    this.#anchors.set(this.#text.slice(event.anchorStart, event.anchorEnd), node)
  }

  #alias(name: string): void {
    const parent = this.#open.at(-1)
    if (parent === undefined) throw this.#error(`unknown anchor '${name}' referenced`)
    const placeholder = this.#add({ kind: 'scalar', text: '', plain: true, tag: '', offset: this.#offset })
    const into =
      parent.kind === 'sequence' ? parent.items : parent.values.at(-1) === placeholder ? parent.values : parent.keys
    this.#aliases.push({ into, index: into.length - 1, name, offset: this.#offset })
  }

  #error(message: string): ConfigError {
    return yamlError(message, this.#offset, this.#source)
  }
}

const CORE_TAG = /^!<tag:yaml\.org,2002:(.*)>$/

/** `!!int` for the tag however it is spelled. Tags of other schemas stay as written: they only say "a string". */
function shortTag(raw: string): string {
  return raw.replace(CORE_TAG, '!!$1')
}
