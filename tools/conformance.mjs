// `npm run conformance -- NAME [arguments]`: runs conformance/NAME/main.ts, which drives another project's test suite against ours.
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ensureInstalled, requireNode, root, run } from './setup.mjs'

requireNode()
const names = readdirSync(join(root, 'conformance')).filter((name) => existsSync(join(root, 'conformance', name, 'main.ts')))
const [name, ...args] = process.argv.slice(2)
if (name === undefined || !names.includes(name)) {
  console.error(`usage: npm run conformance -- <name> [arguments]\nsuites: ${names.join(', ')}`)
  process.exit(2)
}
await ensureInstalled()
// The suite runs in the repository's root: paths are those of whoever asks.
const given = args.map((arg) => (arg.startsWith('--') ? arg : resolve(arg)))
process.exitCode = await run(process.execPath, [
  '--conditions=signalbox-source',
  '--import=tsx',
  join(root, 'conformance', name, 'main.ts'),
  ...given,
])
