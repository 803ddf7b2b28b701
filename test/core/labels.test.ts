import { expect, test } from 'vitest'

import { parseLabels } from '../../src/core/labels.ts'

const cases: [rule: string, query: string, labels: [string, string][]][] = [
  [
    'every key is a label',
    'uuid=1&zone=b',
    [
      ['uuid', '1'],
      ['zone', 'b'],
    ],
  ],
  ['the first value wins', 'zone=b&zone=c', [['zone', 'b']]],
  [
    'keys are case-sensitive',
    'Zone=b&zone=c',
    [
      ['Zone', 'b'],
      ['zone', 'c'],
    ],
  ],
  [
    'a key without a value is empty',
    'a&b=',
    [
      ['a', ''],
      ['b', ''],
    ],
  ],
  ['a mac is put into normal form', 'mac=52-54-00-A1-9C-AE', [['mac', '52:54:00:a1:9c:ae']]],
  ['the spelling of the mac key stays', 'MAC=5254.00a1.9cae', [['MAC', '52:54:00:a1:9c:ae']]],
  ['a mac that does not parse is dropped', 'mac=nonsense&a=1', [['a', '1']]],
  ['only the first mac counts, even a broken one', 'mac=x&mac=52-54-00-a1-9c-ae', []],
  ['a uuid is left as it is', 'uuid=1F0C', [['uuid', '1F0C']]],
  ['plus and percent are undone', 'a+b=c%20d%2B', [['a b', 'c d+']]],
  ['a pair that cannot be decoded is dropped, the rest counts', 'a=%zz&b=1&%=2', [['b', '1']]],
  ['a pair with a semicolon is dropped', 'a=1;b=2&c=3', [['c', '3']]],
  ['an escaped semicolon is a value', 'a=1%3Bb', [['a', '1;b']]],
  ['bytes that are not UTF-8 are kept', 'a=%ff%41é', [['a', '\udcffAé']]],
  ['empty pairs are nothing', '&&a=1&', [['a', '1']]],
  ['an empty key is a key', '=1', [['', '1']]],
  [
    'names of object members are only names',
    '__proto__=1&constructor=2',
    [
      ['__proto__', '1'],
      ['constructor', '2'],
    ],
  ],
]

for (const [rule, query, labels] of cases) {
  test(rule, () => {
    expect([...parseLabels(query)]).toEqual(labels)
  })
}
