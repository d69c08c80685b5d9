import { gzipSync } from 'node:zlib'
import { HttpClient, systemClock } from '@signalbox/node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ExemplarStore } from '../src/exemplar-store.ts'
import { RecordingStore } from '../src/recording-store.case.ts'
import { type ScrapeLimits, scrapeLimitsDefault } from '../src/scrape-loop.ts'
import type { TargetConfig } from '../src/target.ts'
import { TargetSet } from '../src/target-set.ts'
import { eventually } from './deadline.ts'
import { hang, PageServer, page } from './page-server.ts'

const LIMITS: ScrapeLimits = { ...scrapeLimitsDefault, intervalMs: 200, timeoutMs: 200, bodyBytesMax: 100_000, samplesMax: 500 }

let store: RecordingStore
let client: HttpClient
let set: TargetSet
let causes: string[]
let log: string[]
let servers: PageServer[]

beforeEach(() => {
  store = new RecordingStore()
  client = new HttpClient()
  causes = []
  log = []
  servers = []
})

afterEach(async () => {
  set.stop()
  client.close()
  await Promise.all(servers.map((server) => server.close()))
})

async function serve(behave: PageServer['behave']): Promise<PageServer> {
  const server = await PageServer.start(behave)
  servers.push(server)
  return server
}

function targetOf(server: PageServer, more: Partial<TargetConfig> = {}): TargetConfig {
  return { job: 'engines', url: `${server.url}/metrics`, instance: server.address, ...more }
}

function scrape(targets: readonly TargetConfig[], limits: Partial<ScrapeLimits> = {}): void {
  set = new TargetSet(
    { ...LIMITS, ...limits },
    {
      store,
      exemplars: new ExemplarStore(),
      get: client.get,
      clock: systemClock,
      log: (_level, message) => log.push(message),
      failed: (cause) => causes.push(cause),
      ahead: (samples) => causes.push(`${samples} ahead`),
    },
  )
  set.set(targets)
}

const view = (index = 0) => set.views()[index]
const down = (words: RegExp, index = 0) =>
  eventually(`target down: ${words}`, () => view(index)?.health === 'down' && words.test(view(index)?.lastError ?? ''))
const lines = () => store.commits.flat()

test('a good page arrives on the grid, with the labels of its target and the samples about the scrape', async () => {
  const server = await serve(page('# TYPE a counter\n# HELP a Things.\na_total{x="1"} 2\n'))
  scrape([targetOf(server, { bearerToken: 'secret', labels: { zone: 'b' } })])
  await eventually('three scrapes', () => store.commits.length >= 3)
  expect(view()).toMatchObject({ job: 'engines', instance: server.address, health: 'up', lastError: '', samples: 1 })
  const labels = `instance=${server.address},job=engines`
  for (const name of ['up', 'scrape_duration_seconds', 'scrape_samples_scraped']) {
    expect(store.commits[0]?.some((line) => line.startsWith(`${name}{${labels},zone=b} `))).toBe(true)
  }
  expect(lines().some((line) => line.startsWith(`a_total{${labels},x=1,zone=b} 2 @`))).toBe(true)
  expect(set.metadata().get('a')).toEqual([{ type: 'counter', help: 'Things.' }])
  const [request] = server.requests
  expect(request?.headers).toMatchObject({ authorization: 'Bearer secret', 'accept-encoding': 'gzip', 'x-prometheus-scrape-timeout-seconds': '0.2' })
  expect(request?.headers.accept).toMatch(/^application\/openmetrics-text;version=1\.0\.0/)
})

test('no two samples of a series have the same time', async () => {
  const server = await serve(page('a 1\n'))
  scrape([targetOf(server)], { intervalMs: 20, timeoutMs: 20 })
  await eventually('twenty scrapes', () => store.commits.length >= 20)
  const times = lines()
    .filter((line) => line.startsWith('up{'))
    .map((line) => Number(line.split('@')[1]))
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
})

test('a page in gzip and a page in OpenMetrics are read like any other', async () => {
  const zipped = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(gzipSync('a 1\n'))
  })
  const open = await serve((_request, response) => {
    response
      .writeHead(200, { 'content-type': 'application/openmetrics-text; version=1.0.0' })
      .end('# TYPE b counter\nb_total 1 # {id="x"} 1\n# EOF\n')
  })
  scrape([targetOf(zipped), targetOf(open)])
  await eventually('both up', () => set.views().every(({ health, samples }) => health === 'up' && samples === 1))
})

test('a series that vanishes from the page ends with a stale marker', async () => {
  const server = await serve(page('a 1\nb 1\n'))
  scrape([targetOf(server)])
  await eventually('b', () => lines().some((line) => line.startsWith('b{')))
  server.behave = page('a 1\n')
  await eventually('the end of b', () => lines().some((line) => /^b\{.*\} stale @/.test(line)))
  expect(lines().some((line) => /^a\{.*\} stale @/.test(line))).toBe(false)
})

