import type { EvaluationError } from './types.ts'

/** Unwinds an evaluation; the entry points turn it into a value, so none leaves the package. */
export class EvaluationFailure extends Error {
  override readonly name = 'EvaluationFailure'
  readonly code: EvaluationError['code']

  constructor(code: EvaluationError['code'], message: string) {
    super(message)
    this.code = code
  }
}
