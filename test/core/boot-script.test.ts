import { expect, test } from 'vitest'

import { ipxeScript, pixiecoreJson, withServerUri } from '../../src/core/boot-script.ts'
import { parseSpec } from '../../src/core/specs.ts'

function bootOf(boot: unknown) {
  return parseSpec('s', JSON.stringify({ boot })).boot!
}

test('arguments come in byte order, and an empty value prints the bare key', () => {
  const cmdline = {
    b: 'x',
    a: 1,
    Z: 1.5,
    e: '',
    n: null,
    f: false,
    t: true,
    zero: 0,
    big: 1e21,
    list: [],
    l: ['x', 1],
    m: { k: 'v' },
  }
  const script = ipxeScript(bootOf({ kernel: '/k', initrd: ['/i', '/j'], cmdline }))
  expect(script).toBe(
    '#!ipxe\nkernel /k Z=1.5 a=1 b=x big=1e+21 e f l=[x 1] list m=map[k:v] n t=true zero\ninitrd /i /j \nboot\n',
  )
})

test('values are not escaped: ${…} is for iPXE', () => {
  const script = ipxeScript(bootOf({ kernel: 'k', cmdline: { url: '${cwduri}ignition?uuid=${uuid}&a=<b>' } }))
  expect(script).toBe('#!ipxe\nkernel k url=${cwduri}ignition?uuid=${uuid}&a=<b>\ninitrd \nboot\n')
})

test("Pixiecore's JSON escapes as Go does and keeps nulls", () => {
  expect(pixiecoreJson(bootOf({ kernel: 'k', cmdline: { u: 'a&b<c>\u2028' } }))).toBe(
    String.raw`{"kernel":"k","initrd":null,"cmdline":{"u":"a\u0026b\u003cc\u003e\u2028"}}`,
  )
  expect(pixiecoreJson(bootOf({ kernel: 'k', initrd: [], cmdline: null }))).toBe(
    '{"kernel":"k","initrd":[],"cmdline":null}',
  )
})

test('a script that uses ${cwduri} sets it where iPXE does not know it', () => {
  const script = ipxeScript(bootOf({ kernel: 'k', cmdline: { url: '${cwduri}ignition' } }))
  expect(withServerUri(script, '10.0.2.2:8080')).toBe(
    '#!ipxe\nisset ${cwduri} || set cwduri http://10.0.2.2:8080/\nkernel k url=${cwduri}ignition\ninitrd \nboot\n',
  )
  expect(withServerUri(script, undefined)).toBe(script)
})

test('a script that does not use ${cwduri} stays as it was', () => {
  const script = ipxeScript(bootOf({ kernel: 'k' }))
  expect(withServerUri(script, '10.0.2.2:8080')).toBe(script)
})
