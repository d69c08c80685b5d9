import type { Result } from '@signalbox/base'
import type { EngineState } from '@signalbox/scheduler'

/** Asks a page of another process. Never rejects for what the other side does, and never outlives `timeoutMs`. */
export type HttpGet = (request: {
  readonly url: string
  /** For the whole exchange. */
  readonly timeoutMs: number
  /** Of the body after decompression. */
  readonly bodyBytesMax: number
}) => Promise<Result<{ readonly status: number; readonly body: Uint8Array }, { readonly code: string; readonly message: string }>>

/** Who hears of each poll. */
export interface PollListener {
  /** `startedMs`: when the poll began. */
  stateObserved(id: string, state: EngineState, startedMs: number): void
  /** `reason` is for people: `connection refused`, `HTTP 503`. `unreachable`: no connection came about. */
  stateFailed(id: string, reason: string, unreachable: boolean): void
}

export interface PollFailure {
  readonly reason: string
  readonly unreachable: boolean
  /** The endpoint answered with a page that cannot be read. */
  readonly notUnderstood?: true
}

/** How a poll ended. */
export type PollResult = 'ok' | 'failed' | 'not-understood'

export type Log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>) => void
