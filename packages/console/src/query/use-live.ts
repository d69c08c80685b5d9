import type { ReadonlySignal } from '@preact/signals'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { REFRESH_MS, useApp } from '../app.ts'
import { emptyState, type LiveState, type Load } from './live-query.ts'

/**
 * A live query for as long as the part is drawn. `key` names what `makeLoad` asks: another key starts anew. Old data stay
 * until the new query's first answer when `keep` is set.
 */
export function useLive<T>(
  key: string,
  makeLoad: () => Load<T>,
  options: { readonly keep?: boolean; readonly intervalMs?: (data: T | undefined) => number | undefined } = {},
): ReadonlySignal<LiveState<T>> {
  const { scheduler } = useApp()
  const state = useSignal<LiveState<T>>(emptyState)
  useEffect(() => {
    if (options.keep !== true) state.value = emptyState
    return scheduler.watch(makeLoad(), options.intervalMs ?? (() => REFRESH_MS), (next) => {
      state.value = next.data === undefined && options.keep === true ? { ...state.value, error: next.error, failures: next.failures } : next
    })
  }, [key])
  return state
}
