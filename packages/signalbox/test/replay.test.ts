import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type WrittenReport, writtenReport } from './experiment-schema.ts'
import { eventually, runSignalbox } from './fleet.ts'
import { program } from './required-programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'signalbox-replay-'))
const trace = fileURLToPath(new URL('../testdata/traces/conversations.jsonl', import.meta.url))
const examplePolicies = fileURLToPath(new URL('../../scheduler/testdata', import.meta.url))
const lookAtInk = fileURLToPath(new URL('look-at-ink.js', import.meta.url))
const lookAtCharts = fileURLToPath(new URL('look-at-charts.js', import.meta.url))
afterAll(() => rmSync(folder, { recursive: true }))

async function replay(args: readonly string[], cwd = folder): Promise<{ readonly code: number | 'timeout'; readonly output: string }> {
  const running = runSignalbox(['replay', ...args], cwd)
  const code = await running.exited()
  return { code, output: running.output() }
}

/** The report of a replay that ends well. */
async function reportOf(...args: readonly string[]): Promise<WrittenReport> {
  const file = join(folder, 'report.json')
  const { code, output } = await replay([...args, '--json', file])
  expect(output).toContain(`wrote ${file}`)
  expect(code).toBe(0)
  return writtenReport(readFileSync(file, 'utf8'))
}

