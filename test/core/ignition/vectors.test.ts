/**
 * What bootcfg 0.2 answered for 151 Ignition files (Ignition v1, YAML and JSON), against template and Ignition alone.
 * Its 404 for a file that exists is an error here.
 */
import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { ConfigError } from '../../../src/core/errors.ts'
import { renderIgnition } from '../../../src/core/ignition/render.ts'
import { compileGo } from '../../../src/core/template/go/compile.ts'
import { TEMPLATE_LIMITS } from '../../../src/core/template/template.ts'
import { decodeUtf8 } from '../../../src/core/utf8.ts'
import { ValueMap } from '../../../src/core/value.ts'
import { parseYaml } from '../../../src/core/yaml/parse.ts'
import { toValue } from '../../../src/core/yaml/value.ts'

interface Vector {
  id: string
  filename: string
  contents: string | null
  contentsBase64?: string
  metadata: Record<string, unknown> | null
  query: string
  status: number
  body: string
}

const file = new URL('../../fixtures/ignition-v1.json', import.meta.url)
const vectors: readonly Vector[] = JSON.parse(readFileSync(file, 'utf8'))

/** Vectors that ask for another answer than the recorded one. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'j-dup-lists': 'a repeated list replaces the earlier one; Go fills its items again',
  'j-ignition-v3-doc': 'Ignition 3 is served as it was written',
}

test('the vectors are all there', () => {
  expect(vectors).toHaveLength(151)
  expect(vectors.filter((vector) => vector.status === 200)).toHaveLength(76)
})

describe('as recorded', () => {
  for (const vector of vectors) {
    const contents = contentsOf(vector)
    if (contents === undefined || vector.id in DIFFERENT) continue
    test(vector.id, () => {
      if (vector.status === 200) expect(answer(vector, contents)).toBe(vector.body)
      else expect(() => answer(vector, contents)).toThrow(ConfigError)
    })
  }
})

describe('different by intent', () => {
  test('j-dup-lists: the later list replaces the earlier', () => {
    const vector = vectorOf('j-dup-lists')
    expect(answer(vector, vector.contents!)).toContain('"systemd":{"units":[{"name":"c.service"}]}')
  })
  test('j-ignition-v3-doc: served as it was written', () => {
    const vector = vectorOf('j-ignition-v3-doc')
    expect(answer(vector, vector.contents!)).toBe(vector.contents)
  })
})

function answer(vector: Vector, contents: string): string {
  const metadata = toValue(parseYaml(JSON.stringify(vector.metadata ?? {}))!)
  if (!(metadata instanceof ValueMap)) throw new TypeError('metadata is a map')
  const template = compileGo(vector.filename, contents, TEMPLATE_LIMITS)
  return renderIgnition(vector.filename, template.render(metadata.with('query', vector.query)))
}

/** Undefined for a file that does not exist: those 404 are the server's to give. */
function contentsOf(vector: Vector): string | undefined {
  if (vector.contentsBase64 !== undefined) return decodeUtf8(Buffer.from(vector.contentsBase64, 'base64'))
  return vector.contents ?? undefined
}

function vectorOf(id: string): Vector {
  return vectors.find((vector) => vector.id === id)!
}
