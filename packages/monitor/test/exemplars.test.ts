import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './deadline.ts'
import { type Harness, startHarness } from './monitor-harness.ts'
import { PageServer } from './page-server.ts'
import { bundleWorker, type WorkerBundle } from './worker-bundle.ts'

const nowS = Math.floor(Date.now() / 1000)
const PAGE = `# TYPE latency histogram
latency_bucket{le="1.0"} 3 # {trace_id="a"} 0.5 ${nowS - 20}.25
latency_bucket{le="+Inf"} 4 # {trace_id="b"} 7 ${nowS - 10}
latency_count 4
latency_sum 9
# TYPE done counter
done_total 1 # {trace_id="no time"} +Inf
broken_total 1 # {trace_id=
ahead_total 1 # {trace_id="c"} 1 ${nowS + 3600}
# EOF
`

let bundle: WorkerBundle
let harness: Harness
let server: PageServer

beforeAll(async () => {
  bundle = await bundleWorker()
  harness = await startHarness(bundle.url)
  server = await PageServer.start((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8' }).end(PAGE)
  })
  harness.targets.set([{ job: 'shop', instance: 'shop-1', url: `${server.url}/metrics` }])
  await eventually('two scrapes', () => server.requests.length >= 2 && harness.targets.views()[0]?.health === 'up')
})

afterAll(async () => {
  await harness.close()
  await server.close()
  await bundle.remove()
})

async function exemplars(parameters: Record<string, string>, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${harness.url}/api/v1/query_exemplars?${new URLSearchParams(parameters).toString()}`, init)
  return { status: response.status, body: await response.json() }
}

const labels = { instance: 'shop-1', job: 'shop' }

test('what scraped pages bring is answered once, for every series that the expression selects', async () => {
  const { status, body } = await exemplars({ query: 'histogram_quantile(0.9, rate(latency_bucket[5m]))' })
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      status: 'success',
      data: [
        {
          seriesLabels: { __name__: 'latency_bucket', le: '+Inf', ...labels },
          exemplars: [{ labels: { trace_id: 'b' }, value: '7', timestamp: nowS - 10 }],
        },
        {
          seriesLabels: { __name__: 'latency_bucket', le: '1.0', ...labels },
          exemplars: [{ labels: { trace_id: 'a' }, value: '0.5', timestamp: nowS - 19.75 }],
        },
      ],
    },
  })
})

test('start and end bound the time, and a form is the same question', async () => {
  const body = new URLSearchParams({ query: 'latency_bucket', start: String(nowS - 15), end: String(nowS) })
  expect((await exemplars({}, { method: 'POST', body })).body).toMatchObject({ data: [{ exemplars: [{ value: '7' }] }] })
  expect((await exemplars({ query: 'latency_bucket', end: String(nowS - 30) })).body).toEqual({ status: 'success', data: [] })
})

test('one without a time has that of its scrape; one that is malformed or an hour ahead is left out, and its page is not', async () => {
  const answer = (await exemplars({ query: 'done_total' })).body as { data: { exemplars: { value: string; timestamp: number }[] }[] }
  expect(answer.data).toHaveLength(1)
  expect(answer.data[0]!.exemplars).toEqual([{ labels: { trace_id: 'no time' }, value: '+Inf', timestamp: expect.any(Number) }])
  expect(Math.abs(answer.data[0]!.exemplars[0]!.timestamp - nowS)).toBeLessThan(120)
  expect((await exemplars({ query: 'broken_total or ahead_total' })).body).toEqual({ status: 'success', data: [] })
  expect(harness.targets.views()[0]).toMatchObject({ health: 'up', samples: 7 })
})

test.each([
  [{ query: 'sum(' }, '1:5: parse error: unclosed left parenthesis'],
  [{ query: 'up', start: 'x' }, `invalid parameter "start": Invalid time value for 'start': cannot parse "x" to a valid timestamp`],
  [{ query: 'up', start: '2', end: '1' }, 'invalid parameter "end": end timestamp must not be before start timestamp'],
  [{ query: 'limitk(1, up)' }, '1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions'],
])('%j is bad data: %s', async (parameters, error) => {
  expect(await exemplars(parameters)).toEqual({ status: 400, body: { status: 'error', errorType: 'bad_data', error } })
})

test('an expression without selectors has none', async () => {
  expect((await exemplars({ query: '1 + 1' })).body).toEqual({ status: 'success', data: [] })
})
