/** What root's scripts and the kernel write, read: whole, half, and in the words of another version. */
import { expect, test } from 'vitest'

import {
  parseAddresses,
  parseFacts,
  parseMemory,
  parseMounts,
  parseProblems,
  parseStatus,
  parseUpdate,
} from '../../src/appliance/run-files.ts'

const IDLE = { state: 'idle', version: null, reason: null, percent: null }

test('facts are lines of key=value; a value may hold more of them', () => {
  expect([...parseFacts('slot=a\ncmdline=a=b c\n\n=x\nhalf')]).toEqual([
    ['slot', 'a'],
    ['cmdline', 'a=b c'],
  ])
})
test('addresses without one are none', () => {
  expect(parseAddresses('eth0 10.9.0.1/24 dhcp\neth1\n\nbr0 10.9.1.1/24\n')).toEqual([
    { iface: 'eth0', address: '10.9.0.1/24', source: 'dhcp' },
    { iface: 'br0', address: '10.9.1.1/24', source: '' },
  ])
})
test('each line is a problem', () => {
  expect(parseProblems('one\r\n\n  two \n')).toEqual(['one', 'two'])
})
test('an update is what the installer says, and none when that cannot be understood', () => {
  expect(parseUpdate('{"state":"writing","version":"1.3.0","percent":42.5,"slot":"b","bundle":"x"}')).toEqual({
    state: 'writing',
    version: '1.3.0',
    reason: null,
    percent: 42.5,
  })
  for (const text of ['', '{"state":"wri', '[]', '{"state":"dancing"}', '{"state":"writing","percent":"x"}', 'null']) {
    expect(parseUpdate(text)).toEqual(IDLE)
  }
})
test('the kernel says who we are', () => {
  const status =
    'Name:\tnode\nUid:\t900\t900\t900\t900\nVmRSS:\t   51200 kB\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n'
  expect(parseStatus(status)).toEqual({ uid: 900, capEff: '0000000000000000', noNewPrivs: true, ownBytes: 52_428_800 })
  expect(parseMemory('MemTotal:  491520 kB\nMemFree: 1 kB\nMemAvailable: 102400 kB\n')).toEqual({
    totalBytes: 503_316_480,
    availableBytes: 104_857_600,
  })
})
test('of mounts those count that hold something, and on one place the last', () => {
  const mounts = `rootfs / rootfs rw 0 0
/dev/loop0 / squashfs ro,relatime 0 0
proc /proc proc rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
/dev/sda5 /data vfat rw,uid=900,errors=remount-ro 0 0
/dev/sda3 /run/my\\040slot vfat ro 0 0
`
  expect(parseMounts(mounts)).toEqual([
    { mount: '/', type: 'squashfs', readOnly: true },
    { mount: '/data', type: 'vfat', readOnly: false },
    { mount: '/run/my slot', type: 'vfat', readOnly: true },
  ])
})
