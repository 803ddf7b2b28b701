/** The box on the status page, in Chromium: what it says of itself, and how it is updated. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test, type TestContext } from 'vitest'

import { openBox, RUN_FILES, TOKEN } from '../../appliance/box.ts'
import { browserTests } from '../../support/browser.ts'
import { writeFiles } from '../../support/site.ts'
import { openPageSite } from './site.ts'

const PROBLEM = 'appliance.yaml, line 2: network[1].adress: there is no such key, did you mean address?'
const BUNDLE = { name: 'bootcfg-1.3.0.bootcfg-update', mimeType: '', buffer: Buffer.alloc(300_000, 'x') }

const openTab = browserTests()

async function open(context: TestContext, files: Readonly<Record<string, string>> = RUN_FILES) {
  const opened = await openBox(files)
  const site = await openPageSite({ appliance: opened.box })
  onTestFinished(() => site[Symbol.asyncDispose]())
  const { page, complaints } = await openTab(context)
  await page.goto(`${site.url}/#/appliance`)
  await page.getByRole('heading', { level: 1, name: 'Appliance' }).waitFor()
  return { ...opened, site, page, complaints }
}

test('says what it runs, from where, and what it may do', async (context) => {
  const { page, complaints } = await open(context)
  const main = page.locator('main')
  for (const text of ['from slot a', 'eth0 192.168.178.123/24', 'Data partitionok', 'dhcp running']) {
    await main.filter({ hasText: text }).waitFor()
  }
  expect(complaints).toEqual([])
})

test('its problems are there, on the page of problems too, and counted where one sees them from everywhere', async (context) => {
  const { page, runPath } = await open(context, { ...RUN_FILES, 'problems/appliance': `${PROBLEM}\n` })
  await page.getByText(PROBLEM).waitFor()
  await page.getByRole('link', { name: 'Appliance 1 problems' }).waitFor()
  await page.getByRole('link', { name: 'Problems', exact: true }).click()
  await page.getByRole('heading', { name: 'Problems of the box' }).waitFor()
  await page.getByText(PROBLEM).waitFor()
  rmSync(join(runPath, 'problems/appliance'))
  await page.getByText(PROBLEM).waitFor({ state: 'detached' })
  expect(await page.locator('.badge').count()).toBe(0)
})

test('an update goes up with the token, and one sees it being written', async (context) => {
  const { page, runPath, dataPath, complaints } = await open(context)
  const send = page.getByRole('button', { name: 'Send update' })
  expect(await send.isDisabled()).toBe(true)
  await page.getByLabel('Update bundle').setInputFiles(BUNDLE)
  await page.getByLabel('Token').fill('abcde-fghij-klmno-pqrst')
  await page.getByLabel('Also if it is older').check()
  await send.click()
  await page.getByText('Received. The box checks it').waitFor()
  const staged = join(dataPath, 'updates/upload.bootcfg-update')
  expect(readFileSync(staged).length).toBe(BUNDLE.buffer.length)
  expect(readFileSync(join(runPath, 'app/request/update'), 'utf8')).toBe(`${staged} force\n`)
  writeFiles(runPath, { update: JSON.stringify({ state: 'writing', version: '1.3.0', percent: 42 }) })
  await page.getByText('The box writes the update (1.3.0)').waitFor()
  writeFiles(runPath, { update: JSON.stringify({ state: 'refused', reason: 'it is older than what runs' }) })
  await page.getByText('The update was refused, and nothing was changed: it is older than what runs').waitFor()
  expect(complaints).toEqual([])
})

test('a wrong token is said before anything is sent', async (context) => {
  const { page, dataPath } = await open(context)
  await page.getByLabel('Update bundle').setInputFiles(BUNDLE)
  await page.getByLabel('Token').fill('nonsense')
  await expect.poll(() => page.getByRole('button', { name: 'Send update' }).isEnabled()).toBe(true)
  await page.getByLabel('Token').press('Enter')
  await page.getByText('That is not the token which the console of the box shows.').waitFor()
  expect(existsSync(join(dataPath, 'updates'))).toBe(false)
})

test('a restart takes the token and two clicks', async (context) => {
  const { page, runPath } = await open(context)
  const request = join(runPath, 'app/request/reboot')
  expect(await page.getByRole('button', { name: 'Restart' }).isDisabled()).toBe(true)
  await page.getByLabel('Token').fill(TOKEN)
  await page.getByRole('button', { name: 'Restart' }).click()
  expect(existsSync(request)).toBe(false)
  await page.getByRole('button', { name: 'Really restart?' }).click()
  await page.getByText('The box restarts. This page comes back by itself.').waitFor()
  expect(existsSync(request)).toBe(true)
})

test('text of the box stays text', async (context) => {
  const evil = '<img src=x onerror="document.title=1">'
  const { page, complaints } = await open(context, {
    ...RUN_FILES,
    facts: `slot=${evil}\narch=${evil}\ndata=${evil}\n`,
    addresses: `${evil.replaceAll(' ', '')} ${evil.replaceAll(' ', '')} x\n`,
    'problems/x': evil,
    update: JSON.stringify({ state: 'failed', reason: evil, version: evil }),
  })
  await page.getByText(evil).first().waitFor()
  expect(await page.locator('main img').count()).toBe(0)
  expect(complaints).toEqual([])
})

test('without a box there is no such tab', async (context) => {
  const site = await openPageSite()
  onTestFinished(() => site[Symbol.asyncDispose]())
  const { page } = await openTab(context)
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.goto(site.url)
  await page.locator('.connection', { hasText: 'Live' }).waitFor()
  expect(await page.getByRole('link', { name: 'Appliance' }).count()).toBe(0)
  expect(asked.filter((url) => url.includes('/api/appliance'))).toEqual([])
})
