import { RestartBackoff } from './backoff.ts'
import { RoleChild, type RoleExit } from './child.ts'
import type { RoleSettings } from './messages.ts'

export interface RoleSpec {
  /** Shown before the role's lines: `engine-2`. */
  readonly name: string
  readonly settings: RoleSettings
  /** Lower layers start before and stop after what stands on them: engines 0, gateway 1, what talks to the gateway 2. */
  readonly layer: number
}

/** By role name, what each listens on. */
export type RoleAddresses = ReadonlyMap<string, Readonly<Record<string, string>>>

export interface SupervisorOptions {
  /** The file that children run: the command's own bundle. */
  readonly program: string
  print(line: string): void
  nowMs(): number
}

/** All of a shutdown, from the signal to the last exit. */
const SHUTDOWN_MS = 5_000
/** What running answers get of it. */
const GRACE_MS = 4_000

interface Role {
  readonly spec: RoleSpec
  readonly backoff: RestartBackoff
  child: RoleChild | undefined
  startedMs: number
  restart: NodeJS.Timeout | undefined
  wasReady: boolean
}

/**
 * Runs each role as a process of its own and starts a crashed one again, with back-off, saying so. A role that cannot
 * start the first time (a taken port) ends the whole: better no fleet than half of one.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #roles: Role[] = []
  #stopping: Promise<void> | undefined
  #startFailed: (message: string) => void = () => undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** Starts the roles layer by layer; answers every role's addresses, or the reason why one could not start. */
  async start(specs: readonly RoleSpec[]): Promise<{ readonly addresses: RoleAddresses } | { readonly failed: string }> {
    const addresses = new Map<string, Readonly<Record<string, string>>>()
    for (const layer of layersOf(specs)) {
      const failed = await this.#startLayer(
        specs.filter((spec) => spec.layer === layer),
        addresses,
      )
      if (failed !== undefined) return { failed }
    }
    return { addresses }
  }

  /** Resolves when all of them are ready, or with the reason of the first that could not start. */
  #startLayer(specs: readonly RoleSpec[], addresses: Map<string, Readonly<Record<string, string>>>): Promise<string | undefined> {
    return new Promise((resolve) => {
      let ready = 0
      this.#startFailed = resolve
      for (const spec of specs) {
        const role: Role = { spec, backoff: new RestartBackoff(), child: undefined, startedMs: 0, restart: undefined, wasReady: false }
        this.#roles.push(role)
        this.#launch(role, (reported) => {
          addresses.set(spec.name, reported)
          ready += 1
          if (ready === specs.length) resolve(undefined)
        })
      }
    })
  }

  /** Stops everything in order, within five seconds; whoever has not ended by then is killed. Repeated calls join the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  /** Ends every process at once. */
  kill(): void {
    for (const role of this.#roles) role.child?.kill()
  }

  async #stopAll(): Promise<void> {
    const deadline = setTimeout(() => this.kill(), SHUTDOWN_MS - 200)
    for (const role of this.#roles) clearTimeout(role.restart)
    for (const layer of layersOf(this.#roles.map((role) => role.spec)).reverse()) {
      const running = this.#roles.filter((role) => role.spec.layer === layer && role.child !== undefined)
      for (const role of running) role.child?.stop(GRACE_MS)
      while (running.some((role) => role.child !== undefined)) await this.#nextExit()
    }
    clearTimeout(deadline)
  }

  #exitWaiters: (() => void)[] = []

  #nextExit(): Promise<void> {
    return new Promise((resolve) => {
      this.#exitWaiters.push(resolve)
    })
  }

  #launch(role: Role, onReady: (addresses: Readonly<Record<string, string>>) => void): void {
    const { print, program, nowMs } = this.#options
    role.startedMs = nowMs()
    role.child = new RoleChild(program, role.spec.settings, {
      ready: (addresses) => {
        if (role.wasReady) print(`${role.spec.name}: running again`)
        role.wasReady = true
        onReady(addresses)
      },
      line: (text) => print(`${role.spec.name}: ${text}`),
      exited: (exit) => this.#exited(role, exit),
    })
  }

  #exited(role: Role, exit: RoleExit): void {
    role.child = undefined
    for (const waiter of this.#exitWaiters.splice(0)) waiter()
    if (this.#stopping !== undefined) return
    const reason = exit.message ?? (exit.signal === null ? `ended with code ${exit.code}` : `ended by ${exit.signal}`)
    if (!role.wasReady) {
      this.#startFailed(`${role.spec.name}: ${reason}`)
      return
    }
    const waitMs = role.backoff.afterRun(this.#options.nowMs() - role.startedMs)
    this.#options.print(`${role.spec.name}: ${reason}; starting it again in ${waitMs / 1000} s`)
    role.restart = setTimeout(() => this.#launch(role, () => undefined), waitMs)
  }
}

/** From the lowest up. */
function layersOf(specs: readonly RoleSpec[]): number[] {
  return [...new Set(specs.map((spec) => spec.layer))].sort((a, b) => a - b)
}
