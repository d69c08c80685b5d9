import { failure, LruMap, ok, type Result } from '@signalbox/base'
import { RE2JS } from 're2js'
import type { Matcher, MatchOperator } from './types.ts'

/** Answers remembered for one pattern: label values repeat from query to query of one panel, patterns are dear to run. */
const ANSWERS_MAX = 1024
const META = /[\\.+*?()|[\]{}^$]/

/** A compiled matcher; regular expressions have RE2's meaning, match the whole value, and their dot matches newlines. The failure says what is wrong with the pattern. */
export function matcher(name: string, operator: MatchOperator, value: string): Result<Matcher, string> {
  switch (operator) {
    case '=':
      return ok({ name, operator, value, matches: (text) => text === value })
    case '!=':
      return ok({ name, operator, value, matches: (text) => text !== value })
    case '=~':
    case '!~': {
      const compiled = compilePattern(value)
      if (!compiled.ok) return compiled
      const test = compiled.value
      return ok({ name, operator, value, matches: operator === '=~' ? test : (text) => !test(text) })
    }
  }
}

/** The predicate of an anchored pattern, without RE2 where plain string work gives the same answer. */
function compilePattern(pattern: string): Result<(text: string) => boolean, string> {
  const fast = literalTest(pattern)
  if (fast !== undefined) return ok(fast)
  const compiled = compileRegex(pattern)
  if (!compiled.ok) return compiled
  const regex = compiled.value
  const answers = new LruMap<string, boolean>(ANSWERS_MAX)
  return ok((text) => {
    let answer = answers.get(text)
    if (answer === undefined) {
      answer = regex.matches(text)
      answers.set(text, answer)
    }
    return answer
  })
}

/** The pattern compiled with RE2's meaning and a dot that matches everything; the failure is the reason, worded as Go words it. */
export function compileRegex(pattern: string): Result<RE2JS, string> {
  try {
    return ok(RE2JS.compile(pattern, RE2JS.DOTALL))
  } catch (error) {
    return failure(error instanceof Error ? error.message : String(error))
  }
}

function literalTest(pattern: string): ((text: string) => boolean) | undefined {
  if (pattern === '.*') return () => true
  if (pattern === '.+') return (text) => text !== ''
  if (!META.test(pattern)) return (text) => text === pattern
  const branches = pattern.split('|')
  if (branches.every((branch) => !META.test(branch))) {
    const values = new Set(branches)
    return (text) => values.has(text)
  }
  if (pattern.endsWith('.*') && !META.test(pattern.slice(0, -2))) {
    const prefix = pattern.slice(0, -2)
    return (text) => text.startsWith(prefix)
  }
  if (pattern.startsWith('.*') && !META.test(pattern.slice(2))) {
    const suffix = pattern.slice(2)
    return (text) => text.endsWith(suffix)
  }
  return undefined
}
