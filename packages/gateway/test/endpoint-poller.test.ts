import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HttpClient, systemClock } from '@signalbox/node'
import type { EndpointSpec, EngineState } from '@signalbox/scheduler'
import { afterEach, expect, it, vi } from 'vitest'
import { EndpointPoller } from '../src/endpoint-poller.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

async function serve(listener: RequestListener, port = 0): Promise<{ server: Server; port: number; url: string }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  cleanups.push(() => server.close().closeAllConnections())
  const bound = (server.address() as AddressInfo).port
  return { server, port: bound, url: `http://127.0.0.1:${bound}` }
}

const engine: RequestListener = (request, response) => {
  if (request.url === '/metrics')
    response.end('vllm:num_requests_running{engine="0",model_name="m"} 4\nvllm:num_requests_waiting{engine="0",model_name="m"} 1\n')
  else response.end('{"object":"list","data":[{"id":"m"}]}')
}

/** Keeps what a scheduler would be told. */
class Reports {
  readonly all: { id: string; state?: EngineState; reason?: string }[] = []
  readonly logged: string[] = []

  stateObserved(id: string, state: EngineState): void {
    this.all.push({ id, state })
  }

  stateFailed(id: string, reason: string): void {
    this.all.push({ id, reason })
  }

  readonly polls: string[] = []
  readonly polled = (id: string, seconds: number, result: string): void => {
    if (!(seconds >= 0)) throw new Error('a poll takes time')
    this.polls.push(`${id} ${result}`)
  }

  of(id: string): { state?: EngineState; reason?: string }[] {
    return this.all.filter((report) => report.id === id)
  }
}

function poller(reports: Reports, intervalMs = 50, timeoutMs = 40): EndpointPoller {
  const client = new HttpClient()
  const log = (_: string, message: string): void => void reports.logged.push(message)
  const created = new EndpointPoller({ scheduler: reports, clock: systemClock, intervalMs, timeoutMs, get: client.get, log, polled: reports.polled })
  cleanups.push(
    () => created.stop(),
    () => client.close(),
  )
  return created
}

const spec = (id: string, url: string): EndpointSpec => ({ id, url, simulated: false })
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 60_000, interval: 10 })

it('tells the state of each endpoint, poll after poll', async () => {
  const [a, b] = [await serve(engine), await serve(engine)]
  const reports = new Reports()
  const started = poller(reports, 50, 5000)
  started.setEndpoints([spec('a', a.url), spec('b', b.url)])
  void started.start()
  await eventually(() => expect(Math.min(reports.of('a').length, reports.of('b').length)).toBeGreaterThan(2))
  expect(reports.of('a').at(-1)?.state).toMatchObject({ runningRequests: 4, waitingRequests: 1, models: ['m'] })
  expect(reports.all.filter(({ reason }) => reason !== undefined)).toEqual([])
})

it('says why an endpoint is gone, notices its return, and logs only changes', async () => {
  const first = await serve(engine)
  const reports = new Reports()
  const started = poller(reports, 50, 5000)
  started.setEndpoints([spec('a', first.url)])
  void started.start()
  await eventually(() => expect(reports.of('a').at(-1)?.state).toBeDefined())
  first.server.close()
  first.server.closeAllConnections()
  await eventually(() => expect(reports.of('a').filter(({ reason }) => reason === 'connection refused').length).toBeGreaterThan(2))
  await serve(engine, first.port)
  await eventually(() => expect(reports.of('a').at(-1)?.state?.models).toEqual(['m']))
  const refusals = reports.logged.filter((message) => message === 'endpoint does not answer polls: connection refused')
  expect(refusals.length).toBe(1)
  expect(reports.logged.at(-1)).toBe('endpoint answers polls again')
})

it('never has two polls of one endpoint under way, however slow it is', async () => {
  let underWay = 0
  let most = 0
  const slow = await serve((request, response) => {
    if (request.url !== '/metrics') return engine(request, response)
    underWay += 1
    most = Math.max(most, underWay)
    response.on('close', () => {
      underWay -= 1
    })
    setTimeout(() => engine(request, response), 120)
  })
  const reports = new Reports()
  const started = poller(reports, 30, 10_000)
  started.setEndpoints([spec('a', slow.url)])
  void started.start()
  await eventually(() => expect(reports.of('a').length).toBeGreaterThan(3))
  expect(most).toBe(1)
})

it('gives up on a silent endpoint in time', async () => {
  const silent = await serve(() => {})
  const reports = new Reports()
  const started = poller(reports)
  started.setEndpoints([spec('a', silent.url)])
  void started.start()
  await eventually(() => expect(reports.of('a')[0]).toEqual({ id: 'a', reason: 'timed out after 40 ms' }))
})

it('refuses an endless page', async () => {
  const endless = await serve((_, response) => {
    const chunk = 'vllm:other_total 1\n'.repeat(10_000)
    const more = (): void => {
      while (response.write(chunk) && !response.destroyed);
    }
    response.on('drain', more)
    more()
  })
  const reports = new Reports()
  const started = poller(reports, 100, 30_000)
  started.setEndpoints([spec('a', endless.url)])
  void started.start()
  await eventually(() => expect(reports.of('a')[0]).toEqual({ id: 'a', reason: 'the body has more than 8388608 bytes' }))
})

it('says nothing of an endpoint that was removed, also from a poll under way, and polls one that was added', async () => {
  let asked = (): void => {}
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  let release = (): void => {}
  const held = await serve((request, response) => {
    release = () => engine(request, response)
    asked()
  })
  const other = await serve(engine)
  const reports = new Reports()
  const started = poller(reports, 50, 30_000)
  started.setEndpoints([spec('held', held.url)])
  void started.start()
  await isAsked
  started.setEndpoints([spec('other', other.url)])
  release()
  await eventually(() => expect(reports.of('other').length).toBeGreaterThan(2))
  expect(reports.of('held')).toEqual([])
})

it('polls all at once first, and spreads the polls over the interval from then on', async () => {
  const reports = new Reports()
  const asked: string[] = []
  const first = performance.now()
  const at: number[] = []
  const created = new EndpointPoller({
    scheduler: reports,
    clock: systemClock,
    intervalMs: 400,
    timeoutMs: 300,
    log: () => {},
    polled: reports.polled,
    get: async ({ url }) => {
      if (url.endsWith('/metrics')) {
        asked.push(url)
        at.push(performance.now() - first)
      }
      return { ok: false, error: { code: 'unreachable', message: 'no' } }
    },
  })
  cleanups.push(() => created.stop())
  created.setEndpoints(['a', 'b', 'c', 'd'].map((id) => spec(id, `http://${id}`)))
  await created.start()
  const all = ['http://a/metrics', 'http://b/metrics', 'http://c/metrics', 'http://d/metrics']
  expect(asked).toEqual(all)
  await eventually(() => expect(asked.length).toBeGreaterThanOrEqual(8))
  expect(asked.slice(4, 8)).toEqual(all)
  // Timers may be late, never early: d's turn is three quarters of an interval after a's.
  expect(at[7]).toBeGreaterThan(400 + 290)
})

it('says of each poll how long it took and how it ended, apart for a page that cannot be read', async () => {
  const [good, page] = [await serve(engine), await serve((_, response) => response.end('<html></html>'))]
  const reports = new Reports()
  const started = poller(reports, 50, 5000)
  started.setEndpoints([spec('good', good.url), spec('page', page.url), spec('gone', 'http://127.0.0.1:1')])
  await started.start()
  expect([...new Set(reports.polls)].sort()).toEqual(['gone failed', 'good ok', 'page not-understood'])
})
