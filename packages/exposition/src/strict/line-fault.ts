import type { ExpositionErrorCode } from '../types.ts'

/** What is wrong with a page, before the line's number is added. */
export interface LineFault {
  readonly code: ExpositionErrorCode
  /** Names the rule that is broken, and the fix. */
  readonly message: string
  /** From 1, in UTF-16 units. */
  readonly column: number
  /** From 1, when the fault shows later than where it lies; absent: the line that is being read. */
  readonly line?: number
}
