/**
 * The scope of one rendering: liquidjs's, with a meter, and with nothing to see but data.
 */
import { Context, Drop, type Liquid, type Scope } from 'liquidjs'

import { entryCount } from './data.ts'
import type { Meter } from './meter.ts'

/** What a template may ask of `forloop`, `tablerowloop` and `block`; their other properties are JavaScript. */
const DROP_PROPERTIES: ReadonlySet<unknown> = new Set(
  'index index0 rindex rindex0 first last length name row col col0 col_first col_last super'.split(' '),
)

export class MachineContext extends Context {
  readonly meter: Meter
  readonly #engine: Liquid

  constructor(scope: object, engine: Liquid, meter: Meter, isStrict = true) {
    const options = { sync: true, strictVariables: isStrict, memoryLimit: meter.workMax }
    super(scope, engine.options, options, { liquid: engine })
    this.meter = meter
    this.#engine = engine
  }

  static of(context: Context): MachineContext {
    if (context instanceof MachineContext) return context
    throw new TypeError('rendered without a meter')
  }

  /**
   * A scope of its own: empty for `{% render %}`; or one item of a list, of which a filter such as `where` reads a
   * property. Items may lack it, and what the item lacks is not looked up elsewhere.
   */
  override spawn(item?: object): MachineContext {
    const child = new MachineContext(item ?? Object.create(null), this.#engine, this.meter, item === undefined)
    child.memoryLimit = this.memoryLimit
    return child
  }

  override readProperty(from: Scope, key: string | number | Drop): unknown {
    if (from === null) return undefined
    if (from instanceof Drop && !DROP_PROPERTIES.has(key)) return undefined
    const value: unknown = isCountOfMap(from, key) ? entryCount(from) : super.readProperty(from, key)
    return value
  }
}

function isCountOfMap(from: Scope, key: unknown): from is Record<string, unknown> {
  return key === 'size' && typeof from === 'object' && !Array.isArray(from) && !Object.hasOwn(from, 'size')
}
