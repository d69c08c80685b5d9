import type { Labels } from '@signalbox/base'
import type { RE2JS } from 're2js'
import type { CallContext } from '../context.ts'
import { EvaluationFailure } from '../failure.ts'
import { compileRegex } from '../matcher.ts'
import { isValidText, quote } from '../quote.ts'
import { type LazySeries, mergeEqual } from '../series.ts'
import { type FunctionDefinition, vectorFunction } from './signature.ts'

/** Series under new labels; one whose name is set anew keeps that name to the end. */
function relabelled(all: readonly LazySeries[], target: string, change: (labels: Labels) => Labels | undefined): LazySeries[] {
  return mergeEqual(
    all.map((series) => {
      const labels = change(series.labels)
      if (labels === undefined) return series
      return { labels, dropsName: target !== '__name__' && (series.dropsName ?? false), row: () => series.row() }
    }),
  )
}

function labelReplace(call: CallContext): LazySeries[] {
  const [target, replacement, source, pattern] = [call.string(1), call.string(2), call.string(3), call.string(4)]
  const compiled = compileRegex(pattern)
  if (!compiled.ok) throw new EvaluationFailure('execution', `invalid regular expression in label_replace(): ${pattern}`)
  requireLabelName(target, 'label_replace()', 'destination ')
  return relabelled(call.vector(0), target, (labels) => {
    const replaced = replace(compiled.value, labels.get(source), replacement)
    return replaced === undefined ? undefined : labels.with(target, replaced)
  })
}

/** The template filled from the groups of a match of the whole text; undefined when it does not match. */
function replace(regex: RE2JS, text: string, template: string): string | undefined {
  const match = regex.matcher(text)
  if (!match.matches()) return undefined
  const names = regex.namedGroups()
  // Go's Expand: a name runs over all word characters, so $1x is the group "1x"; unknown groups are empty; $$ is a dollar.
  return template.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (all, braced: string | undefined, plain: string | undefined) => {
    if (all === '$$') return '$'
    const name = braced ?? plain ?? ''
    const index = /^\d+$/.test(name) ? Number(name) : names[name]
    return index === undefined || index > match.groupCount() ? '' : (match.group(index) ?? '')
  })
}

function labelJoin(call: CallContext): LazySeries[] {
  const target = call.string(1)
  const separator = call.string(2)
  const sources = call.call.args.slice(3).map((_, i) => call.string(i + 3))
  for (const source of sources) requireLabelName(source, 'label_join()', 'source ')
  requireLabelName(target, 'label_join()', 'destination ')
  return relabelled(call.vector(0), target, (labels) => labels.with(target, sources.map((source) => labels.get(source)).join(separator)))
}

function requireLabelName(name: string, where: string, role: string): void {
  if (name === '' || !isValidText(name))
    throw new EvaluationFailure('execution', `invalid ${role}label name in ${where}: ${quote(name).slice(1, -1)}`)
}

export const labelFunctions: readonly FunctionDefinition[] = [
  vectorFunction('label_replace', ['instant vector', 'string', 'string', 'string', 'string'], labelReplace),
  vectorFunction('label_join', ['instant vector', 'string', 'string', 'string'], labelJoin, { optional: 1, repeats: true }),
]
