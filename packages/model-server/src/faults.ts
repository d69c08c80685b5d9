import { failure, ok, type Result } from '@signalbox/base'
import type { JsonObject } from './body.ts'

/** What goes wrong on purpose. Everything absent is off. */
export interface Faults {
  /** So many of the next inference requests are answered with `status` (default 500). */
  readonly failNextRequests?: number
  /** 400..599 */
  readonly status?: number
  /** The connection of every answer breaks when it has so many tokens. */
  readonly cutStreamAfterTokens?: number
  /** The engine's loop stands still once for so long, up to 10 minutes. */
  readonly stallMs?: number
  /** Every connection is reset on its first request, except those to the admin path. */
  readonly refuse?: boolean
  /** `/health` answers 503. */
  readonly unhealthy?: boolean
  /** Answered in place of the metrics page. */
  readonly metricsBody?: string
}

type Check = (value: unknown) => boolean
const integer =
  (min: number, max: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max

const CHECKS: Readonly<Record<keyof Faults, { readonly check: Check; readonly wanted: string }>> = {
  failNextRequests: { check: integer(0, 1e9), wanted: 'an integer from 0' },
  status: { check: integer(400, 599), wanted: 'an integer from 400 to 599' },
  cutStreamAfterTokens: { check: integer(0, 1e9), wanted: 'an integer from 0' },
  stallMs: { check: integer(0, 600_000), wanted: 'an integer from 0 to 600000' },
  refuse: { check: (value) => typeof value === 'boolean', wanted: 'a boolean' },
  unhealthy: { check: (value) => typeof value === 'boolean', wanted: 'a boolean' },
  metricsBody: { check: (value) => typeof value === 'string', wanted: 'a string' },
}

/** Checks a plan from outside; the failure is a sentence that names the key. */
export function parseFaults(plan: JsonObject): Result<Faults, string> {
  for (const [key, value] of Object.entries(plan)) {
    if (!Object.hasOwn(CHECKS, key)) return failure(`unknown fault ${key}; known are ${Object.keys(CHECKS).join(', ')}`)
    const { check, wanted } = CHECKS[key as keyof Faults]
    if (!check(value)) return failure(`${key} must be ${wanted}`)
  }
  return ok(plan)
}

/** The plan in force, and how much of it is used up. */
export class FaultPlan {
  #faults: Faults
  #failuresLeft: number

  constructor(faults: Faults = {}) {
    this.#faults = faults
    this.#failuresLeft = faults.failNextRequests ?? 0
  }

  get faults(): Faults {
    return { ...this.#faults, ...(this.#failuresLeft > 0 ? { failNextRequests: this.#failuresLeft } : {}) }
  }

  /** Replaces the whole plan: what it does not name is off. */
  replace(faults: Faults): void {
    this.#faults = faults
    this.#failuresLeft = faults.failNextRequests ?? 0
  }

  /** The status that this inference request must fail with, if it must. */
  takeFailure(): number | undefined {
    if (this.#failuresLeft === 0) return undefined
    this.#failuresLeft -= 1
    return this.#faults.status ?? 500
  }
}
