import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, type Fleet, startFleet } from './fleet.ts'
import { program } from './required-programs.ts'
import { pidOf } from './roles.ts'

const executablePath = program('chromium', 'chromium')
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const PANELS = [
  'Time to first token',
  'Inter-token latency',
  'KV cache in use',
  'Prefix cache hit rate',
  'Requests in the engines',
  'Request throughput',
  'Token throughput',
  'End-to-end latency',
]
const viewport = { width: 1440, height: 900 }
const lookAtInk = fileURLToPath(new URL('look-at-ink.js', import.meta.url))
const lookAtPanels = fileURLToPath(new URL('look-at-panels.js', import.meta.url))
const images = fileURLToPath(new URL('../../../docs/images', import.meta.url))

/** A page, and everything about it that would be wrong. */
interface Watched {
  readonly page: Page
  readonly context: BrowserContext
  readonly complaints: string[]
}

/** One panel as a person sees it. */
interface PanelSight {
  readonly title: string
  readonly text: string
  readonly values: readonly string[]
  /** Names of the lines whose colour is found on the canvas. */
  readonly drawn: readonly string[]
  readonly lines: number
}

describe.skipIf(executablePath === undefined)('the console in a browser', () => {
  let fleet: Fleet
  let browser: Browser
  let startedMs: number
  beforeAll(async () => {
    startedMs = Date.now()
    fleet = await startFleet()
    browser = await chromium.launch({ executablePath: executablePath as string, args })
  })
  afterAll(async () => {
    await browser.close()
    await fleet.interrupt()
  })

  /** Opens a page of the console in a browser profile of its own, and writes down what must not happen. */
  async function open(path: string, colorScheme: 'dark' | 'light' = 'dark'): Promise<Watched> {
    const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(`console: ${message.text()}`)
    })
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
    page.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText
      // What a page that is left no longer wants.
      if (reason !== 'net::ERR_ABORTED') complaints.push(`failed: ${request.url()}: ${reason}`)
    })
    context.on('request', (request) => {
      if (!request.url().startsWith(`${fleet.console}/`)) complaints.push(`left the house: ${request.url()}`)
    })
    await page.addInitScript({ path: lookAtInk })
    await page.addInitScript({ path: lookAtPanels })
    await page.addInitScript(
      "addEventListener('securitypolicyviolation', (event) => console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))",
    )
    await page.goto(`${fleet.console}${path}`)
    return { page, context, complaints }
  }

  const backgroundOf = (page: Page) => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor')
  const verdictOf = async (page: Page) => (await page.locator('.verdict h1').textContent()) ?? ''
  /** Has the page ask anew now, as a person does who turns live off and on. */
  const refresh = async (page: Page) => {
    await page.keyboard.press('l')
    await page.keyboard.press('l')
  }

  async function drawing(page: Page): Promise<PanelSight[]> {
    const sights = await page.evaluate<PanelSight[]>('lookAtPanels()')
    const blank = sights.filter(({ drawn, lines, values }) => lines === 0 || drawn.length === 0 || values.length === 0)
    if (sights.length < PANELS.length || blank.length > 0) throw new Error(`without data: ${JSON.stringify(blank)} of ${sights.length}`)
    return sights
  }

  it.each([
    ['dark', '/', 'dark'],
    ['light', '/', 'light'],
    ['light', '/?theme=dark', 'dark'],
    ['dark', '/?theme=light', 'light'],
  ] as const)('draws all eight panels from data where the system prefers %s and the address is %s', async (system, path, theme) => {
    const { page, context, complaints } = await open(path, system)
    const sights = await eventually(() => drawing(page), 'all panels to draw data')
    console.log(`all panels of ${path} (${system}) drew data ${((Date.now() - startedMs) / 1000).toFixed(1)} s after the start of the fleet`)
    expect(sights.map(({ title }) => title)).toEqual(PANELS)
    for (const { text, title } of sights) expect(text, title).not.toMatch(/no data|no reading|could not|undefined|NaN/i)
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe(theme)
    const lightness = (await backgroundOf(page)).match(/\d+/g)?.slice(0, 3).map(Number) as number[]
    expect(Math.max(...lightness) > 128).toBe(theme === 'light')
    expect(await verdictOf(page)).toMatch(/^All 3 endpoints are ready; /)
    const rows = page.locator('section[aria-label^="Endpoints"] tbody tr')
    expect(await rows.count()).toBe(3)
    for (const name of ['engine-1', 'engine-2', 'engine-3'])
      expect(await rows.filter({ hasText: name }).textContent()).toMatch(/ready[\s\S]*simulated[\s\S]*demo-8b/)
    const badges = await page.locator('header .badge').allInnerTexts()
    expect(badges.map((text) => text.toLowerCase())).toEqual(['simulated engines', 'demo traffic'])
    expect(complaints).toEqual([])
    await context.close()
  })

  it('leads from the list of requests, filtered by endpoint, to the reasons for one of them, and back', async () => {
    const { page, context, complaints } = await open('/')
    await page.getByRole('navigation').getByRole('link', { name: 'Requests' }).click()
    await page.waitForURL('**/requests')
    const rows = page.locator('table.requests tbody tr')
    await eventually(async () => (await rows.count()) > 3, 'rows')
    const endpoints = () => rows.locator('td:nth-child(4)').allInnerTexts()
    const name = (await eventually(
      async () => (await endpoints()).find((text) => text.startsWith('engine-')),
      'a request with an endpoint',
    )) as string
    await page.getByLabel('Endpoint').selectOption(name)
    await page.waitForURL(`**/requests?endpoint=${name}`)
    await eventually(async () => {
      const shown = await endpoints()
      return shown.length > 0 && shown.every((text) => text === name)
    }, 'only requests of that endpoint')

    await rows.filter({ hasText: 'ok' }).first().waitFor()
    const link = rows.filter({ hasText: 'ok' }).first().getByRole('link')
    const id = /request (\S+)$/.exec((await link.textContent()) as string)?.[1] as string
    await link.click()
    await page.waitForURL(`**/requests/${id}?endpoint=${name}`)
    const matrix = page.locator('table.matrix')
    await matrix.waitFor()
    expect(await page.locator('h1').textContent()).toContain(id)
    expect((await matrix.locator('tbody th').allInnerTexts()).sort()).toEqual(['engine-1', 'engine-2', 'engine-3'])
    expect(await matrix.locator('tbody tr.row-chosen').textContent()).toContain(name)
    expect(await page.locator('.explanation').textContent()).toContain(`${name} was chosen`)

    await page.goBack()
    await page.waitForURL(`**/requests?endpoint=${name}`)
    await eventually(async () => (await rows.count()) > 0, 'the list again')
    await page.goBack()
    await page.waitForURL('**/requests')
    expect(await page.getByLabel('Endpoint').inputValue()).toBe('')
    await page.goBack()
    await page.waitForURL(`${fleet.console}/`)
    expect(await verdictOf(page)).toContain('endpoints are ready')
    expect(complaints).toEqual([])
    await context.close()
  })

  it('keeps the time range in the address, from which another browser shows the same', async () => {
    const { page, context } = await open('/')
    await page.getByLabel('Last').selectOption('1h')
    await page.waitForURL('**/?from=now-1h')
    await page.getByRole('navigation').getByRole('link', { name: 'Requests' }).click()
    await page.waitForURL('**/requests?from=now-1h')
    await context.close()
    const other = await open('/?from=now-1h')
    expect(await other.page.getByLabel('Last').inputValue()).toBe('1h')
    await eventually(() => drawing(other.page), 'all panels to draw data')
    expect(other.complaints).toEqual([])
    await other.context.close()
  })

  it.skipIf(process.env['UPDATE_SCREENSHOT'] !== '1')(
    'is what the README shows',
    async () => {
      // Five minutes fill the pictures.
      await eventually(() => Date.now() - startedMs > 310_000, 'traffic enough for a picture', 400_000)
      for (const theme of ['dark', 'light'] as const) {
        const { page, context } = await open('/?from=now-5m', theme)
        await eventually(() => drawing(page), 'all panels to draw data')
        await page.screenshot({ path: `${images}/console-${theme}.png` })
        await context.close()
      }
    },
    480_000,
  )

  it('says in words that the gateway is gone, marks what is old, and recovers by itself', async () => {
    const { page, context } = await open('/')
    await eventually(async () => (await verdictOf(page)).startsWith('All 3 endpoints'), 'a good verdict')
    process.kill(pidOf(fleet, 'gateway'), 'SIGKILL')
    await refresh(page)
    await eventually(async () => /^The gateway is unreachable: /.test(await verdictOf(page)), 'the verdict to say so')
    expect(await page.locator('section[aria-labelledby="endpoints-title"]').textContent()).toMatch(/the gateway does not answer|unknown/)
    await eventually(async () => (await verdictOf(page)).startsWith('All 3 endpoints'), 'a good verdict again')
    await context.close()
  })

  it('says in words that the monitor is gone, on each page, and recovers by itself', async () => {
    const fleetPage = await open('/')
    const requestsPage = await open('/requests')
    await eventually(async () => (await verdictOf(fleetPage.page)).startsWith('All 3 endpoints'), 'a good verdict')
    await requestsPage.page.locator('table.requests').waitFor()
    process.kill(pidOf(fleet, 'monitor'), 'SIGKILL')
    await refresh(fleetPage.page)
    await refresh(requestsPage.page)
    await eventually(
      async () => /^The monitor stopped answering: .* What is shown is old\.$/.test(await verdictOf(fleetPage.page)),
      'the verdict to say so',
    )
    await requestsPage.page.getByText('The list is old').waitFor()
    await eventually(async () => (await verdictOf(fleetPage.page)).startsWith('All 3 endpoints'), 'a good verdict again')
    await requestsPage.page.getByText('The list is old').waitFor({ state: 'detached' })
    await fleetPage.context.close()
    await requestsPage.context.close()
  })
})
