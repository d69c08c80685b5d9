import { seededRandom } from '@signalbox/base'
import { describe, expect, it } from 'vitest'
import { type FleetSpec, parseFleet } from './fleet.ts'
import { type SaturationOptions, saturation } from './saturation.ts'
import { shapeTrace } from './shapes/shapes.ts'

function fleetOf(text: string): FleetSpec {
  const fleet = parseFleet(text)
  if (!fleet.ok) throw new Error(fleet.error)
  return fleet.value
}

function poisson(parameters: Readonly<Record<string, number>>) {
  const trace = shapeTrace(
    'poisson',
    { requests: 600, outputTokens: 1, outputSpread: 0, promptTokens: 4000, promptSpread: 0, ...parameters },
    seededRandom(3),
  )
  if (!trace.ok) throw new Error(trace.error)
  return trace.value
}

function rateOf(options: SaturationOptions): number {
  const rate = saturation(options)
  if (!rate.ok) throw new Error(rate.error)
  return rate.value.requestsPerSecond
}

describe('saturation', () => {
  it('is what prompts of one length cost to compute, when nothing else is asked for', () => {
    // 8,192 tokens a step: 5.753 ms + 8,192 · 0.01725 ms = 147.1 ms, hence 13.93 prompts of 4,000 tokens a second and engine.
    const rate = rateOf({ trace: poisson({}), fleet: fleetOf('2x8b-h100'), seed: 1 })
    expect(rate / 2).toBeGreaterThan(13.93 * 0.95)
    expect(rate / 2).toBeLessThan(13.93 * 1.05)
  })

  it('does not depend on the times of the trace, grows with the fleet, and is the same each time', () => {
    const of = (engines: string, ratePerSecond: number) => rateOf({ trace: poisson({ ratePerSecond }), fleet: fleetOf(engines), seed: 1 })
    expect(of('2x8b-h100', 1)).toBe(of('2x8b-h100', 100))
    expect(of('4x8b-h100', 1) / of('2x8b-h100', 1)).toBeCloseTo(2, 0)
  })

  it('counts follow-ups, which wait for what they follow', () => {
    const chats = shapeTrace('chat-sessions', { requests: 400, outputTokens: 20 }, seededRandom(1))
    if (!chats.ok) throw new Error(chats.error)
    const options = { trace: chats.value, fleet: fleetOf('2x8b-h100'), seed: 1 }
    expect(rateOf({ ...options, concurrency: 1 })).toBeLessThan(rateOf({ ...options, concurrency: 50 }) / 3)
  })

  it('says why there is none: too few requests, or too few that an engine can hold', () => {
    expect(saturation({ trace: poisson({ requests: 7 }), fleet: fleetOf('1x8b-h100'), seed: 1 })).toEqual({
      ok: false,
      error: 'saturation is measured with 8 requests and more, and the trace has 7',
    })
    expect(saturation({ trace: poisson({ requests: 20 }), fleet: fleetOf('1x8b-h100,kv-blocks=100'), seed: 1 })).toEqual({
      ok: false,
      error: expect.stringContaining('of 20 the engines completed 0: 20 are longer than an engine holds'),
    })
  })
})
