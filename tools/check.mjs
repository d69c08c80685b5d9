// `npm run check`: everything that must hold before a commit, one after the other, ending at the first failure.
import { join } from 'node:path'
import { ensureInstalled, requireNode, root, run } from './setup.mjs'

requireNode()
await ensureInstalled()
const bin = (name) => join(root, 'node_modules', '.bin', name)
const steps = [
  ['format and lint', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['typed lint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
  ['types', bin('tsc'), ['-p', 'tsconfig.json']],
  ['types of the console', bin('tsc'), ['-p', 'packages/console/tsconfig.json']],
  ['unit tests', bin('vitest'), ['run', '--project', 'unit']],
  ['dead code', bin('knip'), ['--no-config-hints']],
  ['tidy', process.execPath, ['--conditions=signalbox-source', '--import=tsx', 'tools/tidy.ts']],
]
for (const [name, command, args] of steps) {
  const began = performance.now()
  await run(command, args, `check failed: ${name}`)
  console.log(`ok  ${name}  ${((performance.now() - began) / 1000).toFixed(1)} s`)
}
