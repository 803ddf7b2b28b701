import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { GroupIndex } from '../../src/core/find-group.ts'
import { findByOrder, type Group, inOrderOfTrial, knownMachines, requirementText } from '../../src/core/groups.ts'
import { compareBytes } from '../../src/core/utf8.ts'
import { ValueMap } from '../../src/core/value.ts'

function group(name: string, require: Record<string, string>): Group {
  const requirements = Object.entries(require).map(([key, value]) => ({ key, value }))
  return { name, spec: 's', require: requirements, metadata: ValueMap.from('string', []), line: 1 }
}

function labels(of: Record<string, string>): Map<string, string> {
  return new Map(Object.entries(of))
}

describe('order of trial', () => {
  const cases: [rule: string, groups: Group[], names: string][] = [
    ['most requirements first', [group('a', {}), group('b', { x: '1' }), group('c', { x: '1', y: '2' })], 'c b a'],
    ['between equals the greater text first', [group('a', { x: '1' }), group('b', { x: '2' })], 'b a'],
    ['the text is compared by bytes', [group('a', { x: '\u{1f600}' }), group('b', { x: '\uffff' })], 'a b'],
    ['the same requirements keep the order of the file', [group('a', { x: '1' }), group('b', { x: '1' })], 'a b'],
  ]
  for (const [rule, groups, names] of cases) {
    test(rule, () => {
      const ordered = inOrderOfTrial(groups)
      expect(ordered.map((g) => g.name).join(' ')).toBe(names)
    })
  }
})

describe('matching', () => {
  const index = new GroupIndex([
    group('default', {}),
    group('zone', { zone: 'b' }),
    group('stage', { zone: 'b', stage: 'install' }),
    group('mac', { mac: '52:54:00:a1:9c:ae' }),
    group('absent', { serial: '', rack: '7' }),
  ])
  const cases: [rule: string, of: Record<string, string>, name: string][] = [
    ['no requirement matches everything', {}, 'default'],
    ['one requirement', { zone: 'b' }, 'zone'],
    ['all requirements must hold', { zone: 'b', stage: 'x' }, 'zone'],
    ['the group that requires more wins', { zone: 'b', stage: 'install' }, 'stage'],
    ['between equals the greater text wins', { zone: 'b', mac: '52:54:00:a1:9c:ae' }, 'zone'],
    ['an absent label reads as empty', { rack: '7' }, 'absent'],
    ['a label that is there is not empty', { rack: '7', serial: '1' }, 'default'],
    ['nothing is normalised', { zone: 'B' }, 'default'],
  ]
  for (const [rule, of, name] of cases) {
    test(rule, () => {
      expect(index.find(labels(of))?.name).toBe(name)
    })
  }
  test('no group at all finds nothing', () => {
    expect(new GroupIndex([]).find(labels({ a: '1' }))).toBeUndefined()
  })
})

test('the index finds what trying every group in order finds', () => {
  const keys = fc.constantFrom('mac', 'uuid', 'zone', 'rack')
  const values = fc.constantFrom('', '1', '2', '3')
  const pairs = fc.dictionary(keys, values, { noNullPrototype: true })
  const groups = fc.array(pairs, { maxLength: 30 })
  fc.assert(
    fc.property(groups, fc.array(pairs, { minLength: 1, maxLength: 10 }), (required, machines) => {
      const all = required.map((require, at) => group(String(at), require))
      const index = new GroupIndex(all)
      for (const machine of machines) {
        expect(index.find(labels(machine))).toBe(findByOrder(index.groups, labels(machine)))
      }
    }),
    { numRuns: 1000 },
  )
})

describe('many groups', () => {
  // In no order, with many that require the same, and enough of them for several runs of the sort.
  const many = Array.from({ length: 23_456 }, (_, n) => {
    const mixed = (n * 7919) % 10_007
    return group(`n${n}`, mixed % 7 === 0 ? {} : { mac: String(mixed), ...(mixed % 2 === 0 && { zone: 'a' }) })
  })

  test('are in the order that an array sorts them into', () => {
    const byRule = many.toSorted(
      (a, b) => b.require.length - a.require.length || compareBytes(requirementText(b), requirementText(a)),
    )
    expect(inOrderOfTrial(many).map((g) => g.name)).toEqual(byRule.map((g) => g.name))
  })
  test('are indexed in many turns, with the same result as at once', async () => {
    let turns = 0
    const built = await GroupIndex.build(many, async () => void (turns += 1))
    const atOnce = new GroupIndex(many)
    expect(turns).toBeGreaterThan(20)
    for (const mac of ['1', '29999', '9876', '7', 'none']) {
      for (const zone of ['a', 'b']) expect(built.find(labels({ mac, zone }))).toBe(atOnce.find(labels({ mac, zone })))
    }
  })
  test('are given up when a pause says so', async () => {
    await expect(GroupIndex.build(many, () => Promise.reject(new Error('given up')))).rejects.toThrow('given up')
  })
})

describe('machines that some group could be meant for', () => {
  const [A, B] = ['52:54:00:00:00:0a', '52:54:00:00:00:0b']
  const isKnown = knownMachines([
    group('default', {}),
    group('zone', { zone: 'b' }),
    group('mac', { mac: A, os: 'installed' }),
    group('uuid', { uuid: '16E7D8A7' }),
    group('both', { mac: B, uuid: 'beef' }),
  ])
  const cases: [rule: string, mac: string, uuid: string | undefined, known: boolean][] = [
    ['a group that requires no mac and no uuid makes nobody known', 'other', 'other', false],
    ['the mac that a group requires, its other requirements left aside', A, undefined, true],
    ['the uuid that a group requires, in any case', 'other', '16e7d8A7', true],
    ['a mac that comes with a uuid needs both', B, 'beef', true],
    ['so one of them is not enough', B, undefined, false],
    ['nor is the other', 'other', 'beef', false],
  ]
  for (const [rule, mac, uuid, known] of cases) test(rule, () => expect(isKnown({ mac, uuid })).toBe(known))
})
