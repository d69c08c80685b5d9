import { assert } from '@signalbox/base'
import { absentFunctions } from './absent.ts'
import { changeFunctions } from './change.ts'
import { histogramFunctions } from './histograms.ts'
import { infoFunctions } from './info.ts'
import { labelFunctions } from './labels.ts'
import { mathFunctions } from './math.ts'
import { overTimeFunctions } from './over-time.ts'
import type { FunctionDefinition } from './signature.ts'
import { timeFunctions } from './time.ts'
import { vectorFunctions } from './vectors.ts'

/** Every function of the language by name. */
export const functions: ReadonlyMap<string, FunctionDefinition> = registry([
  ...absentFunctions,
  ...changeFunctions,
  ...histogramFunctions,
  ...infoFunctions,
  ...labelFunctions,
  ...mathFunctions,
  ...overTimeFunctions,
  ...timeFunctions,
  ...vectorFunctions,
])

function registry(definitions: readonly FunctionDefinition[]): ReadonlyMap<string, FunctionDefinition> {
  const byName = new Map(definitions.map((definition) => [definition.name, definition]))
  assert(byName.size === definitions.length, 'two functions have one name')
  return byName
}
