/** The status page in Chromium: what a person sees, and what it must never do. */
import { afterEach, describe, expect, test } from 'vitest'

import { browserTests } from '../../support/browser.ts'
import { Actor } from './actor.ts'
import { openPageSite, type PageOptions, type PageSite } from './site.ts'

const MAC = '52:54:00:a1:9c:ae'
const NODE1 = { mac: MAC, address: '10.9.0.41', hostname: 'node1' }

const openTab = browserTests()
let opened: PageSite[] = []
afterEach(async () => {
  for (const site of opened) await site[Symbol.asyncDispose]()
  opened = []
})
async function open(options?: PageOptions): Promise<PageSite> {
  const site = await openPageSite(options)
  opened.push(site)
  return site
}

test('a boot moves through its stages while one looks on', async (context) => {
  const site = await open()
  const { page, complaints } = await openTab(context)
  await page.goto(site.url)
  await page.getByText('No machine has been heard yet').waitFor()

  const node1 = new Actor(site, NODE1)
  const row = page.locator('.machine', { hasText: MAC })
  const shows = (text: string) => row.filter({ hasText: text }).waitFor()
  const section = page.locator('h2.section')
  const stage = row.locator('[aria-current=step]')

  node1.discover()
  site.tell()
  await shows('Was told to boot snponly.efi')
  expect(await section.allTextContents()).toEqual(['Booting1'])
  expect(await stage.getAttribute('class')).toContain('stage-dhcp')

  node1.wait(4).read()
  site.tell()
  await shows('Has read snponly.efi')
  expect(await stage.getAttribute('class')).toContain('stage-firmware')

  node1.ask('script').ask('ipxe')
  site.tell()
  await shows('etcd node 1')
  expect(await row.locator('.name').textContent()).toBe('node1')
  expect(await stage.getAttribute('class')).toContain('stage-script')

  node1.kernel()
  const initrd = node1.initrd()
  initrd.move(100_000_000)
  site.tell()
  await shows('161 of 412 MB')
  expect(await stage.getAttribute('class')).toContain('stage-kernel')
  await page.waitForTimeout(400) // a rate is measured between two of the page's own looks
  initrd.move(200_000_000)
  site.tell()
  await shows('261 of 412 MB')
  await row.locator('.progress-text', { hasText: 'MB/s' }).waitFor()
  await expect.poll(() => page.title()).toBe('1 booting · bootcfg')

  initrd.end()
  node1.wait(20).ask('ignition')
  site.tell()
  await shows('Booted: got its ignition config')
  expect(await section.allTextContents()).toEqual(['Others1'])
  expect(await row.locator('.mark').textContent()).toBe('Booted')
  expect(complaints).toEqual([])
})

test('a boot opens into a waterfall that goes on by itself', async (context) => {
  const site = await open()
  const node1 = new Actor(site, NODE1)
  node1.untilScript().kernel()
  const initrd = node1.initrd()
  initrd.move(120_000_000)
  node1.wait(3)
  const { page } = await openTab(context)
  await page.goto(site.url)
  await page.getByRole('link', { name: 'node1' }).click()
  await page.getByRole('link', { name: 'Downloads' }).click()

  const steps = page.locator('.entries .entry')
  await steps.last().filter({ hasText: 'initrd.cpio.gz' }).waitFor()
  expect(await steps.locator('.entry-title').allTextContents()).toEqual([
    'DISCOVER',
    'OFFER snponly.efi',
    'snponly.efi',
    'snponly.efi',
    '/boot.ipxe',
    '/ipxe',
    'flatcar/vmlinuz',
    'flatcar/initrd.cpio.gz',
  ])
  const going = steps.last()
  expect(await going.getAttribute('class')).toContain('is-going')
  expect(await going.locator('.entry-bytes').textContent()).toBe('120 of 351 MB')
  const bars = await steps.locator('.bar').evaluateAll((all) => all.map((bar) => bar.getBoundingClientRect().x))
  expect(bars).toEqual(bars.toSorted((a, b) => a - b))

  initrd.end()
  site.tell()
  await page.locator('.entries .entry.is-ok', { hasText: 'initrd.cpio.gz' }).waitFor()
  node1.wait(20).ask('ignition')
  site.tell()
  await page.getByRole('heading', { name: 'Booted: got its ignition config' }).waitFor()
  expect(await steps.count()).toBe(9)
})

