import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ExperimentReport, ReportInterval, ReportMetric, ReportRow } from '@signalbox/replay'
import { describe, expect, it } from 'vitest'
import { reportText } from './report-text.ts'

const golden = fileURLToPath(new URL('../../testdata/replay-report.txt', import.meta.url))

function metric(id: string, label: string, unit: ReportMetric['unit']): ReportMetric {
  return { id, label, unit, better: 'less', description: label }
}

const between = (mean: number, low: number | null = null, high: number | null = null): ReportInterval => ({ mean, low, high })

function row(variant: string, values: Record<string, ReportInterval | null>, more: Partial<ReportRow> = {}): ReportRow {
  return { variant, isReference: false, seeds: 5, failed: 0, values, best: [], ...more }
}

const report: ExperimentReport = {
  kind: 'replay',
  version: 1,
  title: 'Replay of trace.jsonl: least-cost, random',
  simulated: true,
  facts: [
    ['Trace', 'trace.jsonl (jsonl), 100 requests'],
    ['Engines', '8x8b-h100, simulated'],
  ],
  loadLabel: 'Load, of saturation',
  saturationPerSecond: 10,
  metrics: [
    metric('ttftP50Ms', 'TTFT p50', 'ms'),
    metric('ttftP90Ms', 'TTFT p90', 'ms'),
    metric('e2eP90Ms', 'E2E p90', 'ms'),
    metric('hitRatio', 'Hit ratio', 'ratio'),
    metric('imbalance', 'Imbalance', 'times'),
    metric('recomputedTokens', 'Recomputed', 'tokens'),
  ],
  loads: [
    {
      load: 0.3,
      requestsPerSecond: 3,
      rows: [
        row(
          'least-cost',
          {
            ttftP50Ms: between(12.34, 11.84, 12.84),
            ttftP90Ms: between(250, 240, 260),
            e2eP90Ms: between(12_345, 12_000, 12_690),
            hitRatio: between(0.915, 0.9, 0.93),
            imbalance: between(1.1, 1.05, 1.15),
            recomputedTokens: between(1_234_567, 1_200_000, 1_269_134),
          },
          { best: ['ttftP50Ms', 'hitRatio'] },
        ),
        row(
          'random',
          {
            ttftP50Ms: between(99.96),
            ttftP90Ms: between(9999, 9999, 9999),
            e2eP90Ms: between(10_000),
            hitRatio: between(0),
            imbalance: null,
            recomputedTokens: between(0),
          },
          { failed: 3, seeds: 1 },
        ),
      ],
    },
    { load: 0.95, requestsPerSecond: null, rows: [row('random', {}, { seeds: 1 })] },
  ],
  notes: ['Failed requests, over all runs: 3 without an endpoint.'],
  command: 'signalbox replay trace.jsonl',
  stopped: true,
}

describe('the table of a report', () => {
  it('is what testdata/replay-report.txt shows', () => {
    const text = `${reportText(report)}\n`
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text)
    expect(text).toBe(readFileSync(golden, 'utf8'))
  })

  it('has the columns that are asked for, in their order', () => {
    expect(reportText(report, ['recomputedTokens', 'ttftP50Ms'])).toContain('policy      Recomputed     TTFT p50         failed  runs\n')
    expect(reportText(report, ['recomputedTokens'])).toContain('least-cost  1.23M ± 34.6K  0       5\n')
  })

  it('says of single runs that chance is not known, and explains no star that is not there', () => {
    const loads = report.loads.map((load) => ({ ...load, rows: load.rows.map((each) => ({ ...each, seeds: 1, best: [] })) }))
    const text = reportText({ ...report, loads, stopped: false })
    expect(text).toContain('One run of each: how much chance is in it is not known.')
    expect(text).not.toMatch(/\*|Stopped|interval/)
  })
})
