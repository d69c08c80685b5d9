import { assert } from '@signalbox/base'

/** Where a fit of `y = intercept + slope·x` starts, and how fast it forgets. */
export interface LeastSquaresOptions {
  /** Weight of the older samples for each new one, in (0, 1]. */
  readonly forgetting: number
  readonly interceptPrior: number
  readonly slopePrior: number
  /** The prior weighs as much as one sample at this x. */
  readonly xScale: number
  /** The prior of the intercept weighs as much as so many samples at 0. Default 1. */
  readonly interceptWeight?: number
  /** Default: none. */
  readonly interceptMax?: number
}

/**
 * A straight line through (x, y) by recursive least squares with exponential forgetting, 0 <= intercept <= `interceptMax`.
 *
 * Kept in information form: M = sum of w·φφᵀ and v = sum of w·φy with φ = (1, x), which a new sample updates
 * exactly as the usual gain form does. The prior is a constant ridge that does not decay: with inputs that
 * stop varying, a decaying one would leave M singular and the line free to swing (covariance wind-up).
 * Where the best intercept is out of bounds, the answer is the best line through the bound (the origin, usually):
 * for a quadratic objective the constrained optimum lies on the boundary.
 *
 * SOURCE: Åström, Wittenmark, Adaptive Control, 2nd ed., §2.2 (forgetting), §11.5 (wind-up).
 */
export class LeastSquares {
  readonly #options: LeastSquaresOptions
  #weight = 0
  #x = 0
  #xx = 0
  #y = 0
  #xy = 0
  #intercept: number
  #slope: number

  constructor(options: LeastSquaresOptions) {
    assert(options.forgetting > 0 && options.forgetting <= 1, `forgetting ${options.forgetting}`)
    this.#options = options
    this.#intercept = options.interceptPrior
    this.#slope = options.slopePrior
  }

  get intercept(): number {
    return this.#intercept
  }

  get slope(): number {
    return this.#slope
  }

  /** Adds one finite sample. O(1), allocates nothing. */
  add(x: number, y: number): void {
    assert(Number.isFinite(x) && Number.isFinite(y), `sample (${x}, ${y})`)
    const { forgetting, interceptPrior, slopePrior, xScale, interceptWeight = 1, interceptMax = Number.POSITIVE_INFINITY } = this.#options
    this.#weight = this.#weight * forgetting + 1
    this.#x = this.#x * forgetting + x
    this.#xx = this.#xx * forgetting + x * x
    this.#y = this.#y * forgetting + y
    this.#xy = this.#xy * forgetting + x * y
    const ridge = xScale * xScale
    const weight = this.#weight + interceptWeight
    const xx = this.#xx + ridge
    const v0 = this.#y + interceptWeight * interceptPrior
    const v1 = this.#xy + ridge * slopePrior
    // Positive: M is a sum of outer products plus a positive diagonal.
    const determinant = weight * xx - this.#x * this.#x
    const intercept = (xx * v0 - this.#x * v1) / determinant
    this.#intercept = Math.min(interceptMax, Math.max(0, intercept))
    this.#slope = (v1 - this.#x * this.#intercept) / xx
  }
}
