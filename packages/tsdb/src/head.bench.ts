import { Labels } from '@signalbox/base'
import { bench, describe } from 'vitest'
import { Head, type Matcher } from './index.ts'

const SERIES = 10_000
const SCRAPES = 240
const STEP_MS = 15_000

function equals(name: string, value: string): Matcher {
  return { name, operator: '=', value, matches: (text) => text === value }
}

/** 400 instances of one histogram with 25 buckets, one hour at 15 s. */
function filled(): { head: Head; refs: number[]; nowMs: number } {
  const head = new Head({ seriesMax: SERIES, retentionMs: 3_600_000 })
  const refs: number[] = []
  for (let i = 0; i < SERIES; i++) {
    const labels = { __name__: 'x_bucket', instance: `10.0.${i % 400}`, le: String(Math.floor(i / 400)), model_name: `m${i % 7}`, job: 'vllm' }
    refs.push(head.seriesRef(Labels.from(labels)) as number)
  }
  for (let scrape = 0; scrape < SCRAPES; scrape++) for (let i = 0; i < SERIES; i++) head.append(refs[i]!, scrape * STEP_MS, scrape * i)
  return { head, refs, nowMs: SCRAPES * STEP_MS }
}

const { head, refs, nowMs } = filled()
let clockMs = nowMs

describe(`${SERIES} series, ${SCRAPES} samples each`, () => {
  bench('append one scrape of all series', () => {
    clockMs += STEP_MS
    for (let i = 0; i < SERIES; i++) head.append(refs[i]!, clockMs, clockMs + i)
    if (clockMs % (120 * STEP_MS) === 0) head.truncate()
  })
  bench('select all of a name, 5 min', () => {
    head.select([equals('__name__', 'x_bucket')], clockMs - 300_000, clockMs)
  })
  bench('select all of a name, 1 h', () => {
    head.select([equals('__name__', 'x_bucket')], clockMs - 3_600_000, clockMs)
  })
  bench('select one model of a name, 5 min', () => {
    head.select([equals('__name__', 'x_bucket'), equals('model_name', 'm3')], clockMs - 300_000, clockMs)
  })
})
