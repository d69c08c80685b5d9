import type { Slab } from './slab.ts'
import type { SignalColumn } from './types.ts'

function engine(id: string, label: string, unit: SignalColumn['unit']): SignalColumn {
  return { id, label, unit, from: 'engine' }
}

function own(id: string, label: string, unit: SignalColumn['unit']): SignalColumn {
  return { id, label, unit, from: 'gateway' }
}

/** What is known of a candidate when it is judged. The order is that of `COLUMN` and of the stored records. */
export const SIGNAL_COLUMNS: readonly SignalColumn[] = [
  engine('state_fresh', 'State is fresh (1) or not (0)', 'none'),
  engine('running_requests', 'Requests running', 'requests'),
  engine('waiting_requests', 'Requests waiting', 'requests'),
  engine('kv_usage_ratio', 'KV cache in use', 'ratio'),
  engine('kv_capacity_tokens', 'KV cache capacity', 'tokens'),
  own('slots', 'Requests that may run at once', 'requests'),
  own('in_flight', "Gateways' requests in flight", 'requests'),
  own('own_waiting', "Gateways' requests without a first content", 'requests'),
  own('own_decoding', "Gateways' requests decoding", 'requests'),
  own('reserved_tokens', 'Uncached tokens reserved', 'tokens'),
  own('since_poll_tokens', 'Uncached tokens sent since the last poll', 'tokens'),
  own('since_poll_requests', 'Requests sent since the last poll', 'requests'),
  own('last_turn', 'Number of the last request sent here by this gateway', 'none'),
  own('prompt_tokens', 'Prompt tokens, estimated', 'tokens'),
  own('cached_tokens', 'Prompt tokens predicted to be cached', 'tokens'),
  own('prefill_tokens_per_second', 'Prefill rate, learned', 'tokens/s'),
  own('intercept_seconds', 'Fixed part of the time to first token, learned', 'seconds'),
  own('mean_uncached_tokens', "Mean uncached tokens of the model's requests", 'tokens'),
  own('mean_output_tokens', "Mean output tokens of the model's requests", 'tokens'),
  own('step_seconds_per_stream', 'Growth of a decode step with each stream', 'seconds'),
  own('adapter_load_seconds', 'Time to load the adapter, 0 where it is loaded', 'seconds'),
  own('freed_tokens_per_second', 'KV tokens given back by own completions', 'tokens/s'),
  own('finishes_per_second', 'Own completions a second', 'none'),
  engine('others_running', "Other senders' requests running at the last poll", 'requests'),
  engine('others_waiting', "Other senders' requests waiting at the last poll", 'requests'),
]

/** Place of each column, for who fills or reads evidence column by column. */
export const COLUMN = {
  stateFresh: 0,
  runningRequests: 1,
  waitingRequests: 2,
  kvUsageRatio: 3,
  kvCapacityTokens: 4,
  slots: 5,
  inFlight: 6,
  ownWaiting: 7,
  ownDecoding: 8,
  reservedTokens: 9,
  sincePollTokens: 10,
  sincePollRequests: 11,
  lastTurn: 12,
  promptTokens: 13,
  cachedTokens: 14,
  prefillTokensPerSecond: 15,
  interceptSeconds: 16,
  meanUncachedTokens: 17,
  meanOutputTokens: 18,
  stepSecondsPerStream: 19,
  adapterLoadSeconds: 20,
  freedTokensPerSecond: 21,
  finishesPerSecond: 22,
  othersRunning: 23,
  othersWaiting: 24,
} as const

const WIDTH = SIGNAL_COLUMNS.length
const ROWS_INITIAL = 16

/**
 * The signal values of all candidates of one decision: all that a policy may look at, and exactly what a
 * decision record keeps, so that a record can be judged again by any policy.
 *
 *     row 0: state_fresh, running, ... | row 1: ... | ...        Float64Array, 25 values a row; NaN: unknown
 *
 * Counts of what gateways sent (`in_flight`, `own_waiting`, `own_decoding`, `reserved_tokens`, `since_poll_...`) are of this gateway and its
 * siblings together; `last_turn` and the two rates of completions are of this gateway alone.
 *
 * Rows `0 .. rows - 1` passed the filters. The sheet is the scheduler's and valid during the call that it
 * is passed to. Engine values are the last observed ones also when they are stale: ask `fresh(row)` first.
 */
