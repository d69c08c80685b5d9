import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PanelView } from '@signalbox/dashboards'
import { systemClock } from '@signalbox/node'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Monitor, type MonitorConfig, MonitorStartError, startMonitor } from '../src/index.ts'
import { eventually } from './deadline.ts'
import { hang, json, PageServer, page } from './page-server.ts'
import { bundleWorker, type WorkerBundle } from './worker-bundle.ts'

const TOKEN = 'the-token-of-the-gateway'
const TARGET_TOKEN = 'the-token-of-the-target'

let bundle: WorkerBundle
let consoleDir: string
let engine: PageServer
let gateway: PageServer
let monitor: Monitor
let log: string[]

beforeAll(async () => {
  bundle = await bundleWorker()
  consoleDir = await mkdtemp(join(tmpdir(), 'signalbox-console-test-'))
  await writeFile(join(consoleDir, 'index.html'), '<title>console</title>')
})

afterAll(async () => {
  await bundle.remove()
  await rm(consoleDir, { recursive: true, force: true })
})

beforeEach(async () => {
  engine = await PageServer.start(page('# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{engine="0",model_name="m"} 3\n'))
  gateway = await PageServer.start(json(200, { nowMs: 1, pool: 'p', policy: 'least-cost', models: ['m'], endpoints: [] }))
})

afterEach(async () => {
  await monitor.close()
  await engine.close()
  await gateway.close()
})

function configOf(more: Partial<MonitorConfig>): MonitorConfig {
  return {
    host: '127.0.0.1',
    port: 0,
    targets: [{ job: 'engines', url: `${engine.url}/metrics`, instance: engine.address, bearerToken: TARGET_TOKEN }],
    scrapeIntervalMs: 200,
    consoleDir,
    gatewayAdminUrl: gateway.url,
    gatewayToken: TOKEN,
    demo: { simulatedEngines: 2, traffic: true },
    version: '1.2.3',
    workerUrl: bundle.url,
    ...more,
  }
}

async function start(more: Partial<MonitorConfig> = {}): Promise<void> {
  log = []
  monitor = await startMonitor(configOf(more), { clock: systemClock, log: (_level, message) => log.push(message) })
}

const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${monitor.port}${path}`, init)
const getJson = async (path: string) => (await (await ask(path)).json()) as Record<string, unknown>

test('is ready once its store is up and every target was scraped, and then answers queries about them', async () => {
  engine.behave = hang
  await start({ scrapeIntervalMs: 2_000 })
  expect((await ask('/-/ready')).status).toBe(503)
  expect((await ask('/-/healthy')).status).toBe(200)
  engine.behave = page('a 1\n')
  await eventually('readiness', async () => (await ask('/-/ready')).status === 200)
  await eventually('up', async () => {
    const { data } = (await getJson('/api/v1/query?query=up')) as { data: { result: { metric: object; value: [number, string] }[] } }
    return data.result[0]?.value[1] === '1' && data.result[0].metric
  })
})

test('shows its targets as Prometheus does, and what their pages say about metrics', async () => {
  await start()
  await eventually('a scrape', () => monitor.targets()[0]?.health === 'up')
  expect(await getJson('/api/v1/targets')).toMatchObject({
    status: 'success',
    data: {
      activeTargets: [
        {
          labels: { instance: engine.address, job: 'engines' },
          scrapePool: 'engines',
          scrapeUrl: `${engine.url}/metrics`,
          health: 'up',
          lastError: '',
          lastScrape: expect.stringMatching(/^\d{4}-/),
          scrapeInterval: '0.2s',
        },
      ],
    },
  })
  expect(await getJson('/api/v1/metadata')).toEqual({
    status: 'success',
    data: { 'vllm:num_requests_running': [{ type: 'gauge', help: '', unit: '' }] },
  })
})

test('the fleet view joins the gateway and the targets', async () => {
  await start()
  await eventually('a scrape', () => monitor.targets()[0]?.health === 'up')
  expect(await getJson('/api/console/fleet')).toEqual({
    nowMs: expect.any(Number),
    demo: { simulatedEngines: 2, traffic: true },
    version: '1.2.3',
    apiPort: null,
    storeProblem: null,
    questions: { ttft: expect.stringContaining('0.95'), outcomes: expect.any(String), hits: expect.any(String) },
    gateway: { reachable: true, error: null, nowMs: 1, pool: 'p', policy: 'least-cost', models: ['m'], endpoints: [] },
    targets: [
      {
        job: 'engines',
        instance: engine.address,
        url: `${engine.url}/metrics`,
        labels: { instance: engine.address, job: 'engines' },
        health: 'up',
        lastError: '',
        lastScrapeMs: expect.any(Number),
        durationMs: expect.any(Number),
        samples: 1,
      },
    ],
  })
})

test('decisions pass through with their filter, and the gateway keeps the last word on what is wrong with it', async () => {
  await start()
  gateway.behave = json(200, { decisions: [] })
  expect(await getJson('/api/console/decisions?model=m&limit=5')).toEqual({ decisions: [] })
  await ask('/api/console/decisions/a%2Fb')
  expect(gateway.requests.map(({ url }) => url)).toEqual(['/debug/decisions?model=m&limit=5', '/debug/decisions/a%2Fb'])
  expect(gateway.requests.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`)).toBe(true)
  gateway.behave = json(400, { error: { message: 'limit is a number' } })
  const refused = await ask('/api/console/decisions?limit=x')
  expect([refused.status, await refused.json()]).toEqual([400, { error: { message: 'limit is a number' } }])
  gateway.behave = json(404, { error: { message: 'no such decision' } })
  expect((await ask('/api/console/decisions/x')).status).toBe(404)
})