describe('an unknown machine', () => {
  test('has the group that it is in want of, ready to copy', async (context) => {
    const site = await open()
    new Actor(site, { mac: '10:20:30:40:50:59', address: '10.9.0.66' }).untilScript().wait(40)
    const { page } = await openTab(context, { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.goto(site.url)
    await page.getByRole('button', { name: 'Copy the group for 10:20:30:40:50:59' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    const expected =
      '  - name: "10:20:30:40:50:59"\n    spec: etcd # or flatcar\n    require: {mac: "10:20:30:40:50:59"}\n'
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(expected)

    await page.getByRole('button', { name: 'Hide group' }).click()
    await expect.poll(() => page.locator('.yaml').count()).toBe(0)
    await page.getByRole('link', { name: '10:20:30:40:50:59' }).click()
    await page.getByText('A group for exactly this machine').waitFor()
  })

  test('where there is no clipboard, the text is copied all the same', async (context) => {
    const site = await open()
    new Actor(site, { mac: '10:20:30:40:50:59', address: '10.9.0.66' }).untilScript().wait(40)
    const { page } = await openTab(context)
    await page.addInitScript('delete Navigator.prototype.clipboard')
    await page.goto(site.url)
    await page.getByRole('button', { name: 'Copy the group' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
  })
})

describe('what a machine gets', () => {
  async function openMachine(context: Parameters<typeof openTab>[0], options: PageOptions) {
    const site = await open(options)
    new Actor(site, { mac: MAC, address: '10.9.0.9', hostname: 'w' }).boots()
    const { page } = await openTab(context)
    await page.goto(`${site.url}/#/machine/${MAC}`)
    return page
  }
  test('is on its page as it would get it now', async (context) => {
    const page = await openMachine(context, {})
    await page.locator('summary', { hasText: 'Ignition' }).click()
    await page.locator('.rendered pre', { hasText: 'node1.service' }).waitFor()
    expect(await page.locator('summary', { hasText: 'cloud-config' }).textContent()).toContain('404')
  })
  test('is said to be of now where something was edited since its last boot', async (context) => {
    const site = await open()
    site.story.wait(60)
    new Actor(site, { mac: MAC, address: '10.9.0.9', hostname: 'w' }).boots().wait(300)
    const { page } = await openTab(context)
    await page.goto(`${site.url}/#/machine/${MAC}`)
    await page.locator('summary', { hasText: 'Ignition' }).waitFor()
    const notice = page.getByText('Its last boot may have got something else')
    expect(await notice.count()).toBe(0)
    await site.edit()
    await notice.waitFor()
  })
  test('and what it was sent is on the page of the boot, whatever was edited since', async (context) => {
    const site = await open()
    new Actor(site, { mac: MAC, address: '10.9.0.9', hostname: 'w' }).boots().wait(300)
    const { page } = await openTab(context)
    const { id } = site.story.latest(MAC)
    await page.goto(`${site.url}/#/attempt/${id}`)
    const line = page.locator('summary', { hasText: 'Ignition' })
    await line.filter({ hasText: 'the same now' }).click()
    await page.locator('.rendered pre', { hasText: 'node1.service' }).waitFor()
    await site.edit({ 'ignition/etcd.yaml': 'ignition_version: 1\n' })
    await expect.poll(() => line.filter({ hasText: 'the same now' }).count()).toBe(0)
    expect(await page.locator('.rendered pre').allTextContents()).toContainEqual(
      expect.stringContaining('node1.service'),
    )
  })
  test('is not with -hide-bodies, nor asked for', async (context) => {
    const asked: string[] = []
    const page = await openMachine(context, { hidesBodies: true })
    page.on('request', (request) => asked.push(request.url()))
    await page.reload()
    await page.getByText('-hide-bodies').waitFor()
    expect(await page.content()).not.toContain('node1.service')
    expect(asked.filter((url) => url.includes('explain'))).toEqual([])
  })
})

test('text of machines stays text, wherever it is shown', async (context) => {
  const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
  const site = await open({
    files: {
      'config.yaml': `api_version: v1alpha1\ngroups:\n  - {name: ${JSON.stringify(evil)}, spec: flatcar, require: {role: ${JSON.stringify(evil)}}}\n`,
    },
  })
  const node = new Actor(site, {
    mac: MAC,
    address: '10.9.0.9',
    hostname: evil,
    labels: { role: evil, [evil]: evil, 'user-class': evil },
  })
  node
    .discover(evil)
    .wait(1)
    .read(evil)
    .ask('script')
    .ask('ipxe', { path: `/ipxe${evil}`, reason: evil })
  node.begin('http', evil, 10).end('failed', 5, evil)
  node.wait(600)
  new Actor(site, { mac: '52:54:00:00:00:07', address: '10.9.0.10', hostname: evil }).untilScript().wait(60)
  site.problems.become({
    ...site.problems.current(),
    problems: [{ severity: 'error', code: 'missing-metadata', file: evil, line: 1, column: 1, message: evil }],
    errors: 1,
  })
  const { page, complaints } = await openTab(context)
  const [attempt] = site.story.recorder.overview.machine(MAC, site.story.nowMs)!.attempts
  const views = [
    '#/',
    `#/machine/${MAC}`,
    `#/attempt/${attempt!.id}`,
    '#/groups',
    '#/problems',
    `#/?find=${encodeURIComponent(evil)}`,
  ]
  for (const view of views) {
    await page.goto(`${site.url}/${view}`)
    await page.reload()
    await page.locator('main', { hasText: '<img src=x' }).waitFor()
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.title()).not.toContain('owned')
  }
  expect(complaints).toEqual([])
})

test('all of it works from the keyboard', async (context) => {
  const site = await open()
  for (let number = 1; number <= 3; number++) {
    new Actor(site, { mac: `52:54:00:00:00:0${number}`, address: `10.9.0.${number}`, hostname: `node${number}` })
      .discover()
      .wait(60)
  }
  const { page } = await openTab(context)
  await page.goto(site.url)
  await page.getByRole('link', { name: 'node3' }).or(page.getByText('52:54:00:00:00:03').first()).waitFor()
  const focused = () => page.evaluate(() => document.activeElement?.textContent)

  await page.keyboard.press('/')
  await page.keyboard.type('00:0')
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('52:54:00:00:00:03')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  expect(await focused()).toBe('52:54:00:00:00:01')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: '52:54:00:00:00:01' }).waitFor()
  await page.goBack()
  await page.getByRole('heading', { level: 1, name: 'Machines' }).waitFor()
  expect(await page.getByRole('searchbox').inputValue()).toBe('00:0')
  await page.keyboard.press('Tab')
})

test('where the event stream has followers enough, the page asks, says so, and has the stream when one leaves', async (context) => {
  const site = await open()
  const leaving = new AbortController()
  const follow = () => fetch(`${site.url}/api/events`, { signal: leaving.signal })
  const followers = await Promise.all(Array.from({ length: 64 }, follow))
  expect(followers.map(({ status }) => status)).toEqual(Array.from({ length: 64 }, () => 200))
  expect((await follow()).status).toBe(503)

  new Actor(site, NODE1).discover()
  const { page } = await openTab(context)
  await page.goto(site.url)
  await page.getByText(MAC).waitFor()
  const connection = page.locator('.connection')
  await connection.filter({ hasText: 'Every 5 s' }).waitFor()
  new Actor(site, { mac: '52:54:00:00:00:77', address: '10.9.0.77' }).discover()
  site.tell()
  await page.getByText('52:54:00:00:00:77').waitFor()

  leaving.abort()
  await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`) // one looks at it: it tries at once
  await connection.filter({ hasText: 'Live' }).waitFor()
})

test('when the server is away the page says so calmly, and knows all again when it is back', async (context) => {
  const site = await open()
  new Actor(site, NODE1).discover()
  const { page } = await openTab(context)
  await page.goto(site.url)
  const connection = page.locator('.connection')
  await connection.filter({ hasText: 'Live' }).waitFor()
  site.reachable(false)
  await connection.filter({ hasText: 'Reconnecting' }).waitFor()
  await expect.poll(() => page.locator('.machine').count()).toBe(1)
  new Actor(site, { mac: '52:54:00:00:00:77', address: '10.9.0.77' }).discover()
  site.tell()
  site.reachable(true)
  await page.getByText('52:54:00:00:00:77').waitFor()
  expect(await connection.textContent()).toBe('Live')
})
