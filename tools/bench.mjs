// `npm run bench -- NAME [options]`: builds what is measured, then runs bench/NAME/main.ts.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, requireNode, root, run } from './setup.mjs'

requireNode()
const names = readdirSync(join(root, 'bench')).filter((name) => existsSync(join(root, 'bench', name, 'main.ts')))
const [name, ...args] = process.argv.slice(2)
if (name === undefined || !names.includes(name)) {
  console.error(`usage: npm run bench -- <name> [options]\nbenchmarks: ${names.join(', ')}`)
  process.exit(2)
}
await ensureInstalled()
await ensureBuilt()
process.exitCode = await run(process.execPath, ['--conditions=signalbox-source', '--import=tsx', join(root, 'bench', name, 'main.ts'), ...args])
