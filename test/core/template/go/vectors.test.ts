/**
 * Every vector recorded from Go 1.19.8 (gotemplate.json): the output to the byte, or the kind of the error.
 */
import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { ConfigError } from '../../../../src/core/errors.ts'
import { compileGo } from '../../../../src/core/template/go/compile.ts'
import { TEMPLATE_LIMITS } from '../../../../src/core/template/template.ts'
import { decodeUtf8, encodeUtf8 } from '../../../../src/core/utf8.ts'
import { Uint64, ValueMap } from '../../../../src/core/value.ts'
import type { Value } from '../../../../src/core/value.ts'

type Raw = null | boolean | string | number | readonly Raw[] | RawMap

interface RawMap {
  readonly [key: string]: Raw
}

interface Vector {
  readonly id: string
  readonly category: string
  readonly dataKind: 'yaml' | 'json'
  readonly template?: string
  readonly templateBase64?: string
  readonly data: RawMap
  readonly option?: 'missingkey=error'
  readonly ok: boolean
  readonly output?: string
  readonly outputBase64?: string
  readonly errorKind?: 'parse' | 'exec'
  readonly error?: string
  readonly versionNote?: string
}

const file = new URL('../../../fixtures/gotemplate.json', import.meta.url)
const { vectors }: { readonly vectors: readonly Vector[] } = JSON.parse(readFileSync(file, 'utf8'))

/** Error texts that agree with Go's to the letter; all but those that name Go's own template depth. */
const TEXTS_EXACT = 866

function bytes(text: string | undefined, base64: string | undefined): Buffer {
  return base64 === undefined ? Buffer.from(text ?? '', 'utf8') : Buffer.from(base64, 'base64')
}

/** The data as the recording wrote it down: `{"$int": 5}` and so on. */
function value(raw: Raw, kind: 'string' | 'any'): Value {
  if (raw === null || typeof raw !== 'object') return raw
  if (isList(raw)) return raw.map((element) => value(element, kind))
  const [[tag, content] = ['', null]] = Object.entries(raw)
  const scalar = typeof content === 'object' ? '' : String(content)
  if (tag === '$int') return BigInt(scalar)
  if (tag === '$uint') return new Uint64(BigInt(scalar))
  if (tag === '$float') return Number(scalar.replace('Inf', 'Infinity'))
  if (tag === '$bytes') return decodeUtf8(Buffer.from(scalar, 'base64'))
  if (tag !== '$map') return ValueMap.from(kind, entries(raw, kind))
  return ValueMap.from('any', pairs(content, kind))
}

function isList(raw: Raw): raw is readonly Raw[] {
  return Array.isArray(raw)
}

function entries(map: RawMap, kind: 'string' | 'any'): [Value, Value][] {
  return Object.entries(map).map(([key, element]) => [key, value(element, kind)])
}

function pairs(list: Raw, kind: 'string' | 'any'): [Value, Value][] {
  if (!isList(list)) throw new TypeError('$map wants a list of pairs')
  return list.map((pair) => {
    if (!isList(pair)) throw new TypeError('$map wants pairs')
    return [value(pair[0] ?? null, kind), value(pair[1] ?? null, kind)]
  })
}

function root({ data, dataKind }: Vector): ValueMap {
  const kind = dataKind === 'yaml' ? 'any' : 'string'
  return ValueMap.from('string', entries(data, kind))
}

function run(vector: Vector): { output?: Buffer; error?: ConfigError } {
  const source = decodeUtf8(bytes(vector.template, vector.templateBase64))
  const missingKey = vector.option === undefined ? 'default' : 'error'
  try {
    return { output: encodeUtf8(compileGo('', source, TEMPLATE_LIMITS, { missingKey }).render(root(vector))) }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { error }
  }
}

/** Undefined when the vector passes. */
function complaint(vector: Vector): string | undefined {
  const { output, error } = run(vector)
  const got = output === undefined ? `${error!.code}: ${error!.message}` : JSON.stringify(decodeUtf8(output))
  if (vector.ok) {
    const want = bytes(vector.output, vector.outputBase64)
    return output?.equals(want) === true
      ? undefined
      : `${vector.id}: want ${JSON.stringify(decodeUtf8(want))}, got ${got}`
  }
  const code = error?.code === 'template-parse' ? 'parse' : error === undefined ? 'none' : 'exec'
  return code === vector.errorKind ? undefined : `${vector.id}: want ${vector.errorKind} ${vector.error}, got ${got}`
}

test('the recording is complete', () => {
  expect(vectors.length).toBe(2649)
})

describe('vectors', () => {
  const categories = Map.groupBy(vectors, (vector) => vector.category)
  test.each([...categories])('%s', (_category, members) => {
    expect(members.flatMap((vector) => complaint(vector) ?? [])).toEqual([])
  })
})

test('error texts are those of Go', () => {
  const failing = vectors.filter((vector) => !vector.ok)
  const different = failing.filter((vector) => run(vector).error?.message !== vector.error)
  expect(failing.length - different.length).toBeGreaterThanOrEqual(TEXTS_EXACT)
})

test('every error names its line and column', () => {
  const failing = vectors.filter((vector) => !vector.ok)
  const unplaced = failing.filter((vector) => {
    const { error } = run(vector)
    return error?.line === undefined || error.column === undefined || error.column < 1
  })
  expect(unplaced.map((vector) => vector.id)).toEqual([])
})

test('a key that a template cannot read changes nothing when it changes', () => {
  let unread = 0
  const wrong = vectors.flatMap((vector) => {
    if (!vector.ok) return []
    const source = decodeUtf8(bytes(vector.template, vector.templateBase64))
    const template = compileGo('', source, TEMPLATE_LIMITS)
    const data = root(vector)
    const before = outcome(() => template.render(data))
    return [...data.keys, 'query'].flatMap((key) => {
      if (typeof key !== 'string' || template.mayRead(key)) return []
      unread += 1
      return outcome(() => template.render(data.with(key, 'another'))) === before ? [] : `${vector.id}: ${key}`
    })
  })
  expect(wrong).toEqual([])
  expect(unread).toBeGreaterThan(1000)
})

function outcome(render: () => string): string {
  try {
    return render()
  } catch (error) {
    return String(error)
  }
}
