/** What a process answers that a signal ended: 128 and the number of SIGINT. */
export const STOPPED_EXIT_CODE = 130

/** What Ctrl-C does to a long command. */
export interface StopSignal {
  /** Whether the signal came. */
  readonly stopped: boolean
  /** The command is done: signals mean what they always mean. */
  forget(): void
}

/** SIGINT or SIGTERM calls `stop`, which ends the command in order; a second one ends the process at once. */
export function stopOnSignal(stop: () => void): StopSignal {
  let stopped = false
  const onSignal = (): void => {
    if (stopped) process.exit(STOPPED_EXIT_CODE)
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
