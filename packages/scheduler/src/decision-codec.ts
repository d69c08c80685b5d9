import { assert } from '@signalbox/base'
import { ByteReader, type ByteWriter } from './byte-cursor.ts'
import { type AttemptRecord, type DecisionRecord, type PolicyLabel, summaryOf } from './decision-record.ts'
import { EVIDENCE_WIDTH } from './evidence.ts'
import type { Interner } from './interner.ts'
import type { AttemptView, DecisionStatus, DecisionSummary, FilterReason } from './types.ts'

// One decision in bytes, little endian. A text is u16 bytes, then UTF-8; a name is the u32 of an interner, 0: none;
// an f64 that is NaN stands for null.
//
//     0  u32 length of the record        4  u8 status    5  u8 stream   6  u16 HTTP status, 0: none
//     8  u32 model      12  u32 endpoint      16  u32 runner-up       20  u32 policy
//    24  f64 actual TTFT ms     32  f64 received ms     40  f64 duration ms      48  f64 priority
//    56  f64 prompt tokens      64  f64 completion tokens                        72  f64 cached tokens
//    80  f64 predicted cached   88  f64 predicted TTFT ms                        96  f64 margin
//   104  f64 prompt bytes      112  u8 retries         113  u8 has an error     114  u8 attempts
//   115  text id | text path | text fairness id | text error
//        each attempt: f64 at ms | u16 rows | u16 passed | u16 chosen | u16 runner-up, 65535: none | u8 tie | u8 failed | text failure
//            f64 evidence[rows × 23] | f64 state age[rows] | f64 terms[passed × terms of the policy]
//            each row: u32 endpoint; each filtered row: u8 reason | text detail, empty: none
const AT = { status: 4, model: 8, endpoint: 12, ttft: 24, id: 115 } as const
const NO_ROW = 0xffff

const STATUSES: readonly DecisionStatus[] = ['running', 'ok', 'error', 'rejected', 'cancelled']
const FILTERS: readonly FilterReason[] = ['held-out', 'model-not-served', 'already-tried', 'draining']
const TIES: readonly AttemptView['tieBrokenBy'][] = ['none', 'in-flight', 'random']

/** The interners that give names their numbers. */
export interface CodecNames {
  readonly names: Interner<string>
  readonly policies: Interner<PolicyLabel>
}

/** Appends the record. `sequence` is the record's own, for the interners. */
export function encodeDecision(writer: ByteWriter, record: DecisionRecord, { names, policies }: CodecNames, sequence: number): void {
  const start = writer.length
  const summary = summaryOf(record)
  const name = (value: string | null) => (value === null ? 0 : names.use(value, sequence))
  writer.u32(0)
  writer.u8(STATUSES.indexOf(summary.status))
  writer.u8(summary.stream ? 1 : 0)
  writer.u16(summary.httpStatus ?? 0)
  writer.u32(name(summary.model))
  writer.u32(name(summary.endpoint))
  writer.u32(name(summary.runnerUp))
  writer.u32(policies.use(record.policy, sequence))
  for (const value of [summary.actualTtftMs, summary.receivedMs, summary.durationMs, summary.priority]) writer.f64(value ?? Number.NaN)
  for (const value of [summary.promptTokens, summary.completionTokens, summary.actualCachedTokens]) writer.f64(value ?? Number.NaN)
  for (const value of [summary.predictedCachedTokens, summary.predictedTtftMs, summary.margin]) writer.f64(value ?? Number.NaN)
  writer.f64(record.promptBytes)
  writer.u8(summary.retries)
  writer.u8(summary.error === null ? 0 : 1)
  writer.u8(record.attempts.length)
  assert(writer.length - start === AT.id, 'the fixed part of a record has its documented size')
  for (const text of [record.id, record.path, record.fairnessId, summary.error ?? '']) writer.text(text)
  for (const attempt of record.attempts) encodeAttempt(writer, attempt, name)
  writer.patchU32(start, writer.length - start)
}

function encodeAttempt(writer: ByteWriter, attempt: AttemptRecord, name: (value: string) => number): void {
  const rows = attempt.endpoints.length
  writer.f64(attempt.atMs)
  writer.u16(rows)
  writer.u16(attempt.passed)
  writer.u16(attempt.chosen)
  writer.u16(attempt.runnerUp === -1 ? NO_ROW : attempt.runnerUp)
  writer.u8(TIES.indexOf(attempt.tieBrokenBy))
  writer.u8(attempt.failure === null ? 0 : 1)
  writer.text(attempt.failure ?? '')
  writer.f64s(attempt.evidence)
  writer.f64s(attempt.stateAgesMs)
  writer.f64s(attempt.terms)
  for (let row = 0; row < rows; row += 1) {
    writer.u32(name(attempt.endpoints[row] ?? ''))
    const filter = attempt.filters[row] ?? null
    if (row < attempt.passed) continue
    assert(filter !== null, 'rows that did not pass have a reason')
    writer.u8(FILTERS.indexOf(filter))
    writer.text(attempt.filterDetails[row] ?? '')
  }
}

/** What can be asked of a record without decoding it. Model and endpoint are interned numbers. */
export interface EncodedFilter {
  readonly model?: number | undefined
  readonly endpoint?: number | undefined
  readonly status?: DecisionStatus | undefined
  readonly minTtftMs?: number | undefined
}

