import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { checkPage, type ExpositionFormat } from '@signalbox/exposition'
import { systemClock } from '@signalbox/node'
import { expect, it } from 'vitest'
import { gatewayDialects } from '../src/exposed-entries.ts'
import { GatewayMetrics } from '../src/gateway-metrics.ts'
import { objectivesDefault } from '../src/goodput.ts'
import type { Prediction, RequestObservation } from '../src/ports.ts'

const known = readFileSync(new URL('../testdata/promtool-complaints.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

const isMissing = spawnSync('promtool', ['--version']).error !== undefined
// Where the checks are complete by promise, a missing tool is a failure and not a reason to skip.
const isSkipped = isMissing && process.env['CI'] !== 'true'
if (isSkipped) console.warn('skipped: promtool is not installed (Debian has it in the package prometheus)')

/** A page with every family that the gateway can show. */
function fullPage(format: ExpositionFormat = 'text'): string {
  const spread = { kvUsageStddev: 0.1, queueStddev: 1, runningStddev: 2 }
  const metrics = new GatewayMetrics({
    dialects: gatewayDialects,
    tenantLabelOnHistograms: true,
    objectives: objectivesDefault,
    clock: systemClock,
    pool: 'pool',
    scheduler: {
      endpoints: () => [{ id: 'e1', url: 'http://e1:8000' }],
      pool: () => ({ ...spread, kvUsage: 0.5, queue: 2, running: 3, ready: 1, perEndpoint: [{ endpoint: 'e1', queue: 2, stateAgeMs: 250 }] }),
      prefixIndex: () => ({ blocks: 7, admitted: 9, evicted: 2 }),
    },
    log: { bytes: 1 },
    commit: 'c',
    buildRef: 'b',
  })
  const prediction: Prediction = {
    endpoint: { id: 'e1', url: 'http://e1:8000', simulated: false },
    predictedTtftMs: 500,
    predictedCachedTokens: 3,
    predictedHitRatio: 0.5,
    predictedHitBytes: 64,
    promptTokens: 6,
    bestHitRatio: 0.5,
    bestHitBlocks: 1,
    lookupMs: 0.01,
    marginSeconds: 0.1,
  }
  const ended: RequestObservation = {
    outcome: 'ok',
    httpStatus: 200,
    streaming: true,
    durationS: 2,
    requestBytes: 10,
    responseBytes: 20,
    inputTokens: 5,
    outputTokens: 6,
    cachedTokens: 0,
    contentEvents: 6,
    ttftS: 1,
    preprocessS: 0.001,
    prediction,
    scheduleS: 0.0001,
    dispatchedTtftS: 0.9,
    postprocessS: 0.0002,
    responseProcessingS: 0.0003,
  }
  const series = metrics.series({ model: 'm "quoted"', targetModel: 'm "quoted"', fairnessId: 'line\nbreak', priority: 'back\\slash' })
  for (const outcome of ['ok', 'error', 'rejected', 'cancelled'] as const) {
    metrics.received()
    metrics.dispatched(0.002)
    series.began()
    series.ended({ ...ended, outcome })
  }
  series.contentGap(0.01)
  series.retried('refused', undefined)
  metrics.endpointFailed('e1', 'refused')
  metrics.polled('e1', 0.01, 'ok')
  metrics.scheduled({ durationS: 0.001, targetModel: 'm', result: prediction })
  metrics.scheduled({ durationS: 0.001, targetModel: 'm', result: 'no-endpoint' })
  return metrics.render(format)
}

it.skipIf(isSkipped)('promtool reads the page and complains of nothing but what others named badly', () => {
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: fullPage(), encoding: 'utf8', timeout: 60_000 })
  expect(checked.error).toBeUndefined()
  const complaints = checked.stderr.split('\n').filter((line) => line !== '')
  expect(complaints.sort()).toEqual([...known].sort())
  // 3: complaints, 1: the page could not be read.
  expect(checked.status).toBe(known.length > 0 ? 3 : 0)
})

it.each(['text', 'openmetrics'] as const)('obeys the %s format to the letter with every dialect on one page', (format) => {
  const checked = checkPage(new TextEncoder().encode(fullPage(format)), format)
  expect(checked.ok ? '' : `${checked.error.line}: ${checked.error.message}`).toBe('')
})
