import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { checkPage } from '@signalbox/exposition'

// `npm run conformance -- openmetrics FOLDER…`: each case is a folder with a test.json, which says which file beside it is the page
// and whether it obeys OpenMetrics. A FOLDER is a case or holds cases.

interface Case {
  readonly folder: string
  readonly file: string
  readonly shouldParse: boolean
}

function casesIn(folder: string): Case[] {
  if (existsSync(join(folder, 'test.json'))) return [caseAt(folder)]
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isDirectory())
    .flatMap(casesIn)
}

function caseAt(folder: string): Case {
  const { type, file, shouldParse } = JSON.parse(readFileSync(join(folder, 'test.json'), 'utf8')) as Record<string, unknown>
  if (type !== 'text' || typeof file !== 'string' || typeof shouldParse !== 'boolean') {
    throw new Error(`${folder}/test.json: expected type "text", a file and shouldParse`)
  }
  return { folder, file, shouldParse }
}

const { values: flags, positionals } = parseArgs({ allowPositionals: true, options: { verbose: { type: 'boolean', short: 'v', default: false } } })
if (positionals.length === 0) {
  console.error('usage: npm run conformance -- openmetrics FOLDER… [--verbose]')
  process.exit(2)
}
const cases = positionals.flatMap((folder) => casesIn(resolve(folder)))
let passed = 0
for (const { folder, file, shouldParse } of cases) {
  const result = checkPage(readFileSync(join(folder, file)), 'openmetrics')
  const said = result.ok ? 'accepted' : `${result.error.code} ${result.error.line}:${result.error.column}: ${result.error.message}`
  if (result.ok === shouldParse) passed += 1
  else console.log(`FAIL ${folder}: ${shouldParse ? 'should be accepted' : 'should be refused'}, ${said}`)
  if (flags.verbose && result.ok === shouldParse) console.log(`ok   ${folder}: ${said}`)
}
console.log(`openmetrics: ${passed}/${cases.length} cases`)
// No case at all is a wrong folder.
process.exitCode = cases.length > 0 && passed === cases.length ? 0 : 1
