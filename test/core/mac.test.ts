import { expect, test } from 'vitest'

import { normalizeMac } from '../../src/core/mac.ts'

const cases: [text: string, normal: string | undefined][] = [
  ['52:54:00:89:d8:10', '52:54:00:89:d8:10'],
  ['52:54:00:89:D8:10', '52:54:00:89:d8:10'],
  ['52-54-00-89-d8-10', '52:54:00:89:d8:10'],
  ['5254.0089.d810', '52:54:00:89:d8:10'],
  ['02:00:5e:10:00:00:00:01', '02:00:5e:10:00:00:00:01'],
  ['0200.5e10.0000.0001', '02:00:5e:10:00:00:00:01'],
  [
    '00:00:00:00:fe:80:00:00:00:00:00:00:02:00:5e:10:00:00:00:01',
    '00:00:00:00:fe:80:00:00:00:00:00:00:02:00:5e:10:00:00:00:01',
  ],
  ['', undefined],
  ['52:54:00:89:d8', undefined],
  ['52:54:00:89:d8:10:11', undefined],
  ['52:54-00:89-d8:10', undefined],
  ['52540089d810', undefined],
  ['5254.0089.d81', undefined],
  ['5254.0089', undefined],
  ['52:54:00:89:d8:1g', undefined],
  [' 52:54:00:89:d8:10', undefined],
  ['52:54:00:89:d8:10\n', undefined],
]

for (const [text, normal] of cases) {
  test(`${JSON.stringify(text)} is ${normal ?? 'no MAC address'}`, () => {
    expect(normalizeMac(text)).toBe(normal)
  })
}
