// `npm run conformance -- promql FILE|FOLDER...`: runs other projects' test files against ours, from source.
import { resolve } from 'node:path'
import { ensureInstalled, requireNode, root, run } from './setup.mjs'

requireNode()
await ensureInstalled()
const args = process.argv.slice(2).map((arg, i) => (i === 0 || arg.startsWith('--') ? arg : resolve(arg)))
const main = resolve(root, 'conformance/promql/main.ts')
process.exitCode = await run(process.execPath, ['--conditions=signalbox-source', '--import=tsx', main, ...args])