/** Whether the record at `offset` passes. */
export function matchesEncoded(view: DataView, offset: number, filter: EncodedFilter): boolean {
  if (filter.status !== undefined && view.getUint8(offset + AT.status) !== STATUSES.indexOf(filter.status)) return false
  if (filter.model !== undefined && view.getUint32(offset + AT.model, true) !== filter.model) return false
  if (filter.endpoint !== undefined && view.getUint32(offset + AT.endpoint, true) !== filter.endpoint) return false
  return filter.minTtftMs === undefined || view.getFloat64(offset + AT.ttft, true) >= filter.minTtftMs
}

/** Whether the record at `offset` is of the request whose id is `id` in UTF-8. */
export function hasId(view: DataView, offset: number, id: Uint8Array): boolean {
  const start = offset + AT.id + 2
  if (view.getUint16(offset + AT.id, true) !== id.length) return false
  for (let at = 0; at < id.length; at += 1) {
    if (view.getUint8(start + at) !== id[at]) return false
  }
  return true
}

/** The summary of the record at `offset`. */
export function decodeSummary(bytes: Uint8Array, offset: number, names: CodecNames): DecisionSummary {
  return decodeFixed(new ByteReader(bytes, offset), names).summary
}

/** The whole record at `offset`. */
export function decodeDecision(bytes: Uint8Array, offset: number, names: CodecNames): DecisionRecord {
  const reader = new ByteReader(bytes, offset)
  const { summary, policy, promptBytes, fairnessId, attemptCount } = decodeFixed(reader, names)
  const attempts: AttemptRecord[] = []
  for (let at = 0; at < attemptCount; at += 1) attempts.push(decodeAttempt(reader, names.names, policy.terms.length))
  return {
    id: summary.id,
    path: summary.path,
    model: summary.model,
    fairnessId,
    stream: summary.stream,
    priority: summary.priority,
    promptBytes,
    receivedMs: summary.receivedMs,
    policy,
    attempts,
    outcome: {
      status: summary.status,
      httpStatus: summary.httpStatus,
      error: summary.error,
      promptTokens: summary.promptTokens,
      completionTokens: summary.completionTokens,
      cachedTokens: summary.actualCachedTokens,
      ttftMs: summary.actualTtftMs,
      durationMs: summary.durationMs,
    },
  }
}

function decodeFixed(reader: ByteReader, { names, policies }: CodecNames) {
  const optional = () => {
    const value = reader.f64()
    return Number.isNaN(value) ? null : value
  }
  const optionalName = () => {
    const number = reader.u32()
    return number === 0 ? null : names.valueOf(number)
  }
  reader.u32()
  const status = STATUSES[reader.u8()] ?? 'error'
  const stream = reader.u8() === 1
  const httpStatus = reader.u16() || null
  const model = optionalName() ?? ''
  const endpoint = optionalName()
  const runnerUp = optionalName()
  const policy = policies.valueOf(reader.u32())
  const actualTtftMs = optional()
  const receivedMs = reader.f64()
  const durationMs = optional()
  const priority = reader.f64()
  const promptTokens = optional()
  const completionTokens = optional()
  const actualCachedTokens = optional()
  const predictedCachedTokens = optional()
  const predictedTtftMs = optional()
  const margin = optional()
  const promptBytes = reader.f64()
  const retries = reader.u8()
  const hasError = reader.u8() === 1
  const attemptCount = reader.u8()
  const id = reader.text()
  const path = reader.text()
  const fairnessId = reader.text()
  const errorText = reader.text()
  const error = hasError ? errorText : null
  const summary: DecisionSummary = {
    id,
    receivedMs,
    path,
    model,
    stream,
    priority,
    status,
    httpStatus,
    error,
    endpoint,
    retries,
    promptTokens,
    completionTokens,
    predictedCachedTokens,
    actualCachedTokens,
    predictedTtftMs,
    actualTtftMs,
    durationMs,
    margin,
    runnerUp,
  }
  return { summary, policy, promptBytes, fairnessId, attemptCount }
}

function decodeAttempt(reader: ByteReader, names: Interner<string>, termCount: number): AttemptRecord {
  const atMs = reader.f64()
  const rows = reader.u16()
  const passed = reader.u16()
  const chosen = reader.u16()
  const runnerUp = reader.u16()
  const tie = reader.u8()
  const failed = reader.u8() === 1
  const failure = reader.text()
  const evidence = reader.f64s(rows * EVIDENCE_WIDTH)
  const stateAgesMs = reader.f64s(rows)
  const terms = reader.f64s(passed * termCount)
  const endpoints: string[] = []
  const filters: (FilterReason | null)[] = []
  const filterDetails: (string | null)[] = []
  for (let row = 0; row < rows; row += 1) {
    endpoints.push(names.valueOf(reader.u32()))
    filters.push(row < passed ? null : (FILTERS[reader.u8()] ?? null))
    filterDetails.push(row < passed ? null : reader.text() || null)
  }
  return {
    atMs,
    endpoints,
    passed,
    filters,
    filterDetails,
    stateAgesMs,
    evidence,
    terms,
    chosen,
    runnerUp: runnerUp === NO_ROW ? -1 : runnerUp,
    tieBrokenBy: TIES[tie] ?? 'none',
    failure: failed ? failure : null,
  }
}
