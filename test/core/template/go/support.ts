import { compileGo } from '../../../../src/core/template/go/compile.ts'
import { TEMPLATE_LIMITS } from '../../../../src/core/template/template.ts'
import type { TemplateLimits } from '../../../../src/core/template/template.ts'
import { ValueMap } from '../../../../src/core/value.ts'
import type { Value } from '../../../../src/core/value.ts'

export function map(entries: Readonly<Record<string, Value>>): ValueMap {
  return ValueMap.from('any', Object.entries(entries))
}

/** Render a file called `node.yaml`. */
export function render(
  source: string,
  data: Readonly<Record<string, Value>> = {},
  limits: Partial<TemplateLimits> = {},
): string {
  return compileGo('node.yaml', source, { ...TEMPLATE_LIMITS, ...limits }).render(
    ValueMap.from('string', Object.entries(data)),
  )
}
