/** How the status page looks and feels in Chromium: fast, narrow, for everybody; pictures of it in .cache/page. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'
import { z } from 'zod'

import { boxSaying, FACTS } from '../appliance/box.ts'
import { Actor } from '../http/ui/actor.ts'
import { playEvening, PROBLEMS } from '../http/ui/scenario.ts'
import { openPageSite, type PageSite } from '../http/ui/site.ts'
import { browserTests } from '../support/browser.ts'

const ROOT = join(import.meta.dirname, '../..')
const PICTURES = join(ROOT, '.cache/page')
/** With UPDATE_GOLDEN=1 those that the documentation has are taken anew. */
const DOCUMENTED = join(ROOT, 'docs/images')
const BOOTING = '52:54:00:a1:9c:ae'
const BOOTED = '52:54:00:00:00:16'
const FAILED = '3c:ec:ef:12:08:a4'
const OPENING_MS_MAX = 1000
/** Ten views each, on a computer that may have other things to do. */
const ALL_VIEWS_MS = 90_000

const BUSY_BOX = {
  ...FACTS,
  mounts: [
    { mount: '/', type: 'squashfs', readOnly: true },
    { mount: '/data', type: 'vfat', readOnly: false },
    { mount: '/run/bootcfg/slot', type: 'vfat', readOnly: true },
  ],
  problems: ['appliance.yaml, line 6: network[1].adress: there is no such key, did you mean address?'],
  update: { state: 'writing', version: '1.3.0', reason: null, percent: 42 },
} as const

const openTab = browserTests()
let site: PageSite
let empty: PageSite
let box: PageSite
beforeAll(async () => {
  site = await openPageSite()
  playEvening(site)
  site.problems.become({ ...site.problems.current(), problems: PROBLEMS, errors: 2, warnings: 1 })
  empty = await openPageSite({ files: { 'config.yaml': 'api_version: v1alpha1\ngroups: []\n' } })
  box = await openPageSite({ appliance: boxSaying(BUSY_BOX) })
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await empty[Symbol.asyncDispose]()
  await box[Symbol.asyncDispose]()
})

const lastOf = (mac: string) => site.story.recorder.overview.machine(mac, site.story.nowMs)!.attempts[0]!.id

/** Each view, and a text that it alone has, when it is all there. */
function views(): [name: string, url: string, text: string][] {
  return [
    ['machines', `${site.url}/#/`, 'worker-17'],
    ['machine', `${site.url}/#/machine/${BOOTING}`, 'Ignition'],
    ['boot', `${site.url}/#/attempt/${lastOf(BOOTING)}`, '4 at once'],
    ['failed boot', `${site.url}/#/attempt/${lastOf(FAILED)}`, 'no acknowledgement'],
    ['booted', `${site.url}/#/attempt/${lastOf(BOOTED)}`, 'the same now'],
    ['groups', `${site.url}/#/groups`, 'role=worker'],
    ['problems', `${site.url}/#/problems`, 'flatcarr'],
    ['host', `${site.url}/#/host`, 'Event-loop delay'],
    ['appliance', `${box.url}/#/appliance`, 'What the server may do'],
    ['no machines', `${empty.url}/#/`, 'No machine has been heard'],
    ['no groups', `${empty.url}/#/groups`, 'There is no group'],
    ['no problems', `${empty.url}/#/problems`, 'No problem'],
  ]
}

async function show(page: Page, [, url, text]: ReturnType<typeof views>[number]): Promise<void> {
  await page.goto(url)
  await page.locator('main', { hasText: text }).waitFor()
  await page.locator('.connection', { hasText: 'Live' }).waitFor()
}

