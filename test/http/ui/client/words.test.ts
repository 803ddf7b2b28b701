/** Numbers, times, addresses and YAML as the page writes them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { parseWhole } from '../../../../src/core/store/groups-file.ts'
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatDuration,
  formatPart,
  formatRate,
  formatSeconds,
} from '../../../../src/http/ui/client/format.js'
import { groupYaml } from '../../../../src/http/ui/client/group-yaml.js'
import { formatRoute, parseRoute } from '../../../../src/http/ui/client/route.js'

describe('numbers', () => {
  const SECOND = 1000
  const MINUTE = 60 * SECOND
  const HOUR = 60 * MINUTE
  const cases: [written: string, expected: string][] = [
    [formatDuration(-3), '0 ms'],
    [formatDuration(0.4), '0 ms'],
    [formatDuration(999), '999 ms'],
    [formatDuration(1000), '1.0 s'],
    [formatDuration(59_940), '59.9 s'],
    [formatDuration(59_960), '1 min 00 s'],
    [formatDuration(MINUTE + 5 * SECOND), '1 min 05 s'],
    [formatSeconds(999), '1 s'],
    [formatSeconds(2 * HOUR + 5 * MINUTE), '2 h 05 min'],
    [formatSeconds(76 * HOUR), '3 d 4 h'],
    [formatAgo(0, 4999), 'now'],
    [formatAgo(0, -60_000), 'now'],
    [formatAgo(0, 59_999), '59 s ago'],
    [formatAgo(0, HOUR), '1 h ago'],
    [formatAgo(0, 50 * HOUR), '2 d ago'],
    [formatBytes(0), '0 B'],
    [formatBytes(999), '999 B'],
    [formatBytes(1468), '1.47 kB'],
    [formatBytes(9_999), '10.0 kB'],
    [formatBytes(99_960), '100 kB'],
    [formatBytes(999_600), '1.00 MB'],
    [formatBytes(61_812_345), '61.8 MB'],
    [formatPart(84_100_000, 310_000_000), '84.1 of 310 MB'],
    [formatPart(1468, 272_000_000), '1.47 kB of 272 MB'],
    [formatPart(272_000, 272_000), '272 kB'],
    [formatRate(95_200_000, 1000), '95.2 MB/s'],
    [formatRate(1, 0), ''],
    [formatRate(undefined, 5), ''],
    [formatCount(1, 'group'), '1 group'],
    [formatCount(10_000, 'machine'), '10,000 machines'],
  ]
  for (const [written, expected] of cases) test(expected || 'nothing', () => expect(written).toBe(expected))

  test('a byte more is never fewer to the eye', () => {
    const unit = (text: string) => ['B', 'kB', 'MB', 'GB', 'TB', 'PB'].indexOf(text.split(' ')[1]!)
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        const [a, b] = [formatBytes(bytes), formatBytes(bytes + 1)]
        expect(unit(a) < unit(b) || Number.parseFloat(a) <= Number.parseFloat(b)).toBe(true)
      }),
    )
  })
})

describe('the address bar', () => {
  test('what a link says is what is shown', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' })
    const route = fc.oneof(
      fc.record({ at: fc.constant('machines' as const), show: fc.constantFrom('', 'failed'), find: fc.string() }),
      fc.record({ at: fc.constant('machine' as const), mac: text }),
      fc.record({ at: fc.constant('attempt' as const), id: text }),
      fc.record({ at: fc.constant('groups' as const), find: fc.string() }),
      fc.constantFrom({ at: 'problems' as const }, { at: 'host' as const }),
    )
    fc.assert(
      fc.property(route, (said) => {
        expect(parseRoute(formatRoute(said))).toEqual(said)
      }),
    )
  })
  for (const hash of ['', '#', '#/', '#/nowhere', '#/machine', '#/attempt/', '#%%%', '#/%zz/x']) {
    test(`${hash || 'nothing'} leads to the machines`, () => {
      expect(parseRoute(hash)).toEqual({ at: 'machines', show: '', find: '' })
    })
  }
})

describe('the group for an unknown machine', () => {
  const read = (item: string) => {
    const read = parseWhole(`api_version: v1alpha1\ngroups:\n${item}`)
    if (!('groups' in read)) throw new Error(JSON.stringify(read))
    return read.groups[0]!
  }
  test('requires its MAC and names the spec that most groups name', () => {
    const text = groupYaml({ mac: '10:20:30:40:50:59', uuid: null, hostname: null }, ['flatcar', 'etcd'])
    expect(text).toBe(
      '  - name: "10:20:30:40:50:59"\n    spec: flatcar # or etcd\n    require: {mac: "10:20:30:40:50:59"}\n',
    )
  })
  test('of a machine whose MAC nobody knows requires its UUID', () => {
    const group = read(
      groupYaml({ mac: 'address:10.9.0.7', uuid: '16e7d8a7-bfa9-428b-9117-363341bb330b', hostname: null }, ['a']),
    )
    expect(group.require).toEqual([{ key: 'uuid', value: '16e7d8a7-bfa9-428b-9117-363341bb330b' }])
  })
  test('is read as meant, whatever the machine calls itself and the specs are called', () => {
    const mac = fc.stringMatching(/^[0-9a-f]{12}$/)
    const printable = fc.string({ unit: 'grapheme-ascii', minLength: 1 })
    const spec = fc.stringMatching(/^[A-Za-z0-9][\w.-]{0,20}$/)
    fc.assert(
      fc.property(mac, printable, fc.array(spec), (digits, hostname, specs) => {
        const colons = digits.replaceAll(/(..)(?!$)/g, '$1:')
        const group = read(groupYaml({ mac: colons, uuid: null, hostname }, specs))
        expect(group.name).toBe(hostname)
        expect(group.spec).toBe(specs[0] ?? '')
        expect(group.require).toEqual([{ key: 'mac', value: colons }])
      }),
    )
  })
})
