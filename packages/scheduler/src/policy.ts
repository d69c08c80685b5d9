import type { Random } from '@signalbox/base'
import type { Evidence } from './evidence.ts'
import type { Slab } from './slab.ts'
import type { TermInfo } from './types.ts'

/** What a policy is given when it is created. */
export interface PolicyDeps {
  readonly random: Random
}

/** How a policy judges. */
export interface Scoring {
  /**
   * Sets every term of every row `0 .. evidence.rows - 1`. The cost of a row is the sum of its terms; the
   * smallest wins, ties go to the fewest requests in flight, then to chance. A cost that is not a number
   * counts as infinite. Called once a request: it must not keep the sheets.
   */
  score(evidence: Evidence, terms: TermSheet): void
}

/** A kind of policy as its author writes it: what a user's module exports under the name `policy`. */
export interface PolicyDefinition {
  /** What configuration names; unique. */
  readonly type: string
  readonly stability: 'stable' | 'beta' | 'alpha'
  /** One sentence for people. */
  readonly description: string
  /** The additive terms of its cost, in the order in which `score` sets them. */
  readonly terms: readonly TermInfo[]
  /** Validates `parameters` strictly (undefined: none given): it throws here, at load, and never on a request. */
  create(parameters: unknown, deps: PolicyDeps): Scoring
}

/** A policy with its parameters, as the scheduler runs it. */
export interface Policy extends Scoring {
  readonly type: string
  readonly terms: readonly TermInfo[]
}

/** A kind of policy as the registry holds it: what it creates knows its own name and terms. */
export interface PolicyPlugin extends PolicyDefinition {
  create(parameters: unknown, deps: PolicyDeps): Policy
}

/** Makes a registered kind of an author's one, and checks at load what its `create` answers. */
export function definePolicy(definition: PolicyDefinition): PolicyPlugin {
  const { type, stability, description, terms } = definition
  return {
    type,
    stability,
    description,
    terms,
    create(parameters, deps) {
      const scoring: unknown = definition.create(parameters, deps)
      if (!isScoring(scoring)) throw new Error(`policy ${type}: create must answer an object with a function score(evidence, terms)`)
      return { type, terms, score: (evidence, sheet) => scoring.score(evidence, sheet) }
    },
  }
}

function isScoring(value: unknown): value is Scoring {
  return typeof value === 'object' && value !== null && 'score' in value && typeof value.score === 'function'
}

/**
 * The terms that a policy sets, one row a candidate.
 *
 *     row 0: term 0, term 1, ... | row 1: ...        Float64Array, `width` values a row
 *
 * Owned by who calls the policy, and reset to 0 before each call.
 */
export class TermSheet {
  readonly width: number
  #values: Float64Array

  constructor(width: number) {
    this.width = width
    this.#values = new Float64Array(width * 16)
  }

  set(row: number, term: number, value: number): void {
    this.#values[row * this.width + term] = value
  }

  get(row: number, term: number): number {
    return this.#values[row * this.width + term] as number
  }

  /** Sum of the row's terms; Infinity when that is no number. */
  cost(row: number): number {
    return costOf(this.#values, row, this.width)
  }

  /** Makes room for `rows` and clears them. */
  reset(rows: number): void {
    const length = rows * this.width
    if (this.#values.length < length) this.#values = new Float64Array(2 ** Math.ceil(Math.log2(length)))
    else this.#values.fill(0, 0, length)
  }

  /** A copy of the first `rows` rows, for a record. */
  copy(rows: number, slab: Slab): Float64Array {
    return slab.copy(this.#values, rows * this.width)
  }
}

/** Sum of one row of a sheet of terms `width` wide; Infinity when it is no number. */
export function costOf(terms: Float64Array, row: number, width: number): number {
  let cost = 0
  for (let term = 0; term < width; term += 1) cost += terms[row * width + term] as number
  return Number.isNaN(cost) ? Number.POSITIVE_INFINITY : cost
}