export class Evidence {
  #values: Float64Array
  /** Candidates to judge. */
  rows = 0

  /** `values`: a record's, read where they are. */
  constructor(values: Float64Array = new Float64Array(WIDTH * ROWS_INITIAL)) {
    this.#values = values
  }

  fresh(row: number): boolean {
    return this.read(row, COLUMN.stateFresh) === 1
  }

  runningRequests(row: number): number {
    return this.read(row, COLUMN.runningRequests)
  }

  waitingRequests(row: number): number {
    return this.read(row, COLUMN.waitingRequests)
  }

  /** 0..1 */
  kvUsageRatio(row: number): number {
    return this.read(row, COLUMN.kvUsageRatio)
  }

  kvCapacityTokens(row: number): number {
    return this.read(row, COLUMN.kvCapacityTokens)
  }

  slots(row: number): number {
    return this.read(row, COLUMN.slots)
  }

  inFlight(row: number): number {
    return this.read(row, COLUMN.inFlight)
  }

  ownWaiting(row: number): number {
    return this.read(row, COLUMN.ownWaiting)
  }

  ownDecoding(row: number): number {
    return this.read(row, COLUMN.ownDecoding)
  }

  reservedTokens(row: number): number {
    return this.read(row, COLUMN.reservedTokens)
  }

  sincePollTokens(row: number): number {
    return this.read(row, COLUMN.sincePollTokens)
  }

  sincePollRequests(row: number): number {
    return this.read(row, COLUMN.sincePollRequests)
  }

  lastTurn(row: number): number {
    return this.read(row, COLUMN.lastTurn)
  }

  promptTokens(row: number): number {
    return this.read(row, COLUMN.promptTokens)
  }

  cachedTokens(row: number): number {
    return this.read(row, COLUMN.cachedTokens)
  }

  prefillTokensPerSecond(row: number): number {
    return this.read(row, COLUMN.prefillTokensPerSecond)
  }

  interceptSeconds(row: number): number {
    return this.read(row, COLUMN.interceptSeconds)
  }

  meanUncachedTokens(row: number): number {
    return this.read(row, COLUMN.meanUncachedTokens)
  }

  meanOutputTokens(row: number): number {
    return this.read(row, COLUMN.meanOutputTokens)
  }

  stepSecondsPerStream(row: number): number {
    return this.read(row, COLUMN.stepSecondsPerStream)
  }

  adapterLoadSeconds(row: number): number {
    return this.read(row, COLUMN.adapterLoadSeconds)
  }

  freedTokensPerSecond(row: number): number {
    return this.read(row, COLUMN.freedTokensPerSecond)
  }

  finishesPerSecond(row: number): number {
    return this.read(row, COLUMN.finishesPerSecond)
  }

  /** NaN: never polled. */
  othersRunning(row: number): number {
    return this.read(row, COLUMN.othersRunning)
  }

  othersWaiting(row: number): number {
    return this.read(row, COLUMN.othersWaiting)
  }

  read(row: number, column: number): number {
    return this.#values[row * WIDTH + column] as number
  }

  write(row: number, column: number, value: number): void {
    this.#values[row * WIDTH + column] = value
  }

  /** Makes room for so many rows, filtered ones included; keeps no values. */
  reserve(rows: number): void {
    if (this.#values.length < rows * WIDTH) this.#values = new Float64Array(2 ** Math.ceil(Math.log2(rows)) * WIDTH)
  }

  /** A copy of the first `rows` rows, for a record. */
  copy(rows: number, slab: Slab): Float64Array {
    return slab.copy(this.#values, rows * WIDTH)
  }

  /** Takes the values of a record. */
  load(values: Float64Array, rows: number): void {
    this.reserve(values.length / WIDTH)
    this.#values.set(values)
    this.rows = rows
  }
}

/** Columns of one row. */
export const EVIDENCE_WIDTH = WIDTH