test.each<[string, PageServer['behave'], RegExp]>([
  ['hangs', hang, /timed out after 2000 ms$/],
  ['refuses the token', json(401, {}), /refuses the monitor's token/],
  ['breaks', json(500, {}), /HTTP status 500/],
])('a gateway that %s is shown unreachable with a cause', async (_name, behave, words) => {
  await start()
  gateway.behave = behave
  expect(await getJson('/api/console/fleet')).toMatchObject({ gateway: { reachable: false, error: expect.stringMatching(words) } })
  const decisions = await ask('/api/console/decisions')
  expect([decisions.status, await decisions.json()]).toEqual([502, { error: { message: expect.stringMatching(words) } }])
})

test('a gateway that answers something else is not believed', async () => {
  await start()
  gateway.behave = page('hello')
  expect(await getJson('/api/console/fleet')).toMatchObject({ gateway: { reachable: false, error: expect.stringMatching(/not JSON/) } })
})

test('the dashboard looks at the model it is asked for', async () => {
  await start()
  const { panels } = (await getJson('/api/console/dashboard?model=m')) as unknown as { panels: PanelView[] }
  expect(panels).toHaveLength(8)
  expect(panels.every(({ queries }) => queries.every(({ expr }) => expr.includes('model_name="m"')))).toBe(true)
})

test('the dashboard, the questions and the models are those of the names that the store holds', async () => {
  engine.behave = page(
    '# TYPE sglang:num_running_reqs gauge\nsglang:num_running_reqs{model_name="s",tp_rank="0"} 3\n# TYPE signalbox_requests_total counter\nsignalbox_requests_total{model="s",outcome="ok"} 3\n',
  )
  await start()
  await eventually('a scrape', () => monitor.targets()[0]?.health === 'up')
  await eventually('the models', async () => (await getJson('/api/console/models'))['models']?.toString() === 's')
  const { panels } = (await getJson('/api/console/dashboard')) as unknown as { panels: PanelView[] }
  expect(panels.find(({ id }) => id === 'queue')?.queries[0]?.expr).toContain('sglang:num_running_reqs')
  expect(await getJson('/api/console/fleet')).toMatchObject({ questions: { outcomes: expect.stringContaining('signalbox_requests_total') } })
})

test('no token ever reaches the browser', async () => {
  await start()
  gateway.behave = json(401, { error: { message: 'no' } })
  await eventually('a scrape', () => monitor.targets()[0]?.health === 'up')
  const paths = ['/', '/metrics', '/-/ready', '/api/v1/targets', '/api/v1/metadata', '/api/v1/status/buildinfo', '/api/v1/query?query=up']
  for (const path of [
    ...paths,
    '/api/console/fleet',
    '/api/console/decisions',
    '/api/console/decisions/x',
    '/api/console/dashboard',
    '/missing.js',
  ]) {
    const response = await ask(path)
    const whole = `${JSON.stringify([...response.headers])}${await response.text()}`
    expect(whole, path).not.toContain(TOKEN)
    expect(whole, path).not.toContain(TARGET_TOKEN)
  }
  expect(gateway.requests.length).toBeGreaterThan(0)
  expect(engine.requests[0]?.headers.authorization).toBe(`Bearer ${TARGET_TOKEN}`)
})

test('serves the console and its own metrics', async () => {
  await start()
  const index = await ask('/requests/some-id')
  expect(index.headers.get('content-security-policy')).toContain("default-src 'self'")
  expect(index.headers.get('x-content-type-options')).toBe('nosniff')
  expect(await index.text()).toBe('<title>console</title>')
  await getJson('/api/v1/query?query=up')
  await eventually('samples', async () => /^signalbox_monitor_samples_total [1-9]/m.test(await (await ask('/metrics')).text()))
  const metrics = await (await ask('/metrics')).text()
  for (const name of ['signalbox_monitor_series ', 'signalbox_monitor_query_duration_seconds_count ', 'process_cpu_seconds_total ']) {
    expect(metrics).toContain(`\n${name}`)
  }
})

test('targets can be replaced while it runs', async () => {
  await start()
  await eventually('a scrape', () => monitor.targets()[0]?.health === 'up')
  monitor.setTargets([])
  expect(monitor.targets()).toEqual([])
  await eventually('the end of the series', async () => {
    const { data } = (await getJson('/api/v1/query?query=up')) as { data: { result: unknown[] } }
    return data.result.length === 0
  })
})

test('an address that is taken is an error that names the port, with nothing left running', async () => {
  await start()
  await expect(
    startMonitor(
      { host: '127.0.0.1', port: monitor.port, targets: [], demo: { simulatedEngines: 0, traffic: false }, version: '', workerUrl: bundle.url },
      { clock: systemClock, log: () => {} },
    ),
  ).rejects.toThrow(`port ${monitor.port} on 127.0.0.1 is taken`)
})

test('keeps samples in its folder from one start to the next, and nobody else may have it meanwhile', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'signalbox-monitor-data-'))
  await start({ dataFolder })
  const stored = async () => {
    const { data } = (await getJson(`/api/v1/query?query=${encodeURIComponent('count_over_time(up[1h])')}`)) as {
      data: { result: { value: [number, string] }[] }
    }
    return Number(data.result[0]?.value[1] ?? 0)
  }
  const before = await eventually('two scrapes', async () => (await stored()) >= 2 && stored())
  const pageOf = async () => (await ask('/metrics')).text()
  await eventually('the state of the disk', async () => /^signalbox_monitor_store_sync_age_seconds /m.test(await pageOf()))
  expect(await pageOf()).toMatch(/^signalbox_monitor_store_disk_bytes [1-9]\d*\n(.*\n)*signalbox_monitor_store_memory_only 0$/m)
  await expect(startMonitor({ ...configOf({ dataFolder }), port: 0 }, { clock: systemClock, log: () => {} })).rejects.toThrow(
    new MonitorStartError('store', `${dataFolder} is in use by process ${process.pid}`),
  )

  await monitor.close()
  engine.behave = hang
  await start({ dataFolder, scrapeIntervalMs: 3_600_000 })
  expect(await stored()).toBeGreaterThanOrEqual(before)
  await monitor.close()

  // A log that is none: the store goes on without it, and says so.
  await writeFile(join(dataFolder, (await readdir(dataFolder)).filter((name) => name.endsWith('.wal')).sort()[0] as string), 'not a log')
  await start({ dataFolder })
  expect(await getJson('/api/console/fleet')).toMatchObject({ storeProblem: expect.stringContaining('cannot be read') })
  expect(log).toContainEqual(expect.stringMatching(/^the store is damaged: what follows there is lost: \d+\.wal/))
  expect(await pageOf()).toContain('signalbox_monitor_store_damage{what="file"} 1')
  await rm(dataFolder, { recursive: true })
})

test('a store in memory has no disk to measure', async () => {
  await start()
  await eventually('a scrape', () => monitor.targets()[0]?.health === 'up')
  expect(await (await ask('/metrics')).text()).not.toContain('signalbox_monitor_store_disk')
})

test('a folder that cannot be is named, and nothing is left running', async () => {
  await start()
  const failing = startMonitor(configOf({ dataFolder: '/dev/null/x' }), { clock: systemClock, log: () => {} })
  await expect(failing).rejects.toThrow(expect.objectContaining({ part: 'store', message: expect.stringContaining('/dev/null/x') }))
})
