import type { FromRole, RoleSettings, ToRole } from './messages.ts'

/** A role that is up. */
export interface RunningRole {
  /** What it listens on, by name. */
  readonly addresses: Readonly<Record<string, string>>
  /** Ends it; running work is given `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/** Thrown by a role that cannot start for a reason that the person at the terminal can mend. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

const report = (message: FromRole): void => {
  process.send?.(message, undefined, undefined, () => undefined)
}

/**
 * The life of a role's process under a supervisor: waits for its settings, starts, reports, ends when told to or when the
 * supervisor is gone (its channel closes), so that no orphan keeps a port. Ctrl-C reaches the whole process group; only
 * the supervisor acts on it, because the order of stopping is its to keep.
 */
export function runUnderSupervisor(start: (settings: RoleSettings) => Promise<RunningRole>): void {
  let running: RunningRole | undefined
  let stopping = false
  const end = async (graceMs: number): Promise<void> => {
    if (stopping) return
    stopping = true
    await running?.stop(graceMs)
    process.exit(0)
  }
  const begin = async (settings: RoleSettings): Promise<void> => {
    process.title = `signalbox ${settings.role}`
    try {
      running = await start(settings)
    } catch (error) {
      if (!(error instanceof StartError)) throw error
      report({ type: 'failed', message: error.message })
      process.disconnect?.()
      process.exitCode = 1
      return
    }
    report({ type: 'ready', addresses: running.addresses })
  }
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => void end(4_000))
  process.on('disconnect', () => void end(1_000))
  process.on('message', (message: ToRole) => {
    if (message.type === 'start') void begin(message.settings)
    else void end(message.graceMs)
  })
}

/** The life of a role that was started by hand: runs until SIGINT or SIGTERM, a second signal ends it at once. */
export async function runByHand(start: () => Promise<RunningRole>, graceMs: number): Promise<RunningRole> {
  const running = await start()
  let stopping = false
  const onSignal = (): void => {
    if (stopping) process.exit(130)
    stopping = true
    void running.stop(graceMs).then(() => process.exit(0))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return running
}