describe('for everybody', { timeout: ALL_VIEWS_MS }, () => {
  const results = z.object({
    passes: z.array(z.unknown()),
    violations: z.array(
      z.object({ id: z.string(), impact: z.string().nullable(), nodes: z.array(z.object({ html: z.string() })) }),
    ),
  })
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe finds nothing to object to: ${colorScheme}`, async (context) => {
      const { page } = await openTab(context, { colorScheme, bypassCSP: true, reducedMotion: 'reduce' })
      for (const view of views()) {
        await show(page, view)
        await page.evaluate(axe.source)
        const { passes, violations } = results.parse(await page.evaluate('axe.run()'))
        expect(passes.length).toBeGreaterThan(10)
        expect([view[0], violations.map(({ id, impact, nodes }) => [id, impact, nodes[0]?.html])]).toEqual([
          view[0],
          [],
        ])
      }
    })
  }

  const sizes: [name: string, width: number, fontSize: string][] = [
    ['a window of 320 pixels', 320, '100%'],
    ['a window of 700 pixels', 700, '100%'],
    ['text of twice the size', 1000, '200%'],
  ]
  for (const [name, width, fontSize] of sizes) {
    test(`nothing is cut off or lies beyond the edge: ${name}`, async (context) => {
      const { page } = await openTab(context, { viewport: { width, height: 800 } })
      for (const view of views()) {
        await show(page, view)
        await page.evaluate((size) => {
          document.documentElement.style.fontSize = size
          dispatchEvent(new Event('resize'))
          return new Promise(requestAnimationFrame)
        }, fontSize)
        expect([view[0], await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)]).toEqual([
          view[0],
          0,
        ])
        const overlapping = await page.evaluate(() => {
          const rows = [...document.querySelectorAll('.slot')].map((row) => ({
            top: row.getBoundingClientRect().top,
            bottom: Math.max(...[row, ...row.querySelectorAll('button')].map((e) => e.getBoundingClientRect().bottom)),
          }))
          return rows.filter((row, at) => at > 0 && row.top < rows[at - 1]!.bottom - 0.5).length
        })
        expect(overlapping).toBe(0)
        const covered = await page.evaluate(
          () =>
            [...document.querySelectorAll('.yaml')].filter((yaml) => {
              const button = yaml.querySelector('.copy')!.getBoundingClientRect()
              const text = document.createRange()
              text.selectNodeContents(yaml.querySelector('code')!)
              return [...text.getClientRects()].some(
                ({ top, bottom, right }) => top < button.bottom && bottom > button.top && right > button.left,
              )
            }).length,
        )
        expect([view[0], covered]).toEqual([view[0], 0])
      }
    })
  }
})

/** Runs in the page: says when machines are on the screen. */
function tellWhenShown(): void {
  const appearing = new MutationObserver(() => {
    if (document.querySelector('.machine') === null) return
    appearing.disconnect()
    requestAnimationFrame(() => setTimeout(() => console.debug(`shown ${performance.now()}`)))
  })
  appearing.observe(document, { childList: true, subtree: true })
}

/** Milliseconds from the request until there are machines to be seen. */
async function opening(page: Page, url: string): Promise<number> {
  await page.goto('about:blank')
  const shown = page.waitForEvent('console', (message) => message.text().startsWith('shown '))
  await page.goto(url, { waitUntil: 'commit' })
  return Number((await shown).text().slice('shown '.length))
}

describe('fast', { timeout: ALL_VIEWS_MS }, () => {
  test('the first view is under 100 kB as transferred', async (context) => {
    const { page } = await openTab(context)
    const network = await page.context().newCDPSession(page)
    let bytes = 0
    network.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
    await network.send('Network.enable')
    await show(page, views()[0]!)
    expect(bytes).toBeGreaterThan(20_000)
    expect(bytes).toBeLessThan(100_000)
  })

  test('10,000 machines: it opens within a second, scrolls, and finds', async (context) => {
    const crowd = await openPageSite()
    context.onTestFinished(() => crowd[Symbol.asyncDispose]())
    for (let number = 0; number < 10_000; number++) {
      const [high, low] = [number >> 8, number & 255].map((byte) => byte.toString(16).padStart(2, '0'))
      const machine = new Actor(crowd, {
        mac: `52:54:00:00:${high}:${low}`,
        address: `10.${number >> 16}.${number >> 8}.${number & 255}`,
      })
      machine.discover()
    }
    crowd.story.wait(1).recorder.takeChanged()
    const { page } = await openTab(context)
    await page.addInitScript(tellWhenShown)
    const openings = [await opening(page, crowd.url), await opening(page, crowd.url), await opening(page, crowd.url)]
    expect(openings.toSorted((a, b) => a - b)[1]).toBeLessThan(OPENING_MS_MAX)

    await page.locator('.chip.for-booting', { hasText: '10,000' }).waitFor()
    expect(await page.locator('.slot').count()).toBeLessThan(80)
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight))
    await page.getByRole('listitem').and(page.locator('[aria-posinset="10001"]')).waitFor()
    expect(await page.locator('.slot').count()).toBeLessThan(80)
    await page.getByRole('searchbox').fill('00:27:0f')
    await page.locator('.section', { hasText: 'Booting1' }).waitFor()
    await page.getByRole('link', { name: '52:54:00:00:27:0f' }).waitFor()
  })
})

describe('pictures', { timeout: ALL_VIEWS_MS }, () => {
  const pictures: [
    file: string,
    view: string,
    viewport: [width: number, height: number],
    colorScheme: 'light' | 'dark',
  ][] = [
    ['machines-light', 'machines', [1280, 860], 'light'],
    ['machines-dark', 'machines', [1280, 860], 'dark'],
    ['boot-light', 'failed boot', [1280, 760], 'light'],
    ['boot-dark', 'boot', [1280, 860], 'dark'],
    ['booted-light', 'booted', [1280, 1060], 'light'],
    ['machine-light', 'machine', [1280, 760], 'light'],
    ['machines-phone-light', 'machines', [360, 780], 'light'],
    ['boot-phone-dark', 'boot', [360, 780], 'dark'],
    ['groups-light', 'groups', [1280, 500], 'light'],
    ['problems-dark', 'problems', [1280, 500], 'dark'],
    ['host-light', 'host', [1280, 760], 'light'],
    ['appliance-light', 'appliance', [1280, 860], 'light'],
    ['no-machines-light', 'no machines', [1280, 620], 'light'],
  ]
  test('are taken, each small enough for the documentation', async (context: TestContext) => {
    mkdirSync(PICTURES, { recursive: true })
    for (const [file, name, [width, height], colorScheme] of pictures) {
      const { page } = await openTab(context, { viewport: { width, height }, colorScheme, reducedMotion: 'reduce' })
      await show(
        page,
        views().find(([view]) => view === name)!,
      )
      const picture = await page.screenshot()
      expect(picture.length).toBeGreaterThan(10_000)
      expect(picture.length).toBeLessThan(150_000)
      writeFileSync(join(PICTURES, `${file}.png`), picture)
      const documented = join(DOCUMENTED, `${file}.png`)
      if (process.env['UPDATE_GOLDEN'] && existsSync(documented)) writeFileSync(documented, picture)
    }
  })
})
