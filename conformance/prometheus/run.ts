import { type SentSeries, writeBody, writeHeaders } from '../../packages/monitor/src/remote-write/encoded-request.case.ts'
import { differenceOf, type Matrix } from './compare.ts'
import { demoData } from './demo-data.ts'
import type { SuiteQuery } from './expand.ts'
import { type Side, startOurs, startReference } from './servers.ts'

/** A difference that is right, and why. */
export interface KnownDifference {
  readonly query: string
  readonly reason: string
}

export interface Report {
  readonly total: number
  /** The same on both sides. */
  readonly passed: number
  readonly known: readonly KnownDifference[]
  readonly differences: readonly { readonly query: string; readonly difference: string }[]
  /** Listed as known, and the same on both sides. */
  readonly obsolete: readonly KnownDifference[]
  readonly samples: number
  /** Queries that both sides answered with nothing. */
  readonly empty: number
}

interface Answer {
  readonly status: number
  readonly matrix: Matrix
  /** '' without one. */
  readonly error: string
}

const STEP_MS = 10_000
/** Steps lie off the minutes and seconds that subqueries step on: 2.x counts a point exactly at the beginning of a window, 3.x does not. */
const OFF_STEP_MS = 1_234
const RANGE_MS = 10 * 60_000
/** Data reaches this far beyond the range: the largest negative offset. */
const AFTER_MS = 10 * 60_000

/** Samples of a request, about what Prometheus sends. */
const BATCH_SCRAPES = 10

const CONCURRENCY = 4

/** Starts both sides empty, fills them with the same data by remote write, asks each query of both, and compares. */
export async function runSuite(queries: readonly SuiteQuery[], known: readonly KnownDifference[], nowMs: number): Promise<Report> {
  const reference = await startReference()
  try {
    const ours = await startOurs()
    try {
      return await compareSides(reference, ours, { queries, known, nowMs })
    } finally {
      await ours.close()
    }
  } finally {
    await reference.close()
  }
}

interface Suite {
  readonly queries: readonly SuiteQuery[]
  readonly known: readonly KnownDifference[]
  readonly nowMs: number
}

async function compareSides(reference: Side, ours: Side, { queries, known, nowMs }: Suite): Promise<Report> {
  const dataEndMs = Math.floor((nowMs - 2 * 60_000) / STEP_MS) * STEP_MS
  const endMs = dataEndMs - AFTER_MS - OFF_STEP_MS
  const data = demoData(dataEndMs)
  for (const side of [reference, ours]) await fill(side, data)
  const reasons = new Map(known.map((one) => [one.query, one]))
  const found = { known: [] as KnownDifference[], obsolete: [] as KnownDifference[], differences: [] as Report['differences'][number][] }
  let passed = 0
  let empty = 0
  const waiting = [...queries]
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [wanted, got] = await Promise.all([ask(reference, next.query, endMs), ask(ours, next.query, endMs)])
      const difference = judge(next, wanted, got)
      const reason = reasons.get(next.query)
      if (difference === undefined) {
        passed += 1
        if (wanted.status === 200 && wanted.matrix.length === 0) empty += 1
        if (reason !== undefined) found.obsolete.push(reason)
      } else if (reason !== undefined) found.known.push(reason)
      else found.differences.push({ query: next.query, difference })
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  return { total: queries.length, passed, empty, ...found, samples: data.reduce((sum, { values }) => sum + values.length, 0) }
}

function judge({ shouldFail }: SuiteQuery, wanted: Answer, got: Answer): string | undefined {
  if (wanted.status !== got.status) return `wanted status ${wanted.status} ${wanted.error}, got ${got.status} ${got.error}`
  if (shouldFail !== (wanted.status !== 200)) return shouldFail ? 'both sides answer what should fail' : `both sides fail: ${wanted.error}`
  return differenceOf(wanted.matrix, got.matrix)
}

async function fill(side: Side, data: readonly SentSeries[]): Promise<void> {
  const length = Math.max(...data.map(({ values }) => values.length))
  for (let from = 0; from < length; from += BATCH_SCRAPES) {
    const slice = data.map((series) => ({
      labels: series.labels,
      timestampsMs: series.timestampsMs.subarray(from, from + BATCH_SCRAPES),
      values: series.values.subarray(from, from + BATCH_SCRAPES),
    }))
    const body = writeBody(slice.filter(({ values }) => values.length > 0))
    const response = await fetch(`${side.url}/api/v1/write`, { method: 'POST', headers: writeHeaders, body })
    const text = await response.text()
    if (!response.ok) throw new Error(`${side.url} refused samples: ${response.status} ${text}`)
  }
}

async function ask(side: Side, query: string, endMs: number): Promise<Answer> {
  const body = new URLSearchParams({ query, start: String((endMs - RANGE_MS) / 1000), end: String(endMs / 1000), step: String(STEP_MS / 1000) })
  const response = await fetch(`${side.url}/api/v1/query_range`, { method: 'POST', body })
  const answer = (await response.json()) as { readonly data?: { readonly result: Matrix }; readonly error?: string }
  return { status: response.status, matrix: answer.data?.result ?? [], error: answer.error ?? '' }
}
