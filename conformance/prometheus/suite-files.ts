import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expandQueries, type SuiteQuery } from './expand.ts'
import type { KnownDifference } from './run.ts'

const root = join(import.meta.dirname, '..', '..')

/** Where the templates of prometheus/compliance are, beside the repository. */
export const templatesFile = join(root, '..', 'shared', 'conformance', 'promql-compliance', 'promql-test-queries.yml')

/** The queries of a file of templates; undefined where there is no such file. */
export function readQueries(file: string): SuiteQuery[] | undefined {
  return existsSync(file) ? expandQueries(readFileSync(file, 'utf8')) : undefined
}

export function readKnown(): readonly KnownDifference[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'known.json'), 'utf8')) as readonly KnownDifference[]
}
