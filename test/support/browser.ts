/**
 * Debian's Chromium, driven by playwright.
 */
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, type TestContext } from 'vitest'

import { require } from './requirements.ts'

let browser: Promise<Browser> | undefined

/** Opens tabs of one browser, which is closed after the last test of the file. */
export function browserTests() {
  afterAll(async () => (await browser)?.close())
  /** @returns a tab, and what it has complained of so far: scripts that failed, and what the policy of the page forbade */
  return async (
    context: TestContext,
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; complaints: string[] }> => {
    require(context, [['chromium', 'chromium']])
    browser ??= chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
    const tabs = await (await browser).newContext(options)
    context.onTestFinished(() => tabs.close())
    const page = await tabs.newPage()
    page.setDefaultTimeout(10_000)
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    return { page, complaints }
  }
}
