/** What is on the data partition of a new stick: it works as it stands, and as Windows leaves it. */
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import { readConfig } from '../../src/appliance/config.ts'
import { DEFAULTS } from '../../src/appliance/schema.ts'
import { checkDataDirectory } from '../../src/core/check-run.ts'
import { load } from '../../src/core/store/load.ts'
import { look } from '../../src/core/store/store.ts'
import { appOn, sourcesIn, temporaryFolder } from '../support/site.ts'

const DATA = join(import.meta.dirname, '../../images/appliance/data')

const files = readdirSync(DATA, { recursive: true, encoding: 'utf8' }).filter((path) =>
  statSync(join(DATA, path)).isFile(),
)

/** A copy of the partition, with each file edited. */
function stick(edit: (text: string) => string): string {
  const folder = temporaryFolder()
  onTestFinished(() => folder[Symbol.dispose]())
  cpSync(DATA, folder.path, { recursive: true })
  for (const path of files) writeFileSync(join(folder.path, path), edit(readFileSync(join(DATA, path), 'utf8')))
  return folder.path
}

const unix = (text: string) => text
const windows = (text: string) => `\uFEFF${text.replaceAll(/\r?\n/g, '\r\n')}`

const sourcesOf = (folder: string) => ({ ...sourcesIn(folder), editedOnWindows: true })

test('the files are there', () => {
  expect(files).toEqual(expect.arrayContaining(['README.txt', 'appliance.yaml', 'config.yaml', 'assets/README.txt']))
})

describe.each([
  ['as it stands', unix],
  ['with Windows line ends and byte order marks', windows],
])('%s', (_name, edit) => {
  test('bootcfg check finds only that kernels are still to be fetched', async () => {
    const folder = stick(edit)
    const problems = await checkDataDirectory(sourcesOf(folder), join(folder, 'assets'))
    expect(new Set(problems.map(({ severity, code }) => `${severity} ${code}`))).toEqual(
      new Set(['warning missing-asset']),
    )
  })

  test('machines get the same bytes', async () => {
    const answers = async (folder: string) => {
      const sources = sourcesOf(folder)
      const app = appOn((await load(sources, await look(sources))).snapshot)
      onTestFinished(() => app.close())
      return Promise.all(
        ['ipxe', 'ignition', 'cloud', 'metadata'].flatMap((route) =>
          [1, 2, 3, 4].map(async (number) => (await app.inject(`/${route}?mac=52-54-00-00-00-0${number}`)).body),
        ),
      )
    }
    const given = await answers(stick(edit))
    expect(given).toEqual(await answers(DATA))
    expect(given.join('')).not.toContain('\r')
  })

  test('appliance.yaml changes nothing, and each of its examples is right once the # is taken away', () => {
    const text = readFileSync(join(stick(edit), 'appliance.yaml'), 'utf8')
    expect(readConfig(text)).toEqual({ config: DEFAULTS, problems: [] })
    const examples = text
      .replace(/^\uFEFF/, '')
      .split(/\r?\n(?:#?\r?\n)+/)
      .filter((block) => /^# \w+:/.test(block))
    expect(examples.length).toBeGreaterThan(4)
    for (const example of examples) {
      const { config, problems } = readConfig(example.replaceAll(/^# /gm, ''))
      expect([example, problems]).toEqual([example, []])
      if (!example.includes('hostname: bootcfg') && !example.includes('dhcp: proxy'))
        expect(config).not.toEqual(DEFAULTS)
    }
  })
})

test('a second box is given a copy of the first, and told to be silent', async () => {
  const sources = sourcesOf(DATA)
  const app = appOn((await load(sources, await look(sources))).snapshot)
  onTestFinished(() => app.close())
  const { body } = await app.inject('/ipxe?mac=52-54-00-00-00-01')
  expect(body).toMatch(/^kernel \/appliance\/vmlinuz .*\bbootcfg\.dhcp=off bootcfg\.slot=net\b.* initrd=system\.img/m)
  expect(body).toMatch(/^initrd \/appliance\/system\.img $/m)
})

test('a machine that is not named goes on to its disk', async () => {
  const sources = sourcesOf(DATA)
  const app = appOn((await load(sources, await look(sources))).snapshot)
  onTestFinished(() => app.close())
  expect((await app.inject('/ipxe?mac=52-54-00-00-00-99')).statusCode).toBe(404)
})

test('what people read on a laptop has the line ends of Windows, and fits the window', () => {
  for (const path of files.filter((name) => name.endsWith('.txt'))) {
    const text = readFileSync(join(DATA, path), 'utf8')
    expect(text.replaceAll('\r\n', '')).not.toContain('\n')
    expect(text).toMatch(/^[\r\n\x20-\x7e]+$/)
  }
})

test('names fit FAT, also on Windows', () => {
  for (const path of files) expect(path).toMatch(/^[A-Za-z0-9_./-]+$/)
  expect(new Set(files.map((path) => path.toLowerCase())).size).toBe(files.length)
})
