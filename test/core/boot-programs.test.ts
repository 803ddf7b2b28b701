import { expect, test } from 'vitest'

import { missingPrograms } from '../../src/core/boot-programs.ts'

test('of the usual programs those are missing that have none in their place', () => {
  const having = (...names: string[]) => missingPrograms(new Map(names.map((name) => [name, {}])))
  const rest = ['ipxe-arm64.efi', 'ipxe-riscv64.efi', 'ipxe-loong64.efi']
  expect(having()).toEqual(['undionly.kpxe', 'snponly.efi', 'ipxe-amd64.efi', ...rest])
  expect(having('ipxe.pxe', 'ipxe.efi', ...rest)).toEqual([])
})
