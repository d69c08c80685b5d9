import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { systemClock } from '@signalbox/node'
import { expect, it } from 'vitest'
import { GatewayMetrics } from '../src/gateway-metrics.ts'
import type { RequestObservation } from '../src/ports.ts'

const known = readFileSync(new URL('../testdata/promtool-complaints.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

const isMissing = spawnSync('promtool', ['--version']).error !== undefined
// Where the checks are complete by promise, a missing tool is a failure and not a reason to skip.
const isSkipped = isMissing && process.env['CI'] !== 'true'
if (isSkipped) console.warn('skipped: promtool is not installed (Debian has it in the package prometheus)')

/** A page with every family that the gateway can show. */
function fullPage(): string {
  const metrics = new GatewayMetrics({
    clock: systemClock,
    pool: 'pool',
    scheduler: {
      endpoints: () => [{ id: 'e1', url: 'http://e1:8000' }],
      pool: () => ({ kvUsage: 0.5, queue: 2, running: 3, ready: 1, perEndpoint: [{ endpoint: 'e1', queue: 2, stateAgeMs: 250 }] }),
      prefixIndex: () => ({ blocks: 7, admitted: 9, evicted: 2 }),
    },
    log: { bytes: 1 },
    commit: 'c',
    buildRef: 'b',
  })
  const labels = { model: 'm "quoted"', targetModel: 'back\\slash', fairnessId: 'line\nbreak', priority: '-1' }
  const ended: RequestObservation = {
    labels,
    outcome: 'ok',
    streaming: true,
    durationS: 2,
    requestBytes: 10,
    responseBytes: 20,
    inputTokens: 5,
    outputTokens: 6,
    cachedTokens: 0,
    ttftS: 1,
  }
  for (const outcome of ['ok', 'error', 'rejected', 'cancelled'] as const) {
    metrics.began(labels)
    metrics.ended({ ...ended, outcome })
  }
  metrics.contentGap(labels, 0.01)
  metrics.retried('refused')
  metrics.scheduled({ durationS: 0.001, ok: true, endpoint: 'e1', targetModel: 'm', hitRatio: 0.5, hitBytes: 64 })
  return metrics.render('text')
}

it.skipIf(isSkipped)('promtool reads the page and complains of nothing but what others named badly', () => {
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: fullPage(), encoding: 'utf8', timeout: 60_000 })
  expect(checked.error).toBeUndefined()
  const complaints = checked.stderr.split('\n').filter((line) => line !== '')
  expect(complaints.sort()).toEqual([...known].sort())
  // 3: complaints, 1: the page could not be read.
  expect(checked.status).toBe(known.length > 0 ? 3 : 0)
})
