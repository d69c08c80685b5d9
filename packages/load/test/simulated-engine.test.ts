import { seededRandom } from '@signalbox/base'
import { profiles } from '@signalbox/engine'
import { type ModelServer, startModelServer } from '@signalbox/model-server'
import { systemClock } from '@signalbox/node'
import { shapeTrace, type Trace, traceSummary } from '@signalbox/replay'
import { afterEach, expect, it } from 'vitest'
import { type LoadOptions, type LoadResult, runLoad } from '../src/index.ts'

let server: ModelServer | undefined

afterEach(async () => {
  await server?.close(0)
  server = undefined
})

function shape(...[id, parameters]: [Parameters<typeof shapeTrace>[0], Parameters<typeof shapeTrace>[1]]): Trace {
  const trace = shapeTrace(id, parameters, seededRandom(7))
  if (!trace.ok) throw new Error(trace.error)
  return trace.value
}

async function run(trace: Trace, options: Partial<LoadOptions> = {}): Promise<LoadResult> {
  const engine = profiles.get('demo')!.options
  server = await startModelServer({ host: '127.0.0.1', port: 0, name: 'engine-1', engine, clock: systemClock, speed: 1000 })
  const url = `http://127.0.0.1:${server.port}`
  const result = await runLoad({ url, trace, objectives: { ttftMs: 2000, tpotMs: 100 }, ...options })
  if (!result.ok) throw new Error(result.error)
  return result.value
}

it('prefix-cache against a simulated engine: lengths are those asked for, and every round after the first hits', async () => {
  const trace = shape('prefix-cache', { ratePerSecond: 200 })
  const result = await run(trace, { users: { count: 1 }, api: 'completions' })
  expect(result).toMatchObject({ completed: 60, failed: 0, outputTokens: 60 * 50, outputTokensAsked: 60 * 50 })
  expect(result.promptTokens).toBe(result.promptTokensAsked)
  // An engine hits whole blocks only.
  expect(result.hitRatio).toBeGreaterThan(traceSummary(trace).sharingRatio - 0.03)
  expect(result.hitRatio).toBeLessThanOrEqual(traceSummary(trace).sharingRatio)
})

it('conversations against a simulated engine hit what the engine generated, too', async () => {
  const trace = shape('chat-sessions', {
    requests: 40,
    turns: 10,
    outputTokens: 100,
    outputSpread: 0,
    questionTokens: 20,
    systemTokens: 50,
    assistants: 1,
    thinkMs: 0,
  })
  const result = await run(trace, { users: { count: 2 } })
  expect(result).toMatchObject({ completed: 40, failed: 0 })
  // Without the generated blocks at most every prompt but the newest answer and question would hit.
  expect(result.hitRatio).toBeGreaterThan(0.8)
  expect(result.outputTokens).toBe(4000)
  expect(Math.abs((result.promptTokens ?? 0) / result.promptTokensAsked - 1)).toBeLessThan(0.1)
})

it('open loop keeps the arrival times of the trace', async () => {
  const trace = shape('poisson', { requests: 100, ratePerSecond: 100, promptTokens: 50, outputTokens: 5 })
  const result = await run(trace)
  expect(result).toMatchObject({ completed: 100, failed: 0 })
  expect(result.durationMs).toBeGreaterThanOrEqual(traceSummary(trace).spanMs)
})
