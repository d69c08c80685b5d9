/** What a long command does on Ctrl-C: the first ends it in order, a second one at once. */
export interface StopSignal {
  readonly stopped: boolean
  /** The command is done: signals mean what they always mean. */
  forget(): void
}

export function stopOnSignal(stop: () => void): StopSignal {
  const state = { stopped: false, forget: () => undefined as void }
  const onSignal = (): void => {
    if (state.stopped) process.exit(130)
    state.stopped = true
    stop()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  state.forget = () => {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
  return state
}
