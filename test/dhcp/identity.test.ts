/** Who a machine says it is. */
import { describe, expect, test } from 'vitest'

import { macOf, uuidOf, validGuid } from '../../src/dhcp/identity.ts'
import { decode } from '../../src/dhcp/message.ts'
import { hex, optionsOf, rawRequest, variant } from '../support/dhcp-packets.ts'

describe('option 97', () => {
  const cases: [name: string, value: string, uuid: string | undefined, isEchoed: boolean][] = [
    [
      'is printed as SMBIOS and iPXE print it',
      '00 33221100 5544 7766 8899aabbccddeeff',
      '00112233-4455-6677-8899-aabbccddeeff',
      true,
    ],
    ['of all zeros is nobody, but echoed', '00'.repeat(17), undefined, true],
    ['of all ones is nobody, but echoed', `00${'ff'.repeat(16)}`, undefined, true],
    ['of another type is ignored', `01${'ab'.repeat(16)}`, undefined, false],
    ['without its type is ignored', 'ab'.repeat(16), undefined, false],
    ['of no byte is ignored', '', undefined, false],
  ]
  for (const [name, value, uuid, isEchoed] of cases) {
    test(name, () => {
      const options = optionsOf({ 97: value })
      expect(uuidOf(options)).toBe(uuid)
      expect(validGuid(options)).toEqual(isEchoed ? new Uint8Array(hex(value)) : undefined)
    })
  }

  test('may be absent', () => expect(uuidOf(new Map())).toBeUndefined())
})

describe('a machine goes by', () => {
  test('its hardware address', () => {
    expect(macOf(variant('edk2-x64-discover'))).toBe('52:54:00:aa:bb:cc')
  })

  test('all 16 bytes of it, where there are so many', () => {
    const message = decode(rawRequest('350101', [1, '20 10'], [34, '0102030405060708090a']))
    expect(macOf(message)).toBe('52:54:00:aa:bb:cc:01:02:03:04:05:06:07:08:09:0a')
  })

  test('its client id, where there is none (RFC 4390)', () => {
    expect(macOf(decode(rawRequest('350101 3d 03 ff0a01', [1, '20 00'])))).toBe('ff:0a:01')
  })

  test('no more than 32 bytes of that', () => {
    const options = optionsOf({ 61: 'ab'.repeat(255) })
    expect(macOf({ ...variant('edk2-x64-discover'), hlen: 0, options })).toBe(Array(32).fill('ab').join(':'))
  })
})
