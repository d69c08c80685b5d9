import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type SentSeries, writeBody, writeHeaders } from '../src/remote-write/encoded-request.case.ts'
import { eventually } from './deadline.ts'
import { type Harness, startHarness } from './monitor-harness.ts'
import { bundleWorker, DEADLY_SERIES, type WorkerBundle } from './worker-bundle.ts'

const NOW = Date.now()
const STALE = new Float64Array(new BigUint64Array([0x7ff0000000000002n]).buffer)[0]!

let bundle: WorkerBundle
let harness: Harness
let round = 0

beforeAll(async () => {
  bundle = await bundleWorker()
  harness = await startHarness(bundle.mortalUrl)
})

beforeEach(() => {
  round += 1
})

afterAll(async () => {
  await harness.close()
  await bundle.remove()
})

/** Samples so many seconds ago; series of each test have a name of their own. */
const series = (labels: Readonly<Record<string, string>>, samples: readonly (readonly [agoSeconds: number, value: number])[]): SentSeries => ({
  labels: Object.entries({ __name__: `w${round}`, ...labels }),
  timestampsMs: Float64Array.from(samples, ([ago]) => NOW - ago * 1_000),
  values: Float64Array.from(samples, ([, value]) => value),
})

async function post(
  body: Uint8Array<ArrayBuffer> | Blob,
  headers: Readonly<Record<string, string>> = writeHeaders,
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${harness.url}/api/v1/write`, { method: 'POST', body, headers })
  return { status: response.status, text: (await response.text()).trimEnd() }
}

const write = (...all: SentSeries[]) => post(writeBody(all))

async function values(query: string): Promise<unknown> {
  const response = await fetch(`${harness.url}/api/v1/query?${new URLSearchParams({ query, time: String(NOW / 1000) }).toString()}`)
  const { data } = (await response.json()) as { data: { result: { metric: unknown; value?: [number, string]; values?: [number, string][] }[] } }
  return data.result.map(({ value, values: all }) => value?.[1] ?? all?.map(([, one]) => one))
}

describe('samples of a sender', () => {
  test('are there for the next query, and the newest may come again', async () => {
    const earlier = series({ job: 'a' }, [[20, 1]])
    const batch = [series({ job: 'a' }, [[10, 2]]), series({ job: 'b' }, [[10, 5]])]
    expect(await write(earlier, ...batch)).toEqual({ status: 204, text: '' })
    expect(await write(...batch)).toEqual({ status: 204, text: '' })
    expect(await values(`w${round}{job="a"}[1m]`)).toEqual([['1', '2']])
    expect(await values(`sum(w${round})`)).toEqual(['7'])
  })

  test('end with a stale marker', async () => {
    expect((await write(series({}, [[20, 1]]))).status).toBe(204)
    expect((await write(series({}, [[10, STALE]]))).status).toBe(204)
    expect(await values(`w${round}`)).toEqual([])
    expect(await values(`w${round} offset 15s`)).toEqual(['1'])
  })

  test('that cannot be kept are counted in words, and the others are kept', async () => {
    await write(
      series({}, [
        [60, 1],
        [30, 2],
      ]),
    )
    const answer = await write(
      series({}, [
        [400, 9],
        [30, 3],
        [20, 4],
        [-3_600, 5],
      ]),
      series({ b: 'x', a: 'y' }, [[10, 1]]),
      series({ ok: 'x' }, [[10, 6]]),
    )
    expect(answer.status).toBe(400)
    expect(answer.text).toBe(
      'invalid labels in 1 series, the first time because the labels are not sorted: "a" stands after "b"; 1 samples are more than 10 minutes ahead ' +
        'of the clock; out of order sample: 1 are older than what their series hold; duplicate sample for timestamp: 1 have another value than what ' +
        'is stored; 2 samples are stored',
    )
    expect(await values(`w${round}`)).toEqual(['4', '6'])
  })
})

describe('what is not remote write 1.0', () => {
  const body = () => writeBody([series({}, [[10, 1]])])

  test.each([
    ['no type', { 'content-encoding': 'snappy' }, 'remote write is application/x-protobuf'],
    ['another type', { ...writeHeaders, 'content-type': 'application/json' }, 'remote write is application/x-protobuf'],
    [
      'version 2.0',
      { ...writeHeaders, 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' },
      'remote write 1.0 (proto=prometheus.WriteRequest) is what is understood here',
    ],
    ['another encoding', { ...writeHeaders, 'content-encoding': 'gzip' }, 'remote write is sent with content-encoding snappy'],
  ])('%s is 415', async (_what, headers, text) => {
    expect(await post(new Blob([body()]), headers)).toEqual({ status: 415, text })
  })

  test('the name of the 1.0 message may be given', async () => {
    expect((await post(body(), { ...writeHeaders, 'content-type': 'application/x-protobuf; proto=prometheus.WriteRequest' })).status).toBe(204)
  })

  test('bytes that are no block or no message are 400', async () => {
    expect(await post(Uint8Array.of(5, 1, 2))).toEqual({ status: 400, text: 'the body is not a snappy block' })
    expect((await post(Uint8Array.of(2, 4, 0, 0))).text).toBe('the body is not a remote write 1.0 message: a field has number 0')
  })

  test('bodies over a limit are 413, by their length or by what their header says', async () => {
    expect((await post(new Uint8Array(33 * 1024 * 1024))).status).toBe(413)
    expect(await post(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f))).toEqual({
      status: 413,
      text: 'the body is 4294967295 bytes once decompressed, the limit is 67108864',
    })
  })

  test('only POST is allowed', async () => {
    const response = await fetch(`${harness.url}/api/v1/write`)
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
  })
})

test('while the store restarts writes are 503, and then series are opened anew', async () => {
  const sent = series({}, [[10, 1]])
  expect((await write(sent)).status).toBe(204)
  expect((await write(series({ job: DEADLY_SERIES }, [[10, 1]]))).status).toBe(503)
  expect((await write(sent)).status).toBe(503)
  await eventually('the next worker', async () => (await write(sent)).status === 204)
  expect(await values(`w${round}`)).toEqual(['1'])
})
