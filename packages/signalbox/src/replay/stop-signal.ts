/** What a long command does on Ctrl-C: the first ends it in order, a second one at once. */
export interface StopSignal {
  readonly stopped: boolean
  /** The command is done: signals mean what they always mean. */
  forget(): void
}

export function stopOnSignal(stop: () => void): StopSignal {
  let stopped = false
  const onSignal = (): void => {
    if (stopped) process.exit(130)
    stopped = true
    stop()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    get stopped() {
      return stopped
    },
    forget() {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
