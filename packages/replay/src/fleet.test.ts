import { seededRandom } from '@signalbox/base'
import { profiles } from '@signalbox/engine'
import { describe, expect, it } from 'vitest'
import { fleetEngines, parseFleet } from './fleet.ts'

function parsed(text: string) {
  const result = parseFleet(text)
  if (!result.ok) throw new Error(result.error)
  return result.value
}

describe('a fleet as text', () => {
  it('is groups with their overrides', () => {
    expect(
      parsed('8x8b-h100,kv-blocks=4000,noise=0.3 + 4x70b-h100,steps=quadratic,step-noise=.1,scheduling=priority,slots=64,batch-tokens=2048'),
    ).toEqual({
      groups: [
        { count: 8, profile: '8b-h100', kvBlocks: 4000, noise: 0.3 },
        { count: 4, profile: '70b-h100', steps: 'quadratic', stepNoise: 0.1, scheduling: 'priority', slots: 64, batchTokens: 2048 },
      ],
    })
  })

  it.each([
    ['8b-h100', 'engines "8b-h100": write COUNTxPROFILE, 8x8b-h100 for example'],
    ['2x9b-h100', 'engines "2x9b-h100": there is no profile "9b-h100"; profiles: '],
    ['0x8b-h100', 'the count must be from 1 to 1024'],
    ['800x8b-h100+300x8b-h100', 'a fleet of 1100 engines: at most 1024 are possible'],
    ['1xdemo,kvblocks=3', 'there is no setting "kvblocks"; settings: kv-blocks, steps, '],
    ['1xdemo,kv-blocks=0', 'kv-blocks must be a whole number from 1 to 10000000, not "0"'],
    ['1xdemo,noise=1', 'noise must be a number from 0 to below 1, not "1"'],
    ['1xdemo,steps=cubic', 'steps must be profile or polynomial or quadratic, not "cubic"'],
    ['1xdemo,slots=3,slots=4', 'slots is given twice'],
    ['1xdemo,,', 'there is no setting ""'],
  ])('is refused as "%s" with the reason', (text, reason) => {
    const result = parseFleet(text)
    expect(result.ok ? 'accepted' : result.error).toContain(reason)
  })
})

describe('the engines of a fleet', () => {
  it('are the profile with the overrides, each under an id of its own', () => {
    const engines = fleetEngines(parsed('2xdemo,kv-blocks=100,slots=3,batch-tokens=512,scheduling=priority+1x8b-h100'), seededRandom(1))
    expect(engines.map(({ id }) => id)).toEqual(['demo-0', 'demo-1', '8b-h100-2'])
    expect(engines[1]?.options).toMatchObject({
      blocksTotal: 101,
      sequencesMax: 3,
      batchTokensMax: 512,
      scheduling: 'priority',
      contextTokensMax: 8192,
    })
    expect(engines[2]?.options).toEqual({ ...profiles.get('8b-h100')?.options, stepNoise: 0.05 })
    expect(new Set(engines.map(({ seed }) => seed)).size).toBe(3)
  })

  it('differ in speed by their noise, the same way for the same seed', () => {
    const load = { prefillTokens: 1000, prefillPairs: 0, decodingSequences: 4, contextTokens: 4000, kvUsageRatio: 0.5 }
    const factors = (seed: number) => {
      const base = profiles.get('demo')?.options.stepModel.durationMs(load) ?? 0
      return fleetEngines(parsed('200xdemo,noise=0.3'), seededRandom(seed)).map(({ options }) => options.stepModel.durationMs(load) / base)
    }
    expect(Math.min(...factors(1))).toBeGreaterThan(0.7)
    expect(Math.min(...factors(1))).toBeLessThan(0.72)
    expect(Math.max(...factors(1))).toBeLessThan(1.3)
    expect(Math.max(...factors(1))).toBeGreaterThan(1.28)
    expect(factors(2)).toEqual(factors(2))
    expect(factors(2)).not.toEqual(factors(1))
  })

  it('of another family are as fast for 2,048 prompt tokens and shaped otherwise', () => {
    const own = profiles.get('70b-h100')?.options.stepModel
    const at = (tokens: number) => ({ prefillTokens: tokens, prefillPairs: tokens ** 2 / 2, decodingSequences: 0, contextTokens: 0, kvUsageRatio: 0 })
    for (const steps of ['polynomial', 'quadratic'] as const) {
      const model = fleetEngines({ groups: [{ count: 1, profile: '70b-h100', steps }] }, seededRandom(1))[0]?.options.stepModel
      expect(model?.family).toBe(steps)
      expect(model?.durationMs(at(2048))).toBeCloseTo(own?.durationMs(at(2048)) ?? 0, 6)
      expect(Math.abs((model?.durationMs(at(8192)) ?? 0) / (own?.durationMs(at(8192)) ?? 1) - 1)).toBeGreaterThan(0.05)
    }
  })
})
