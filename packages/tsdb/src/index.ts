export { Head, type HeadOptions } from './head.ts'
export type { AppendOutcome, HeadStats, Matcher, MatchOperator, SeriesColumns } from './types.ts'