describe('signalbox replay', () => {
  it('prints a table a load with a row a policy', async () => {
    const { code, output } = await replay([
      trace,
      '--policy',
      'least-cost,random,oracle',
      '--engines',
      '2x8b-h100',
      '--load',
      '0.3,0.9',
      '--seeds',
      '2',
    ])
    expect(code).toBe(0)
    expect(output).toContain('Trace: conversations.jsonl (jsonl), 48 requests, ')
    expect(output).toMatch(/^Saturation: \d+\.\d\d requests\/s, measured with \d+ under way$/m)
    const tables = output.split('\nLoad, of saturation: ').slice(1)
    expect(tables.map((text) => text.split(',')[0])).toEqual(['0.3', '0.9'])
    for (const text of tables) {
      const [, header, ...rows] = text.split('\n')
      expect(header).toMatch(/^policy +TTFT p50 +TTFT p90 +TPOT p90 +E2E p90 +Hit ratio +Imbalance +Goodput +Regret +failed +runs$/)
      for (const [at, name] of ['least-cost', 'random', 'oracle'].entries()) expect(rows[at]).toMatch(new RegExp(`^${name} .* 0 +2$`))
      // A yardstick is no competitor.
      expect(rows[2]).not.toContain('*')
    }
  })

  it('writes a report whose every number has its place', async () => {
    const report = await reportOf(
      trace,
      '--policy',
      'least-cost,oracle',
      '--engines',
      '1x8b-h100+1x8b-a100,noise=0.2',
      '--rate',
      '1,4',
      '--seeds',
      '2',
    )
    expect(report).toMatchObject({ kind: 'replay', simulated: true, stopped: false, loadLabel: 'Times the recorded rate', saturationPerSecond: null })
    expect(report.loads.map(({ load }) => load)).toEqual([1, 4])
    const [once, fourfold] = report.loads
    expect((fourfold?.requestsPerSecond as number) / (once?.requestsPerSecond as number)).toBeCloseTo(4, 10)
    for (const { rows } of report.loads) {
      expect(rows.map(({ variant, isReference, seeds, failed }) => [variant, isReference, seeds, failed])).toEqual([
        ['least-cost', false, 2, 0],
        ['oracle', true, 2, 0],
      ])
      for (const { variant, values } of rows) {
        for (const [id, value] of Object.entries(values)) {
          expect(value, `${id} of ${variant}`).toMatchObject({ mean: expect.any(Number), low: expect.any(Number), high: expect.any(Number) })
        }
      }
    }
    expect(report.command).toContain(`--engines 1x8b-h100+1x8b-a100,noise=0.2 --rate 1,4 --seeds 2`)
  })

  it('has the JSON alone on standard output where it is asked for there', async () => {
    const running = runSignalbox(['replay', trace, '--rate', '2', '--seeds', '1', '--policy', 'random', '--json', '-'], folder)
    expect(await running.exited()).toBe(0)
    expect(writtenReport(running.output()).loads[0]?.rows[0]).toMatchObject({ variant: 'random', values: { ttftP50Ms: { low: null, high: null } } })
  })

  it('gives the same numbers for the same seed, however many threads share the runs, and others for another seed', async () => {
    // No times in the file: the seed makes them.
    const timeless = join(folder, 'timeless.jsonl')
    writeFileSync(
      timeless,
      readFileSync(trace, 'utf8')
        .split('\n')
        .filter((line) => line !== '' && !line.includes('"after"'))
        .map((line) => line.replace(/"atMs":\d+,/, ''))
        .join('\n'),
    )
    for (const source of [timeless, 'shape:chat-sessions,requests=60']) {
      const of = (seed: string, threads: string) =>
        reportOf(
          source,
          '--policy',
          'least-cost,random',
          '--engines',
          '2x8b-h100,step-noise=0.1',
          '--load',
          '0.8',
          '--seeds',
          '3',
          '--seed',
          seed,
          '--threads',
          threads,
        )
      const first = await of('1', '1')
      expect((await of('1', '2')).loads).toEqual(first.loads)
      expect((await of('4', '1')).loads).not.toEqual(first.loads)
    }
  })

  it('several gateways know less than one, and more with a feed', async () => {
    const of = async (...args: readonly string[]) => {
      const { facts } = await reportOf(trace, '--policy', 'least-cost', '--engines', '2x8b-h100', '--rate', '4', '--seeds', '1', ...args)
      return new Map(facts).get('Gateways')
    }
    expect(await of('--gateways', '4')).toBe('4, no feed between them; engines polled every 1000 ms')
    expect(await of('--gateways', '4', '--feed-delay', '50', '--poll', '500')).toBe('4, a feed between them 50 ms late; engines polled every 500 ms')
  })

  it('draws priorities where they are asked for, the same ones whichever thread does it', async () => {
    const of = (threads: string) =>
      reportOf(
        trace,
        '--policy',
        'random',
        '--engines',
        '1x8b-h100,scheduling=priority',
        '--rate',
        '20',
        '--seeds',
        '2',
        '--priorities',
        '3',
        '--threads',
        threads,
      )
    const report = await of('1')
    expect(report.facts).toContainEqual(['Priorities', '3, drawn'])
    expect((await of('2')).loads).toEqual(report.loads)
  })

  it('takes a trace of one request, and says why it has no saturation', async () => {
    const report = await reportOf('shape:poisson,requests=1', '--policy', 'random', '--rate', '1', '--seeds', '1')
    expect(report.loads[0]?.rows[0]).toMatchObject({ failed: 0, values: { imbalance: { mean: 8 } } })
    expect(await replay(['shape:poisson,requests=1', '--policy', 'random', '--seeds', '1'])).toEqual({
      code: 1,
      output: '--load: saturation is measured with 8 requests and more, and the trace has 1; give --rate, which needs no saturation\n',
    })
  })
})

