/**
 * `/api/explain`: the same as the command, over HTTP.
 */
import { expect, test } from 'vitest'

import { explain } from '../../src/explain.ts'
import { asked, siteIn } from '../support/explained.ts'
import { appOn, memoryLog, temporaryFolder, writeFiles } from '../support/site.ts'

const FILES = {
  'config.yaml': 'api_version: v1alpha1\ngroups: [{spec: s, require: {os: "x y"}}]\n',
  'specs/s/spec.json': '{"boot": {"kernel": "k"}}',
}

/** The application on a site, without a socket. */
async function api() {
  using folder = temporaryFolder()
  writeFiles(folder.path, FILES)
  const site = { ...(await siteIn(folder.path)), assetsPath: '' }
  const log = memoryLog()
  const events: unknown[] = []
  const app = appOn(site.snapshot, { explain: (machine) => explain(machine, site), report: (e) => events.push(e), log })
  return { app, site, log, events }
}

const QUERY = 'mac=52-54-00-89-D8-10&uuid=u&label=os%3Dx+y&label=role%3D'

test('it answers what the command prints', async () => {
  const { app, site } = await api()
  const { statusCode, headers, body } = await app.inject(`/api/explain?${QUERY}`)
  const machine = asked({ mac: '52:54:00:89:d8:10', uuid: 'u', label: ['os=x y', 'role='] })
  expect([statusCode, headers['content-type'], body]).toEqual([
    200,
    'application/json',
    JSON.stringify(await explain(machine, site)),
  ])
  expect(JSON.parse(body)).toMatchObject({ group: { spec: 's' }, problems: [] })
})

test('a machine that fails is explained all the same', async () => {
  const { app } = await api()
  const { statusCode, body } = await app.inject('/api/explain')
  expect([statusCode, (JSON.parse(body) as { problems: string[] }).problems.length]).toEqual([200, 1])
})

test('it leaves no trace of a boot that there was not', async () => {
  const { app, log, events } = await api()
  await app.inject(`/api/explain?${QUERY}&arch=x64-uefi`)
  expect(events).toEqual([])
  expect(log.lines.map(({ path }) => path)).toEqual(['/api/explain'])
})

const REFUSED: [query: string, says: string][] = [
  ['mac=x', 'mac: expected a MAC address'],
  ['arch=x64-uefi', 'arch: needs a mac of 6 bytes'],
  ['os=linux', 'Unrecognized key: "os"'],
  ['label=os', 'label: expected key=value'],
  ['__proto__=x', 'Unrecognized key: "__proto__"'],
]
for (const [query, says] of REFUSED) {
  test(`${query} is refused with the reason`, async () => {
    const { app } = await api()
    const { statusCode, headers, body } = await app.inject(`/api/explain?${query}`)
    expect([statusCode, headers['content-type']]).toEqual([400, 'text/plain; charset=utf-8'])
    expect(body).toContain(says)
  })
}

test('it is not there where nobody explains', async () => {
  const { site } = await api()
  expect((await appOn(site.snapshot).inject('/api/explain')).statusCode).toBe(404)
})
