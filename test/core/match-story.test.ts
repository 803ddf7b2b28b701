import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { GroupIndex } from '../../src/core/find-group.ts'
import { findByOrder, type Group } from '../../src/core/groups.ts'
import { closest, describeLost, matchStory } from '../../src/core/match-story.ts'
import { ValueMap } from '../../src/core/value.ts'

function group(name: string, require: Record<string, string>, line = 1): Group {
  const requirements = Object.entries(require).map(([key, value]) => ({ key, value }))
  const order = (text: { key: string; value: string }) => `${text.key}=${text.value}`
  const sorted = requirements.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
  return { name, spec: 's', require: sorted, metadata: ValueMap.from('string', []), line }
}

const MAC = '52:54:00:89:d8:10'

describe('each group that lost says why', () => {
  const cases: [rule: string, groups: Group[], labels: Record<string, string>, told: string][] = [
    [
      'another value',
      [group('won', {}), group('other', { mac: MAC })],
      { mac: '00:00:00:00:00:01' },
      `group "other" wants mac=${MAC}, not 00:00:00:00:00:01`,
    ],
    [
      'another case',
      [group('won', {}), group('other', { uuid: 'ABCDEF-1' })],
      { uuid: 'abcdef-1' },
      'group "other" wants uuid=ABCDEF-1, not abcdef-1 (differs only in case)',
    ],
    [
      'a label that is absent',
      [group('won', { mac: MAC }), group('other', { mac: MAC, os: 'installed' })],
      { mac: MAC },
      'group "other" wants os=installed, which the machine does not say',
    ],
    [
      'a label that is empty',
      [group('won', {}), group('other', { hostname: 'a' })],
      { hostname: '' },
      'group "other" wants hostname=a, not an empty one',
    ],
    [
      'several differences',
      [group('won', {}), group('other', { a: '1', b: '2' })],
      { a: '3' },
      'group "other" wants a=1, not 3; b=2, which the machine does not say',
    ],
    [
      'fewer requirements',
      [group('won', { mac: MAC }), group('', {})],
      { mac: MAC },
      'group "the default group" matches too, but requires less',
    ],
    [
      'the lesser text',
      [group('won', { b: '1' }), group('other', { a: '1' })],
      { a: '1', b: '1' },
      'group "other" matches too and requires as much, but the greater text of requirements is tried first',
    ],
    [
      'the same requirements later',
      [group('won', { a: '1' }), group('other', { a: '1' })],
      { a: '1' },
      'group "other" requires the same, but stands later in the file',
    ],
  ]
  for (const [rule, groups, labels, told] of cases) {
    test(rule, () => {
      const { winner, lost, lostCount } = matchStory(new GroupIndex(groups), new Map(Object.entries(labels)))
      expect(winner?.name).toBe('won')
      expect([lostCount, lost.map(describeLost)]).toEqual([1, [told]])
    })
  }
})

test('where none matches, there is no winner and every group differs', () => {
  const story = matchStory(new GroupIndex([group('a', { mac: MAC })]), new Map())
  expect([story.winner, story.lost[0]?.why]).toEqual([undefined, 'differs'])
})

describe('the closest group is', () => {
  const far = Array.from({ length: 30 }, (_, at) => group(`far ${at}`, { mac: `02:00:00:00:${10 + at}:ff` }))
  const machine = new Map([
    ['mac', MAC],
    ['uuid', 'abc'],
  ])
  const cases: [rule: string, near: Group, farther: Group][] = [
    ['one of the same mac', group('near', { mac: MAC, os: 'x' }), group('f', { uuid: 'def' })],
    ['one with a digit wrong in its mac', group('near', { mac: '52:54:00:89:d8:11' }), group('f', { os: 'x' })],
    ['one with two digits exchanged', group('near', { mac: '52:54:00:98:d8:10' }), group('f', { os: 'x' })],
    ['one that differs in case', group('near', { uuid: 'ABC' }), group('f', { mac: '52:54:00:89:d8:11' })],
    ['one that wants what is not said', group('near', { serial: '1' }), group('f', { uuid: 'def' })],
  ]
  for (const [rule, near, farther] of cases) {
    test(rule, () => expect(closest([farther, ...far, near], machine)?.group.name).toBe('near'))
  }
  test('none where there are no groups', () => expect(closest([], machine)).toBeUndefined())
})

test('the winner is the one that answers give, and no group is told twice', () => {
  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', ''), { noNullPrototype: true })
  fc.assert(
    fc.property(fc.array(labels, { maxLength: 30 }), labels, (requires, machine) => {
      const index = new GroupIndex(requires.map((require, at) => group(`g${at}`, require, at)))
      const said = new Map(Object.entries(machine))
      const { winner, lost, lostCount } = matchStory(index, said)
      const matchAsWell = index.groups.filter((group) => group !== winner && findByOrder([group], said) !== undefined)
      expect(winner).toBe(findByOrder(index.groups, said))
      expect(lost.length).toBe(Math.min(20, lostCount))
      expect(new Set([winner, ...lost.map(({ group }) => group)]).size).toBe(lost.length + 1)
      const told = lost.filter(({ why }) => why !== 'differs').map(({ group }) => group)
      expect(told).toEqual(matchAsWell.slice(0, 20))
    }),
  )
})

test('a hundred thousand groups are gone through without a pause that machines would notice', () => {
  const groups = Array.from({ length: 100_000 }, (_, at) => {
    const digits = at.toString(16).padStart(6, '0')
    return group(`n${at}`, { mac: `52:54:00:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`, os: 'x' })
  })
  const labels = new Map([['mac', '52:54:00:01:86:9e']])
  const timesMs = Array.from({ length: 5 }, () => {
    const startMs = performance.now()
    const near = closest(groups, labels)
    const endMs = performance.now()
    expect(near?.group.name).toBe('n99998')
    return endMs - startMs
  })
  expect(Math.min(...timesMs)).toBeLessThan(250) // alone on the machine, some 10
})