describe('a policy of one’s own', () => {
  it('is replayed beside the others', async () => {
    const { code, output } = await replay(
      [trace, '--policy', 'least-cost,./kv-headroom.mjs', '--engines', '2x8b-h100', '--rate', '2', '--seeds', '2'],
      examplePolicies,
    )
    expect(code).toBe(0)
    expect(output).toMatch(/^\.\/kv-headroom\.mjs .* 0 +2$/m)
  })

  it('is the one whose making the documentation shows, and the trace beside it is read', async () => {
    const policies = fileURLToPath(new URL('../testdata/policies', import.meta.url))
    const documentation = readFileSync(new URL('../../../docs/replay.md', import.meta.url), 'utf8')
    const [, code] = readFileSync(join(policies, 'work-ahead.mjs'), 'utf8').split(/^\/\/.*\n/)
    expect(documentation).toContain(code)
    const lines = /```json\n([^`]+)```/.exec(documentation)?.[1] as string
    writeFileSync(join(folder, 'documented.jsonl'), lines)
    const args = [join(folder, 'documented.jsonl'), '--policy', './work-ahead.mjs', '--engines', '1x8b-h100', '--rate', '1', '--seeds', '1']
    const { code: exit, output } = await replay([...args, '--columns', 'hitRatio'], policies)
    expect(exit).toBe(0)
    // The first tenth rounds to nobody: 496 of 437 + 517 tokens lie in the second prompt's known blocks.
    expect(output).toMatch(/^\.\/work-ahead\.mjs +52\.0 % +0 +1$/m)
  })

  it('that throws half-way ends the replay with its place, after what was done', async () => {
    writeFileSync(
      join(folder, 'half-way.mjs'),
      `export const policy = {
  type: 'half-way', stability: 'alpha', description: 'x',
  terms: [{ id: 'a', label: 'A', unit: 'none', group: 'order', description: 'x' }],
  create() { let left = 30; return { score() { if (left-- === 0) throw new Error('out of luck') } } },
}
`,
    )
    const { code, output } = await replay([trace, '--policy', 'random,./half-way.mjs', '--rate', '2', '--seeds', '2', '--threads', '1'])
    expect(code).toBe(1)
    expect(output).toMatch(/^random .* 0 +1$/m)
    expect(output).toContain('Stopped before its end')
    expect(output).toMatch(/^--policy: \.\/half-way\.mjs: score threw out of luck \(half-way\.mjs:4:\d+\)$/m)
    expect(output).not.toMatch(/^\s+at /m)
  })
})

describe('a slip of the hand', () => {
  it.each([
    [[], "missing required argument 'trace'"],
    [['nowhere.jsonl'], 'nowhere.jsonl: cannot be read (ENOENT); give a file ('],
    [['shape:poison'], 'did you mean poisson?'],
    [['shape:poisson,request=5'], 'did you mean requests?'],
    [[trace, '--polcy', 'random'], 'Did you mean --policy?'],
    [[trace, '--policy', 'lest-cost'], '--policy: there is no policy "lest-cost"; did you mean "least-cost"?'],
    [[trace, '--policy', ','], "'--policy <names>' argument ',' is invalid. expected names with commas between"],
    [[trace, '--policy', './gone.mjs'], '--policy: ./gone.mjs cannot be loaded'],
    [[trace, '--engines', '8x9b-h100'], 'engines "8x9b-h100": there is no profile "9b-h100"; profiles: 8b-h100'],
    [[trace, '--engines', '8b-h100'], 'write COUNTxPROFILE, 8x8b-h100 for example'],
    [[trace, '--engines', '8x8b-h100,kv=4'], 'there is no setting "kv"; settings: kv-blocks'],
    [[trace, '--load', '0.5,high'], "'--load <fractions>' argument '0.5,high' is invalid. expected a number from 0.001 to 10."],
    [[trace, '--rate', '0'], 'expected a number from 0.001 to 1000.'],
    [[trace, '--rate', '1', '--load', '0.5'], "'--rate <multiples>' cannot be used with option '--load <fractions>'"],
    [[trace, '--seeds', '0'], 'expected a whole number from 1 to 100.'],
    [[trace, '--feed-delay', '5'], '--feed-delay is between gateways: give --gateways 2 or more'],
    [[trace, '--format', 'csv'], 'Allowed choices are weka, mooncake'],
    [['shape:poisson', '--format', 'azure'], 'is a shape and no file; leave --format out'],
    [[trace, '--format', 'azure'], 'conversations.jsonl:1: '],
    [[trace, '--columns', 'ttftp50ms'], 'did you mean ttftP50Ms?'],
    [[trace, '--html', 'nowhere/report.html'], '--html: nowhere/report.html cannot be written (there is no such folder)'],
    [[trace, '--json', '.'], '--json: . is a folder; name a file in it'],
    [[trace, '--engines', '1x8b-h100,kv-blocks=2'], 'of 48 the engines completed 0: 48 are longer than an engine holds; give --rate'],
  ])('%j is answered before anything is run, with words that say how to mend it', async (args, message) => {
    const { code, output } = await replay(args)
    expect(code).toBe(1)
    expect(output).toContain(message)
    expect(output).not.toMatch(/^\s+at |requests\/s/m)
  })
})

describe('Ctrl-C', () => {
  it('prints what is done, and exits with 130', async () => {
    const running = runSignalbox(
      ['replay', 'shape:chat-sessions,requests=300', '--rate', '1,2,3,4,5,6,7,8', '--seeds', '100', '--policy', 'random,round-robin'],
      folder,
    )
    // Elsewhere than on a terminal progress comes after ten seconds.
    await eventually(() => /\] \d+ %, [1-9]\d* of 1600 runs/.test(running.output()), 'runs to be done')
    running.child.kill('SIGINT')
    expect(await running.exited()).toBe(130)
    expect(running.output()).toMatch(/^random .* 0 +\d+$/m)
    expect(running.output()).toContain('Stopped before its end')
  })

  it('while saturation is measured has nothing to print', async () => {
    const running = runSignalbox(['replay', 'shape:poisson,requests=4000,promptTokens=100,outputTokens=30000', '--engines', '1x8b-h100'], folder)
    await eventually(() => running.output().includes('measuring saturation'), 'the measurement to be under way')
    running.child.kill('SIGINT')
    expect(await running.exited()).toBe(130)
    expect(running.output()).toMatch(/stopped before the first run was done\n$/)
  })
})

const executablePath = program('chromium', 'chromium')

describe.skipIf(executablePath === undefined)('the page of a report', () => {
  const page = join(folder, 'report.html')
  const policies = ['least-cost', 'random', 'oracle']
  let browser: Browser
  let report: WrittenReport
  beforeAll(async () => {
    report = await reportOf(trace, '--policy', policies.join(), '--engines', '2x8b-h100', '--load', '0.3,0.9', '--seeds', '2', '--html', page)
    browser = await chromium.launch({ executablePath: executablePath as string, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(() => browser.close())

  it.each(['dark', 'light'] as const)('draws every metric for every policy from the file alone, in the %s theme', async (colorScheme) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme })
    const opened = await context.newPage()
    const complaints: string[] = []
    opened.on('console', (message) => complaints.push(`console: ${message.text()}`))
    opened.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
    const address = pathToFileURL(page).href
    context.on('request', (request) => {
      if (request.url() !== address && !request.url().startsWith('data:')) complaints.push(`fetched: ${request.url()}`)
    })
    await opened.addInitScript({ path: lookAtInk })
    await opened.addInitScript({ path: lookAtCharts })
    await opened.goto(address)
    expect(await opened.title()).toBe('Replay of conversations.jsonl: least-cost, random, oracle')
    expect(await opened.locator('h1').textContent()).toBe(report.title)
    expect(await opened.evaluate('document.documentElement.dataset.theme')).toBe(colorScheme)

    const charts = () => opened.evaluate<{ readonly title: string; readonly drawn: readonly string[] }[]>('lookAtCharts()')
    expect((await charts()).map(({ title }) => title)).toEqual(report.metrics.map(({ label }) => label))
    for (const { title, drawn } of await charts()) expect(drawn, title).toContain('oracle')
    // The last line drawn lies over others, which may cover them: each is seen on some chart.
    expect(new Set((await charts()).flatMap(({ drawn }) => drawn))).toEqual(new Set(policies))

    const button = opened.getByRole('button', { name: 'oracle' })
    await button.click()
    expect(await button.getAttribute('aria-pressed')).toBe('false')
    await eventually(async () => (await charts()).every(({ drawn }) => !drawn.includes('oracle')), 'the line to leave every chart')
    await button.click()
    await eventually(async () => (await charts()).some(({ drawn }) => drawn.includes('oracle')), 'the line to be back')

    const tables = opened.locator('table.data')
    expect(await tables.count()).toBe(2)
    expect(await tables.first().locator('tbody th').allInnerTexts()).toEqual(policies)
    expect(await tables.first().textContent()).not.toMatch(/NaN|undefined|null/)
    expect(complaints).toEqual([])
    if (process.env['UPDATE_SCREENSHOT'] === '1')
      await opened.screenshot({ path: join(tmpdir(), `signalbox-report-${colorScheme}.png`), fullPage: true })
    await context.close()
  })
})
