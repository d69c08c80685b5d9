import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from './deadline.ts'
import { type Harness, startHarness } from './monitor-harness.ts'
import { bundleWorker, DEADLY_SERIES, type WorkerBundle } from './worker-bundle.ts'

const T0 = 1_700_000_000_000
const S0 = T0 / 1000

let bundle: WorkerBundle
let harness: Harness

beforeAll(async () => {
  bundle = await bundleWorker()
  harness = await startHarness(bundle.mortalUrl)
  fill()
})

afterAll(async () => {
  await harness.close()
  await bundle.remove()
})

function fill(): void {
  const count = Array.from({ length: 61 }, (_, i) => i * 2)
  harness.fill({ __name__: 'requests_total', job: 'a', code: '200' }, T0, count)
  harness.fill({ __name__: 'requests_total', job: 'b', code: '500' }, T0, count)
  harness.fill({ __name__: 'temperature', job: 'a', place: 'top "rack"' }, T0, [1.5, Number.NaN, Infinity])
}

async function get(path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${harness.url}/api/v1/${path}`, init)
  return { status: response.status, body: await response.json() }
}

const query = (expr: string, more: Record<string, string> = {}) =>
  `query?${new URLSearchParams({ query: expr, time: String(S0 + 60), ...more }).toString()}`
const range = (expr: string, more: Record<string, string> = {}) =>
  `query_range?${new URLSearchParams({ query: expr, start: String(S0), end: String(S0 + 4), step: '2', ...more }).toString()}`

const bad = (error: string) => ({ status: 400, body: { status: 'error', errorType: 'bad_data', error } })

describe('answers', () => {
  test('an instant query over series is a vector', async () => {
    expect(await get(query('requests_total{job="a"}'))).toEqual({
      status: 200,
      body: {
        status: 'success',
        data: { resultType: 'vector', result: [{ metric: { __name__: 'requests_total', code: '200', job: 'a' }, value: [S0 + 60, '120'] }] },
      },
    })
  })

  test('special values are strings too', async () => {
    const answer = await get(query('temperature', { time: String(S0 + 2) }))
    expect(answer.body).toMatchObject({ data: { result: [{ metric: { place: 'top "rack"' }, value: [S0 + 2, '+Inf'] }] } })
    expect((await get(query('1/3'))).body).toEqual({ status: 'success', data: { resultType: 'scalar', result: [S0 + 60, '0.3333333333333333'] } })
    expect((await get(query('"x"'))).body).toEqual({ status: 'success', data: { resultType: 'string', result: [S0 + 60, 'x'] } })
  })

  test('an instant query may answer a matrix', async () => {
    expect((await get(query('requests_total{job="a"}[2s]'))).body).toMatchObject({
      data: {
        resultType: 'matrix',
        result: [
          {
            values: [
              [S0 + 59, '118'],
              [S0 + 60, '120'],
            ],
          },
        ],
      },
    })
  })

  test('a range query is a matrix on its steps', async () => {
    expect(await get(range('sum(requests_total)'))).toEqual({
      status: 200,
      body: {
        status: 'success',
        data: {
          resultType: 'matrix',
          result: [
            {
              metric: {},
              values: [
                [S0, '0'],
                [S0 + 2, '8'],
                [S0 + 4, '16'],
              ],
            },
          ],
        },
      },
    })
  })

  test('a posted form is the same question', async () => {
    const body = new URLSearchParams({ query: 'count(requests_total)', time: new Date(T0 + 60_000).toISOString() })
    expect((await get('query', { method: 'POST', body })).body).toMatchObject({ data: { result: [{ value: [S0 + 60, '2'] }] } })
  })

  test('series, label names and label values, with and without selectors', async () => {
    expect((await get('series?match[]=requests_total{job="b"}&match[]=temperature')).body).toEqual({
      status: 'success',
      data: [
        { __name__: 'requests_total', code: '500', job: 'b' },
        { __name__: 'temperature', job: 'a', place: 'top "rack"' },
      ],
    })
    expect((await get('labels')).body).toEqual({ status: 'success', data: ['__name__', 'code', 'job', 'place'] })
    expect((await get('labels?match[]=requests_total')).body).toEqual({ status: 'success', data: ['__name__', 'code', 'job'] })
    expect((await get('label/job/values')).body).toEqual({ status: 'success', data: ['a', 'b'] })
    expect((await get('label/job/values?match[]=temperature')).body).toEqual({ status: 'success', data: ['a'] })
    expect((await get('label/nothing/values')).body).toEqual({ status: 'success', data: [] })
    expect((await get(`label/job/values?start=${S0 + 3600}`)).body).toEqual({ status: 'success', data: [] })
  })

  test('a limit cuts the answer and says so', async () => {
    expect((await get('label/job/values?limit=1')).body).toEqual({ status: 'success', data: ['a'], warnings: ['results truncated due to limit'] })
    const answer = (await get(query('requests_total', { limit: '1' }))).body as { data: { result: unknown[] }; warnings: string[] }
    expect(answer.data.result).toHaveLength(1)
    expect(answer.warnings).toEqual(['results truncated due to limit'])
  })

  test('what the evaluation has to note comes along', async () => {
    const answer = (await get(query('rate(temperature[10s])', { time: String(S0 + 2) }))).body as { infos: string[] }
    expect(answer.infos[0]).toMatch(/metric might not be a counter/)
  })

  test('targets, metadata and build information have the shape that clients expect', async () => {
    expect((await get('targets')).body).toEqual({ status: 'success', data: { activeTargets: [], droppedTargets: [], droppedTargetCounts: {} } })
    expect((await get('metadata')).body).toEqual({ status: 'success', data: {} })
    expect((await get('status/buildinfo')).body).toMatchObject({
      status: 'success',
      data: { version: expect.stringMatching(/^3\./), revision: 'signalbox-0.1.0' },
    })
  })

  test('statistics come where they are asked for, as the last member of the data', async () => {
    const plain = (await get(query('sum(requests_total)'))).body as { data: object }
    const { data } = (await get(query('sum(requests_total)', { stats: 'all' }))).body as { data: { stats: unknown } }
    expect(plain.data).not.toHaveProperty('stats')
    expect(data).toMatchObject({ ...plain.data, stats: { samples: { peakSamples: 122 } } })
    expect(data.stats).toHaveProperty('timings.execTotalTime', expect.any(Number))
    expect((await get(range('requests_total', { stats: 'true' }))).body).toHaveProperty('data.stats.timings.queryPreparationTime')
  })

  test('an expression is parsed and formatted', async () => {
    expect((await get('parse_query?query=-1')).body).toEqual({ status: 'success', data: { type: 'numberLiteral', val: '-1' } })
    const body = new URLSearchParams({ query: 'sum(up)by(job)' })
    expect((await get('format_query', { method: 'POST', body })).body).toEqual({ status: 'success', data: 'sum by (job) (up)' })
  })

  test('what the store holds is counted', async () => {
    await eventually("the store's next numbers", () => harness.store.stats().newestMs === T0 + 60_000)
    const { data } = (await get('status/tsdb?limit=1')).body as { data: Record<string, unknown> }
    expect(data).toEqual({
      headStats: { numSeries: 3, numLabelPairs: 7, minTime: T0, maxTime: T0 + 60_000 },
      seriesCountByMetricName: [{ name: 'requests_total', value: 2 }],
      labelValueCountByLabelName: [{ name: '__name__', value: 2 }],
      memoryInBytesByLabelName: [{ name: '__name__', value: 39 }],
      seriesCountByLabelValuePair: [{ name: '__name__=requests_total', value: 2 }],
    })
  })

  test('the run is described without the machine', async () => {
    const { data } = (await get('status/runtimeinfo')).body as { data: Record<string, string> }
    expect(Object.keys(data)).toEqual(['startTime', 'serverTime', 'storageRetention'])
    expect(Date.parse(data['startTime']!)).toBeLessThanOrEqual(Date.parse(data['serverTime']!))
    expect(data['storageRetention']).toBe('1h')
  })

  test('pages of other sites may ask', async () => {
    const asked = await fetch(`${harness.url}/api/v1/query`, { method: 'OPTIONS' })
    expect([asked.status, asked.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, HEAD, POST'])
    expect((await fetch(`${harness.url}/api/v1/labels`)).headers.get('access-control-allow-origin')).toBe('*')
    expect((await fetch(`${harness.url}/api/console/fleet`)).headers.get('access-control-allow-origin')).toBeNull()
  })

  test('a large answer is compressed for those who take it, and HEAD has no body', async () => {
    const url = `${harness.url}/api/v1/${range('requests_total', { end: String(S0 + 60), step: '1' })}`
    const zipped = await fetch(url, { headers: { 'accept-encoding': 'gzip' } })
    expect(zipped.headers.get('content-encoding')).toBe('gzip')
    const plain = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(await zipped.json()).toEqual(await plain.json())
    const head = await fetch(url, { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(await head.text()).toBe('')
  })
})

describe('refusals', () => {
  test.each([
    [range('up', { start: 'x' }), 'invalid parameter "start": cannot parse "x" to a valid timestamp'],
    [range('up', { end: '' }), 'invalid parameter "end": cannot parse "" to a valid timestamp'],
    [range('up', { end: '0' }), 'invalid parameter "end": end timestamp must not be before start time'],
    [range('up', { step: 'x' }), 'invalid parameter "step": cannot parse "x" to a valid duration'],
    [range('up', { step: '0' }), 'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer'],
    [
      range('up', { end: String(S0 + 11_001), step: '1' }),
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    ],
    [query('up', { time: 'x' }), 'invalid parameter "time": cannot parse "x" to a valid timestamp'],
    [query('up', { timeout: 'x' }), 'invalid parameter "timeout": cannot parse "x" to a valid duration'],
    [query('up', { limit: '-1' }), 'invalid parameter "limit": limit must be non-negative'],
    [query('up', { lookback_delta: 'x' }), 'error parsing lookback delta duration: cannot parse "x" to a valid duration'],
    ['series', 'no match[] parameter provided'],
    ['labels?start=x', `invalid parameter "start": Invalid time value for 'start': cannot parse "x" to a valid timestamp`],
    ['metadata?limit=x', 'limit must be a number'],
    ['metadata?limit_per_metric=x', 'limit_per_metric must be a number'],
    ['status/tsdb?limit=0', 'limit must be a positive number'],
    ['status/tsdb?limit=10001', 'limit must not exceed 10000'],
    ['parse_query?query=sum(', 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis'],
    ['format_query?query=1%2B', 'invalid parameter "query": 1:3: parse error: unexpected end of input'],
    ['label/%E0%A4%A/values', 'invalid label name: "%E0%A4%A"'],
  ])('%s is bad data in the words that clients know', async (path, error) => {
    expect(await get(path)).toEqual(bad(error))
  })

  test('a wrong expression is bad data, with its position', async () => {
    const { status, body } = await get(query('sum(up'))
    expect(status).toBe(400)
    expect(body).toMatchObject({ errorType: 'bad_data', error: expect.stringMatching(/^invalid parameter "query": 1:\d+: parse error: /) })
    expect((await get('series?match[]=sum(up)')).body).toMatchObject({ error: expect.stringMatching(/^invalid parameter "match\[\]": /) })
    expect((await get(range('up[5m]'))).body).toEqual(
      bad('invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector').body,
    )
  })

  test('an expression that cannot be evaluated is an execution error', async () => {
    const { status, body } = await get(query('label_replace(requests_total, "code", "", "", "") + on () temperature'))
    expect(status).toBe(422)
    expect(body).toMatchObject({ status: 'error', errorType: 'execution' })
  })

  test('a timeout is 503', async () => {
    const { status, body } = await get(query('up', { timeout: '0' }))
    expect(status).toBe(503)
    expect(body).toEqual({ status: 'error', errorType: 'timeout', error: 'query timed out in expression evaluation' })
  })

  test('unknown paths, methods and forms have their own answers', async () => {
    const missing = await fetch(`${harness.url}/api/v1/rules/test/test`)
    expect([missing.status, await missing.text()]).toEqual([404, '404 page not found\n'])
    const refused = await fetch(`${harness.url}/api/v1/query`, { method: 'DELETE' })
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
    for (const path of ['targets', 'metadata', 'label/job/values', 'status/tsdb']) {
      const posted = await fetch(`${harness.url}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams() })
      expect([path, posted.status, posted.headers.get('allow')]).toEqual([path, 405, 'GET, HEAD'])
    }
    expect((await fetch(`${harness.url}/api/v1/nothing`, { method: 'POST', body: new URLSearchParams() })).status).toBe(404)
    expect((await fetch(`${harness.url}/api/console/fleet`, { method: 'POST' })).status).toBe(405)
    expect((await fetch(`${harness.url}/api/v1/query`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).status).toBe(
      415,
    )
    const long = new URLSearchParams({ query: 'x'.repeat(20_000_000) })
    expect((await fetch(`${harness.url}/api/v1/query`, { method: 'POST', body: long })).status).toBe(413)
  })
})

