/**
 * liquidjs's render loop, paid for: every node is a step, every level of nesting is counted, output has an end.
 */
import { type Context, type Emitter, type Template, toValue } from 'liquidjs'

import type { TemplateLimits } from '../template.ts'
import { MachineContext } from './context.ts'
import { type Failure, failureOf, limitReached } from './failure.ts'
import { textOf } from './filters.ts'
import type { Meter } from './meter.ts'

/** Renders node after node, counting, and says where it was when something fails. */
export class Renderer {
  *renderTemplates(templates: Template[], context: Context, target?: Emitter): IterableIterator<unknown> {
    const { meter } = MachineContext.of(context)
    const out = target instanceof Output ? target : new Output(meter)
    meter.step()
    meter.enter()
    for (const template of templates) {
      try {
        meter.step()
        const text: unknown = yield template.render(context, out)
        if (text !== undefined) out.write(text)
      } catch (error) {
        throw failureOf(error, template.token)
      }
      if (context.breakCalled || context.continueCalled) break
    }
    meter.leave()
    if (target !== undefined && target !== out) target.write(out.buffer) // `block.super` has an emitter of its own
    return out.buffer
  }

  renderTemplatesToNodeStream(): never {
    throw new TypeError('templates render to text')
  }
}

class Output implements Emitter {
  buffer = ''
  readonly #meter: Meter

  constructor(meter: Meter) {
    this.#meter = meter
  }

  write(value: unknown): void {
    const plain: unknown = toValue(value)
    if (typeof plain !== 'string') this.#meter.value(plain)
    const text = textOf(plain)
    this.#meter.work(text.length)
    this.buffer += text
    if (this.buffer.length > this.#meter.limits.outputBytesMax) throw outputTooLarge(this.#meter.limits)
  }
}

export function outputTooLarge(limits: TemplateLimits): Failure {
  return limitReached(`output is larger than ${limits.outputBytesMax} bytes`)
}