test('a failing page ends all its series, is down with the cause, and recovers by itself', async () => {
  const server = await serve(page('a 1\n'))
  scrape([targetOf(server)])
  await eventually('up', () => view()?.health === 'up')
  server.behave = (_request, response) => response.writeHead(500).end('broken')
  await down(/^HTTP status 500$/)
  expect(lines().some((line) => /^a\{.*\} stale @/.test(line))).toBe(true)
  expect(lines().some((line) => /^up\{.*\} 0 @/.test(line))).toBe(true)
  expect(causes).toContain('http-status')
  server.behave = page('a 1\n')
  await eventually('up again', () => view()?.health === 'up')
  expect(log).toEqual(['scrape failed: HTTP status 500', 'scrape works again'])
})

test.each<[string, PageServer['behave'], RegExp, string]>([
  ['garbage', page('<!doctype html><title>login</title>'), /^not a metrics page: line 1, column 1: /, 'bad-page'],
  ['half a page', page('a 1\nb{x="1"'), /^not a metrics page: line 2/, 'bad-page'],
  ['a page that never answers', hang, /^timed out after 200 ms$/, 'timeout'],
  ['a body that is too large', page('# padding padding padding\n'.repeat(10_000)), /more than 100000 bytes/, 'too-large'],
  [
    'a label explosion',
    page(Array.from({ length: 501 }, (_, i) => `a{id="${i}"} 1\n`).join('')),
    /^501 samples on the page, the limit is 500$/,
    'sample-limit',
  ],
  ['a wrong token', (_request, response) => response.writeHead(401).end(), /^HTTP status 401 \(the target wants a token\)$/, 'http-status'],
  ['a closed door', (request) => request.socket.destroy(), /connection/, 'unreachable'],
])('with %s its target is down in words, and the other one is left alone', async (_name, behave, words, cause) => {
  const bad = await serve(behave)
  const good = await serve(page('a 1\n'))
  scrape([targetOf(bad), targetOf(good)])
  await down(words)
  const before = good.requests.length
  await eventually('more scrapes of the good one', () => good.requests.length >= before + 3)
  expect(view(1)).toMatchObject({ health: 'up', samples: 1 })
  expect(lines().filter((line) => line.includes(bad.address) && line.startsWith('a{'))).toEqual([])
  expect(lines().some((line) => line.startsWith('a{') && line.includes(good.address) && line.includes('stale'))).toBe(false)
  expect(causes).toContain(cause)
})

test('a removed target ends its series, is asked no more, and leaves the others undisturbed', async () => {
  const one = await serve(page('a 1\n'))
  const two = await serve(page('b 1\n'))
  scrape([targetOf(one), targetOf(two)])
  await eventually('both up', () => set.views().every(({ health }) => health === 'up'))
  expect(set.roundDone).toBe(true)
  set.set([targetOf(two)])
  const asked = one.requests.length
  expect(
    store
      .last()
      .filter((line) => line.includes('stale'))
      .map((line) => line.split('{')[0]),
  ).toEqual(['a', 'up'])
  const commits = store.commits.length
  await eventually('more scrapes of the other', () => store.commits.length >= commits + 3)
  expect(one.requests.length).toBe(asked)
  expect(set.views().map(({ instance }) => instance)).toEqual([two.address])
  expect(lines().some((line) => line.startsWith('b{') && line.includes('stale'))).toBe(false)
})

test('a second target with the labels of the first is left out with a line in the log', async () => {
  const server = await serve(page('a 1\n'))
  scrape([targetOf(server), targetOf(server, { url: `${server.url}/other` })])
  expect(set.views()).toHaveLength(1)
  expect(log).toEqual(['target left out: another one has the same labels'])
})

test('a page that the store does not take says nothing against its target', async () => {
  const server = await serve(page('a 1\n'))
  store.takes = false
  scrape([targetOf(server)])
  await eventually('the word of the store', () => view()?.lastError === 'the store does not take samples at the moment')
  expect(view()?.health).toBe('up')
  expect(causes).toContain('store')
})

test('nothing is asked of the targets before the store is up', async () => {
  const early = await serve(page('a 1\n'))
  store.up = false
  scrape([targetOf(early)], { intervalMs: 20, timeoutMs: 20 })
  const other = new TargetSet(
    { ...LIMITS, intervalMs: 20, timeoutMs: 200 },
    {
      store: new RecordingStore(),
      exemplars: new ExemplarStore(),
      get: client.get,
      clock: systemClock,
      log: () => {},
      failed: () => {},
      ahead: () => {},
    },
  )
  const late = await serve(page('a 1\n'))
  other.set([targetOf(late)])
  await eventually('many intervals', () => late.requests.length >= 10)
  other.stop()
  expect(early.requests).toEqual([])
  expect(view()?.health).toBe('unknown')
  store.up = true
  await eventually('the first scrape', () => early.requests.length > 0)
})

test('samples too far in the future are counted, and the rest of the page is kept', async () => {
  const server = await serve(page(`a 1\nb 1 ${Date.now() + 3_600_000}\n`))
  scrape([targetOf(server)])
  await eventually('a scrape', () => view()?.health === 'up')
  expect(causes).toContain('1 ahead')
  expect(lines().some((line) => line.startsWith('a{'))).toBe(true)
  expect(lines().some((line) => line.startsWith('b{'))).toBe(false)
})