describe('experimental PromQL', () => {
  const refusal = bad(
    'invalid parameter "query": 1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions',
  )

  test.each([query('limitk(1, requests_total)'), 'parse_query?query=limitk(1,up)', 'format_query?query=limitk(1,up)'])(
    'is refused in the words of the parser where it is off: %s',
    async (path) => expect(await get(path)).toEqual(refusal),
  )

  test('is answered, parsed and formatted where it is on', async () => {
    const willing = await startHarness(bundle.url, { experimental: true })
    try {
      for (const job of ['a', 'b']) willing.fill({ __name__: 'up', job }, T0, [1])
      const answer = async (path: string): Promise<unknown> => (await fetch(`${willing.url}/api/v1/${path}`)).json()
      expect(await answer(query('count(limitk(1, up))'))).toMatchObject({ data: { result: [{ value: [S0 + 60, '1'] }] } })
      expect(await answer('format_query?query=limitk(1,up)')).toEqual({ status: 'success', data: 'limitk(1, up)' })
      expect(await answer('parse_query?query=limitk(1,up)')).toMatchObject({ data: { type: 'aggregation', op: 'limitk' } })
    } finally {
      await willing.close()
    }
  })
})

test('while the store restarts queries are 503 and the monitor is not ready', async () => {
  harness.fill({ __name__: DEADLY_SERIES }, T0, [1])
  expect(await get(query('up'))).toEqual({ status: 503, body: { status: 'error', errorType: 'unavailable', error: 'the store is restarting' } })
  await eventually('the end of the worker', () => !harness.store.up)
  expect((await fetch(`${harness.url}/api/v1/query?query=up`)).headers.get('retry-after')).toBe('2')
  const ready = await fetch(`${harness.url}/-/ready`)
  expect([ready.status, await ready.text()]).toEqual([503, 'Signalbox monitor is not ready: the store is starting.\n'])
  expect((await fetch(`${harness.url}/-/healthy`)).status).toBe(200)
  await eventually('the next worker', () => harness.store.up)
  fill()
  expect((await get(query('count(requests_total)'))).body).toMatchObject({ data: { result: [{ value: [S0 + 60, '2'] }] } })
})
