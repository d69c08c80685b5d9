import { parseArgs } from 'node:util'
import { runSuite } from './run.ts'
import { referenceVersion } from './servers.ts'
import { readKnown, readQueries, templatesFile } from './suite-files.ts'

// `npm run conformance -- prometheus [FILE] [--json]`: the query engine and its HTTP API beside an installed Prometheus, on the same data.

const { values: flags, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean', default: false } } })
const file = positionals[0] ?? templatesFile
const version = referenceVersion()
const queries = readQueries(file)
if (version === undefined) {
  console.error('There is no prometheus on the path: install the package of that name (Debian, Ubuntu).')
  process.exitCode = 2
} else if (queries === undefined) {
  console.error(`${file}: no such file; give the path of promql-test-queries.yml of prometheus/compliance.`)
  process.exitCode = 2
} else {
  const report = await runSuite(queries, readKnown(), Date.now())
  if (flags.json) console.log(JSON.stringify(report, null, 2))
  else {
    for (const { query, difference } of report.differences) console.log(`differs  ${query}\n         ${difference}`)
    for (const { query, reason } of report.known) console.log(`known    ${query}\n         ${reason}`)
    for (const { query } of report.obsolete) console.log(`obsolete ${query}\n         is listed in known.json and the same on both sides`)
    console.log(
      `${report.passed} of ${report.total} queries as Prometheus ${version} answers them (${report.empty} empty), ` +
        `${report.known.length} known differences, ${report.differences.length} others; ${report.samples} samples`,
    )
  }
  if (report.differences.length > 0 || report.obsolete.length > 0) process.exitCode = 1
}
