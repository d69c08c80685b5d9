import { expect } from 'vitest'
import { z } from 'zod'

const interval = z.strictObject({ mean: z.number(), low: z.number().nullable(), high: z.number().nullable() })
const metric = z.strictObject({
  id: z.string().min(1),
  label: z.string().min(1),
  unit: z.enum(['ms', 'ratio', 'tokens', 'requests', 'per-second', 'times']),
  better: z.enum(['less', 'more', 'none']),
  description: z.string().min(1),
})
const row = z.strictObject({
  variant: z.string().min(1),
  isReference: z.boolean(),
  seeds: z.int().min(1),
  failed: z.int().min(0),
  values: z.record(z.string(), interval.nullable()),
  best: z.array(z.string()),
})
const report = z.strictObject({
  kind: z.enum(['replay', 'load']),
  version: z.literal(1),
  title: z.string().min(1),
  simulated: z.boolean().nullable(),
  facts: z.array(z.tuple([z.string().min(1), z.string().min(1)])),
  loadLabel: z.string().min(1),
  saturationPerSecond: z.number().positive().nullable(),
  metrics: z.array(metric).min(1),
  loads: z
    .array(z.strictObject({ load: z.number().positive(), requestsPerSecond: z.number().positive().nullable(), rows: z.array(row).min(1) }))
    .min(1),
  notes: z.array(z.string().min(1)),
  command: z.string().startsWith('signalbox '),
  stopped: z.boolean(),
})

/** A report as `--json` writes it. */
export type WrittenReport = z.infer<typeof report>

/** Reads the text of a report; fails where it is not of its form, where a row lacks a metric or has one that is not described. */
export function writtenReport(text: string): WrittenReport {
  const written = report.parse(JSON.parse(text))
  const ids = written.metrics.map(({ id }) => id)
  for (const { rows } of written.loads) {
    for (const { values, best } of rows) {
      expect(Object.keys(values)).toEqual(ids)
      for (const id of best) expect(ids).toContain(id)
    }
  }
  return written
}
