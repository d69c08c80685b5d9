// Bundles the command (and the query worker beside it) and builds the console's page.
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled, requireNode, root, run } from './setup.mjs'

requireNode()
await ensureInstalled()
const { build } = await import('esbuild')
const out = join(root, 'packages', 'signalbox', 'dist')
rmSync(out, { recursive: true, force: true })
await build({
  absWorkingDir: root,
  entryPoints: { signalbox: 'packages/signalbox/src/main.ts', 'query-worker': 'packages/monitor/src/query-worker.ts' },
  outdir: out,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  conditions: ['signalbox-source'],
  splitting: false,
  // A native addon, and two megabytes of vocabulary that only those load who ask for it.
  external: ['zeromq', 'gpt-tokenizer'],
  sourcemap: 'linked',
  logLevel: 'warning',
  // Some dependencies are CommonJS and call require for Node's own modules.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
})
chmodSync(join(out, 'signalbox.js'), 0o755)
await run(
  process.execPath,
  [
    join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
    'build',
    'packages/console',
    '--outDir',
    join(out, 'console'),
    '--emptyOutDir',
    '--logLevel',
    'warn',
  ],
  'building the console failed',
)
