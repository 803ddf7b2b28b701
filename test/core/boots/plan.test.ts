/** What a machine will fetch from here, by its spec. */
import { expect, test } from 'vitest'

import { planOf } from '../../../src/core/boots/plan.ts'
import { SPEC } from './story.ts'

const HERE: readonly (readonly [written: string, file: string])[] = [
  ['/assets/a/vmlinuz', '/assets/a/vmlinuz'],
  ['assets/vmlinuz', '/assets/vmlinuz'],
  ['http://bootcfg.example:8080/assets/vmlinuz', '/assets/vmlinuz'],
  ['${cwduri}assets/vmlinuz', '/assets/vmlinuz'],
  ['/assets/with%20blank.gz?x=1#y', '/assets/with blank.gz'],
  ['/assets/50%', '/assets/50%'],
  ['/appliance/vmlinuz', '/appliance/vmlinuz'],
  ['--name main /assets/initrd', '/assets/initrd'],
]

for (const [written, file] of HERE) {
  test(`${written} comes from here`, () => {
    const boot = { kernel: written, initrd: null, cmdline: null }
    expect(planOf({ ...SPEC, boot })).toEqual({ files: [file], elsewhere: [], config: true })
  })
}

test('other places are elsewhere, kernel and initrds stand in their order, no config is none', () => {
  const boot = { kernel: 'http://mirror/vmlinuz', initrd: ['/assets/b', 'tftp://x/a', '/assets/a', ''], cmdline: null }
  expect(planOf({ ...SPEC, ignitionId: '', boot })).toEqual({
    files: ['/assets/b', '/assets/a'],
    elsewhere: ['http://mirror/vmlinuz', 'tftp://x/a'],
    config: false,
  })
})

test('a spec without a boot section is no plan', () => {
  expect(planOf({ ...SPEC, boot: null }).files).toEqual([])
})
