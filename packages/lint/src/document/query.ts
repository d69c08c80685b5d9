import { parse } from '@signalbox/promql'
import type { MappedText } from './mapped-text.ts'
import type { Query } from './model.ts'
import { withStandIns } from './variables.ts'

/** Reads a query; with `templated`, `$name` in it is a dashboard's variable. */
export function readQuery(
  text: MappedText,
  about: Pick<Query, 'purpose' | 'where'> & { readonly legend?: MappedText | undefined; readonly templated: boolean },
): Query {
  const { purpose, where, legend } = about
  if (!about.templated) return { text, plain: text, variables: [], parsed: parse(text.text), purpose, where, legend }
  const first = withStandIns(text, 'number')
  const parsed = parse(first.text.text)
  if (parsed.ok || first.guessed === 0) return { text, plain: first.text, variables: first.variables, parsed, purpose, where, legend }
  const second = withStandIns(text, 'word')
  const again = parse(second.text.text)
  return { text, plain: second.text, variables: second.variables, parsed: again.ok ? again : undefined, purpose, where, legend }
}
