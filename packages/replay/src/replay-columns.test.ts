import { seededRandom } from '@signalbox/base'
import { policies } from '@signalbox/scheduler'
import { describe, expect, it } from 'vitest'
import { parseFleet } from './fleet.ts'
import { failureNote, replayColumns } from './replay-columns.ts'
import type { RunResult } from './run-result.ts'
import { shapeTrace } from './shapes/shapes.ts'
import { Simulation } from './simulation.ts'

function resultOf(engines: string): RunResult {
  const trace = shapeTrace('chat-sessions', { requests: 60 }, seededRandom(1))
  const fleet = parseFleet(engines)
  const plugin = policies.get('least-cost')
  if (!trace.ok || !fleet.ok || plugin === undefined) throw new Error('nothing to simulate')
  const simulation = new Simulation({
    trace: trace.value,
    fleet: fleet.value,
    policy: { kind: 'scheduler', plugin, parameters: undefined },
    seed: 1,
    gateways: 1,
    feed: undefined,
    objectives: { ttftMs: 2000, tpotMs: 100 },
  })
  while (simulation.advance(10_000));
  return simulation.result()
}

describe('the columns of a replay', () => {
  it('have ids of their own, and a number each in a run where everything is served', () => {
    const result = resultOf('2x8b-h100')
    expect(new Set(replayColumns.map(({ id }) => id)).size).toBe(replayColumns.length)
    for (const { id, unit, of } of replayColumns) {
      const value = of(result)
      expect(value, id).toSatisfy(Number.isFinite)
      if (unit === 'ratio') expect(value, id).toSatisfy((ratio: number) => ratio >= 0 && ratio <= 1)
    }
  })
})

describe('failureNote', () => {
  const run = (result: RunResult) => ({ variant: 'a', load: 1, seed: 1, requestsPerSecond: 1, result })

  it('adds up what failed over all runs, by cause', () => {
    const result = resultOf('1x8b-h100,kv-blocks=100')
    expect(result.failures.tooLong).toBeGreaterThan(0)
    expect(failureNote([run(result), run(result)])).toBe(
      `Failed requests, over all runs: ${2 * result.failures.tooLong} longer than an engine holds.`,
    )
  })

  it('is nothing where nothing failed', () => {
    expect(failureNote([run(resultOf('2x8b-h100'))])).toBeUndefined()
  })
})
