import { type ChildProcess, fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { FromRole, RoleSettings, ToRole } from './messages.ts'

export interface RoleExit {
  readonly code: number | null
  readonly signal: string | null
  /** What the role said before it gave up, if it did. */
  readonly message: string | undefined
}

export interface ChildEvents {
  ready(addresses: Readonly<Record<string, string>>): void
  exited(exit: RoleExit): void
  /** One line that the role printed. */
  line(text: string): void
}

/** One role's process: started with a channel, told its settings, its lines passed on. */
export class RoleChild {
  readonly #process: ChildProcess
  #failure: string | undefined

  constructor(program: string, settings: RoleSettings, events: ChildEvents) {
    const child = fork(program, ['role', settings.role], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.#process = child
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => events.line(line))
    }
    child.on('message', (message: FromRole) => {
      if (message.type === 'ready') events.ready(message.addresses)
      else this.#failure = message.message
    })
    // A channel that breaks shows as an exit; its own error says nothing more.
    child.on('error', () => undefined)
    child.on('exit', (code, signal) => events.exited({ code, signal, message: this.#failure }))
    this.#send({ type: 'start', settings })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Asks the role to end within `graceMs`. */
  stop(graceMs: number): void {
    this.#send({ type: 'stop', graceMs })
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  #send(message: ToRole): void {
    if (this.#process.connected) this.#process.send(message, () => undefined)
  }
}
