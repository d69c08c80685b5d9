import type { EndpointTable } from './endpoint-table.ts'
import type { FilterReason } from './types.ts'

const DETAIL_MODELS_MAX = 5

/** What the filters look at. */
export interface FilterInput {
  readonly model: string
  /** Endpoint ids that failed this request already. */
  readonly tried: readonly string[]
  readonly nowMs: number
}

/**
 * Sorts the endpoints of a table into those that may take a request and those that may not, with the reason.
 * Staleness is none: an endpoint whose polls fail still takes requests until one of them fails. Held-out endpoints that can be
 * reached take requests again when nobody else is left: one overloaded answer must not stop a whole pool.
 *
 *     slots   [ passed ... | filtered ... ]      both in order of slots; `passed` says where the first part ends
 *
 * The arrays are reused by the next `run`.
 */
export class CandidateFilter {
  readonly slots: Uint32Array
  /** Slots that passed. */
  passed = 0
  /** Slots in total. */
  total = 0
  readonly #table: EndpointTable
  readonly #reasons: (FilterReason | null)[]

  constructor(table: EndpointTable) {
    this.#table = table
    this.slots = new Uint32Array(table.slotsMax)
    this.#reasons = new Array<FilterReason | null>(table.slotsMax).fill(null)
  }

  run(input: FilterInput): void {
    const serving = this.#table.servingMask(input.model)
    this.passed = 0
    this.total = 0
    for (let slot = 0; slot < this.#table.slotsEnd; slot += 1) {
      if (this.#table.spec(slot) === undefined) continue
      const reason = this.#reasonOf(slot, input, serving)
      this.#reasons[slot] = reason
      this.total += 1
      if (reason !== null) continue
      this.slots[this.passed] = slot
      this.passed += 1
    }
    if (this.passed === 0) this.#passHeldOut()
    if (this.passed < this.total) this.#appendFiltered()
  }

  /** Null: passed. */
  reason(slot: number): FilterReason | null {
    return this.#reasons[slot] ?? null
  }

  /** The reason for people; null: it says all. */
  detail(slot: number, nowMs: number): string | null {
    switch (this.reason(slot)) {
      case 'held-out':
        return this.#table.reason(slot, nowMs)
      case 'model-not-served': {
        const models = this.#table.models(slot)
        const more = models.length > DETAIL_MODELS_MAX ? ` and ${models.length - DETAIL_MODELS_MAX} more` : ''
        return `serves ${models.slice(0, DETAIL_MODELS_MAX).join(', ')}${more}`
      }
      default:
        return null
    }
  }

  /** Whether no endpoint can serve the model: there are endpoints, all have said what they serve, and none serves it. */
  modelIsUnknown(model: string): boolean {
    return this.#hasEndpoint() && !this.mayServe(model)
  }

  /** Whether some endpoint serves the model, or has not said what it serves. */
  mayServe(model: string): boolean {
    const serving = this.#table.servingMask(model)
    for (let slot = 0; slot < this.#table.slotsEnd; slot += 1) {
      if (!this.#isCandidate(slot)) continue
      if (this.#table.models(slot).length === 0 || serving?.[slot] === 1) return true
    }
    return false
  }

  /** How many endpoints each filter took, for people. */
  account(): string {
    if (this.total === 0) return 'the pool has no endpoint'
    const counts = new Map<FilterReason, number>()
    for (let row = 0; row < this.total; row += 1) {
      const reason = this.reason(this.slots[row] as number)
      if (reason !== null) counts.set(reason, (counts.get(reason) ?? 0) + 1)
    }
    return `of ${this.total} endpoints: ${[...counts].map(([reason, count]) => `${count} ${reason}`).join(', ')}`
  }

  #reasonOf(slot: number, input: FilterInput, serving: Uint8Array | undefined): FilterReason | null {
    const table = this.#table
    if (table.isDraining(slot)) return 'draining'
    if (serving?.[slot] !== 1 && table.models(slot).length > 0) return 'model-not-served'
    if (input.tried.length > 0 && input.tried.includes(table.spec(slot)?.id ?? '')) return 'already-tried'
    return table.isHeldOut(slot, input.nowMs) ? 'held-out' : null
  }

  #hasEndpoint(): boolean {
    for (let slot = 0; slot < this.#table.slotsEnd; slot += 1) if (this.#isCandidate(slot)) return true
    return false
  }

  #isCandidate(slot: number): boolean {
    return this.#table.spec(slot) !== undefined && !this.#table.isDraining(slot)
  }

  #passHeldOut(): void {
    for (let slot = 0; slot < this.#table.slotsEnd; slot += 1) {
      if (this.#table.spec(slot) === undefined || this.reason(slot) !== 'held-out' || this.#table.isUnreachable(slot)) continue
      this.#reasons[slot] = null
      this.slots[this.passed] = slot
      this.passed += 1
    }
  }

  #appendFiltered(): void {
    let row = this.passed
    for (let slot = 0; slot < this.#table.slotsEnd; slot += 1) {
      if (this.#table.spec(slot) === undefined || this.reason(slot) === null) continue
      this.slots[row] = slot
      row += 1
    }
  }
}
