// `npm test`: sets up what is missing, then runs every test. Arguments go to vitest.
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, requireNode, root, run } from './setup.mjs'

requireNode()
await ensureInstalled()
await ensureBuilt()
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
process.exitCode = await run(process.execPath, [vitest, 'run', ...process.argv.slice(2)], undefined, { NO_COLOR: '1' })
