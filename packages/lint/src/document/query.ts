import { parse } from '@signalbox/promql'
import type { MappedText } from './mapped-text.ts'
import type { Query } from './model.ts'
import { withStandIns } from './variables.ts'

/** What is known of a query before it is read. */
export interface QueryContext extends Pick<Query, 'purpose' | 'where'> {
  readonly legend?: MappedText | undefined
  readonly beside?: readonly MappedText[]
  /** `$name` in it is a dashboard's variable. */
  readonly templated: boolean
}

/** Reads a query. A variable of which nothing tells the kind is taken for a number, and for a name where that does not parse. */
export function readQuery(text: MappedText, { purpose, where, legend, beside = [], templated }: QueryContext): Query {
  const about = { text, purpose, where, legend, beside }
  if (!templated) return { ...about, plain: text, variables: [], parsed: parse(text.text) }
  const first = withStandIns(text, 'number')
  const parsed = parse(first.text.text)
  if (parsed.ok || first.guessed === 0) return { ...about, plain: first.text, variables: first.variables, parsed }
  const second = withStandIns(text, 'word')
  const again = parse(second.text.text)
  return { ...about, plain: second.text, variables: second.variables, parsed: again.ok ? again : undefined }
}
