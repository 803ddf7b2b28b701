/** A second box boots a copy of the first, by what is on the data partition of a new stick; its record says so. */
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { openBoots } from '../../src/core/boots/boots.ts'
import { createJournal } from '../../src/core/journal.ts'
import { startHttp } from '../../src/http/start.ts'
import { memoryLog, snapshotOf } from '../support/site.ts'
import { openBox } from './box.ts'

const MAC = '52:54:00:00:00:01'

test('it has the kernel and the image of the first, and needs no config', async () => {
  const snapshot = await snapshotOf(join(import.meta.dirname, '../../images/appliance/data'))
  const journal = createJournal()
  const log = memoryLog()
  const site = {
    spec: (id: string) => {
      const spec = snapshot.specs.get(id)?.spec
      return spec instanceof Error ? undefined : spec
    },
    nearest: () => undefined,
    isKnown: () => true,
  }
  const boots = await openBoots({ journal, site, log, statePath: '' })
  onTestFinished(() => boots.stop())
  const { box } = await openBox(undefined, { boots })
  const http = await startHttp(
    { addresses: ['127.0.0.1:0'], assetsPath: '', headerBytesMax: 16_384, connectionsMax: 10 },
    { snapshot: () => snapshot, report: journal.report, appliance: box, log },
  )
  onTestFinished(() => http.stop())

  const get = async (path: string) => (await fetch(http.url + path)).text()
  await get('/boot.ipxe')
  const script = await get(`/ipxe?mac=${MAC.replaceAll(':', '-')}`)
  const paths = [...script.matchAll(/^(?:kernel|initrd) (\S+)/gm)].map((match) => match[1]!)
  expect(await Promise.all(paths.map(get))).toEqual(['a kernel', '0123456789'])
  await expect
    .poll(() => boots.machine(MAC)?.last)
    .toMatchObject({
      state: 'booted',
      group: 'copy of this box',
      bytes: 18,
      totalBytes: 18,
    })
})
