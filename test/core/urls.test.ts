import { expect, test } from 'vitest'

import {
  autoexecScript,
  bootScriptUrl,
  firmwareUrl,
  isBootProgram,
  isBootScriptUrl,
  serverUrl,
  type WebPlace,
} from '../../src/core/urls.ts'

const PLACE: WebPlace = { advertise: undefined, address: '10.9.0.2', port: 8080 }

const cases: [rule: string, place: Partial<WebPlace>, url: string][] = [
  ["the interface's own address and HTTP's port", {}, 'http://10.9.0.2:8080'],
  ['port 80 is left out', { port: 80 }, 'http://10.9.0.2'],
  ['what is advertised takes the place of the address', { advertise: 'boot.example' }, 'http://boot.example:8080'],
  ['and of the port, if it names one', { advertise: 'boot.example:81' }, 'http://boot.example:81'],
]
for (const [rule, place, url] of cases) test(rule, () => expect(serverUrl({ ...PLACE, ...place })).toBe(url))

test('scripts and firmware are below it', () => {
  expect(bootScriptUrl(PLACE)).toBe('http://10.9.0.2:8080/boot.ipxe')
  expect(firmwareUrl(PLACE, 'efi/my ipxe#1.efi')).toBe('http://10.9.0.2:8080/firmware/efi/my%20ipxe%231.efi')
  expect(autoexecScript(PLACE)).toMatch(/^#!ipxe\n[^]*chain http:\/\/10\.9\.0\.2:8080\/boot\.ipxe\n$/)
  expect(autoexecScript()).toMatch(/^#!ipxe\n[^]*chain \/boot\.ipxe\n$/)
})

test('a script is told from a program', () => {
  expect(isBootScriptUrl(bootScriptUrl(PLACE))).toBe(true)
  expect(isBootScriptUrl(firmwareUrl(PLACE, 'snponly.efi'))).toBe(false)
  expect(isBootScriptUrl('undionly.kpxe')).toBe(false)
})

test.each([
  ['undionly.kpxe', true],
  ['ipxe.pxe', true],
  ['undionly.kkkpxe', true],
  ['rpi/x/SNPONLY.EFI', true],
  ['pxelinux.0', true],
  ['autoexec.ipxe', false],
  ['start4.elf', false],
  ['config.txt', false],
])('%s is a boot program: %s', (name, is) => {
  expect(isBootProgram(name)).toBe(is)
})
