import { seededRandom } from '@signalbox/base'
import { describe, expect, it } from 'vitest'
import { fleetEngines, parseFleet } from './fleet.ts'
import { Flight } from './flight.ts'
import { cachedTokensAt, type TrueCost, trueCost } from './oracle.ts'
import { promptOf, type Segment, segmentTokens, tokensOf } from './prompt.ts'
import { SimulatedEndpoint } from './simulated-endpoint.ts'

function endpointOf(text: string): SimulatedEndpoint {
  // Without noise: the cost is of the mean step, and is compared with single ones.
  const fleet = parseFleet(`${text},step-noise=0`)
  if (!fleet.ok) throw new Error(fleet.error)
  const [plan] = fleetEngines(fleet.value, seededRandom(1))
  if (plan === undefined) throw new Error('no engine')
  return new SimulatedEndpoint(plan, [''])
}

let flights = 0

function flightOf(segments: readonly Segment[], outputTokens = 1): Flight {
  flights += 1
  const prompt = promptOf(segments)
  const output = { id: 1_000_000 + flights, tokens: outputTokens }
  return new Flight({
    index: flights,
    request: { atMs: 0, prompt, output, model: '', session: -1, after: undefined, priority: 0, stream: true },
    gateway: 0,
    stream: true,
    arrivedMs: 0,
    promptTokens: tokensOf(prompt),
    answerTokens: segmentTokens([output]),
  })
}

function costOf(endpoint: SimulatedEndpoint, flight: Flight, nowMs: number): TrueCost {
  const cost = { cachedTokens: 0, uncachedTokens: 0, uncachedPairs: 0, ttftMs: 0, costMs: 0 }
  trueCost(endpoint, flight, nowMs, cost)
  return cost
}

/** Hands flights over and lets the engine work until `until` has its first token or, without it, until nothing is left; answers when that was. */
function work(endpoint: SimulatedEndpoint, arrivals: readonly Flight[], startMs: number, until?: Flight): number {
  const here = new Map<string, Flight>()
  for (const flight of arrivals) {
    flight.expectCached(cachedTokensAt(endpoint, flight))
    endpoint.submit(flight, startMs)
    here.set(flight.id, flight)
  }
  for (let nowMs = startMs; ; ) {
    const durationMs = endpoint.begin(nowMs)
    if (durationMs === undefined) return nowMs
    nowMs += durationMs
    for (const event of endpoint.endStep(nowMs)) {
      const flight = here.get(event.id)
      if (flight === undefined) throw new Error(`who is ${event.id}?`)
      if (event.type === 'finish') endpoint.ended(flight)
      else {
        if (flight.generatedTokens === 0) endpoint.started(flight)
        flight.generatedTokens += 1
        endpoint.generated()
        if (flight === until) return nowMs
      }
    }
  }
}

const DOCUMENT = { id: 1, tokens: 5000 }

describe('the true cost', () => {
  it.each(['1x8b-h100', '1x70b-h100,steps=polynomial', '1x8b-h100,steps=quadratic', '1x8b-a100'])(
    'on an idle %s is exactly how long the first token takes',
    (engine) => {
      const endpoint = endpointOf(engine)
      const flight = flightOf([{ id: 5, tokens: 11_000 }])
      const { ttftMs, cachedTokens } = costOf(endpoint, flight, 0)
      expect(cachedTokens).toBe(0)
      expect(work(endpoint, [flight], 0, flight) / ttftMs).toBeCloseTo(1, 6)
    },
  )

  it('sees what the cache holds, in whole blocks', () => {
    const endpoint = endpointOf('1x8b-h100')
    const endMs = work(endpoint, [flightOf([DOCUMENT, { id: 2, tokens: 30 }])], 0)
    const later = flightOf([DOCUMENT, { id: 3, tokens: 30 }])
    expect(costOf(endpoint, later, endMs)).toMatchObject({ cachedTokens: 4992, uncachedTokens: 38 })
    expect(costOf(endpoint, flightOf([{ id: 9, tokens: 5030 }]), endMs).ttftMs).toBeGreaterThan(costOf(endpoint, later, endMs).ttftMs * 3)
  })

  it('sees what those who wait will leave in the cache', () => {
    const endpoint = endpointOf('1x8b-h100')
    const first = flightOf([DOCUMENT, { id: 2, tokens: 30 }])
    first.expectCached(0)
    endpoint.submit(first, 0)
    const twin = flightOf([DOCUMENT, { id: 3, tokens: 30 }])
    expect(costOf(endpoint, twin, 0).cachedTokens).toBe(4992)
    // It waits for the first one's prompt, and for little more than that.
    const { ttftMs } = costOf(endpoint, twin, 0)
    expect(ttftMs).toBeGreaterThan(costOf(endpointOf('1x8b-h100'), first, 0).ttftMs)
    expect(ttftMs).toBeLessThan(costOf(endpointOf('1x8b-h100'), first, 0).ttftMs * 1.1)
  })

  it('counts the work that is ahead', () => {
    const endpoint = endpointOf('1x8b-h100')
    const ahead = [3, 4, 5].map((id) => flightOf([{ id, tokens: 6000 }], 40))
    const flight = flightOf([{ id: 9, tokens: 4000 }])
    for (const other of ahead) {
      other.expectCached(0)
      endpoint.submit(other, 0)
    }
    const { ttftMs } = costOf(endpoint, flight, 0)
    const twin = endpointOf('1x8b-h100')
    expect(Math.abs(work(twin, [...ahead, flight], 0, flight) / ttftMs - 1)).toBeLessThan(0.05)
  })

  it('waits for a slot as long as the shortest answer still takes', () => {
    const endpoint = endpointOf('1x8b-h100,slots=2')
    const running = [flightOf([{ id: 3, tokens: 100 }], 200), flightOf([{ id: 4, tokens: 100 }], 60)]
    const nowMs = work(endpoint, running, 0, running[1])
    // 59 steps of about 5.8 ms, then its own prompt.
    const { ttftMs } = costOf(endpoint, flightOf([{ id: 5, tokens: 100 }]), nowMs)
    expect(ttftMs).toBeGreaterThan(59 * 5.753)
    expect(ttftMs).toBeLessThan(62 * 5.9)
  })

  it('charges for the streams that are delayed', () => {
    const quiet = endpointOf('1x8b-h100')
    const busy = endpointOf('1x8b-h100')
    const streams = Array.from({ length: 20 }, (_, nth) => flightOf([{ id: 20 + nth, tokens: 100 }], 500))
    const nowMs = work(busy, streams, 0, streams.at(-1))
    const flight = flightOf([{ id: 9, tokens: 8000 }])
    const [alone, among] = [costOf(quiet, flight, nowMs), costOf(busy, flight, nowMs)]
    expect(among.ttftMs).toBeLessThan(alone.ttftMs * 1.2)
    // A tenth of the own prefill for each of twenty streams: three times its cost alone.
    expect(among.costMs).toBeGreaterThan(alone.costMs * 2.7)
  })
})
