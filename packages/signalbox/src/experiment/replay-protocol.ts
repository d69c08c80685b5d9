import type { RunResult, Saturation } from '@signalbox/replay'
import type { ReplayRun, ReplaySettings } from './replay-runner.ts'

/** What a replay's worker thread is started with. */
export interface ReplayWorkerData {
  readonly settings: ReplaySettings
}

export type ToReplayWorker = { readonly type: 'saturation'; readonly seed: number } | { readonly type: 'run'; readonly run: ReplayRun }

export type FromReplayWorker =
  | { readonly type: 'progress'; readonly share: number }
  | { readonly type: 'saturation'; readonly saturation: Saturation }
  | { readonly type: 'result'; readonly result: RunResult }
  /** A mistake of the person at the terminal, in a sentence. */
  | { readonly type: 'refused'; readonly message: string }
