// Bundles the command (and the workers beside it), the page of a replay's report, and the console.
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
  entryPoints: {
    signalbox: 'packages/signalbox/src/main.ts',
    'query-worker': 'packages/monitor/src/query-worker.ts',
    'replay-worker': 'packages/signalbox/src/experiment/replay-worker.ts',
  },
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
// The page of a replay's report: one script and one style sheet, which the command puts into the document.
await build({
  absWorkingDir: root,
  entryPoints: { 'report-page': 'packages/console/src/report/main.tsx' },
  outdir: out,
  bundle: true,
  minify: true,
  platform: 'browser',
  format: 'iife',
  target: 'es2022',
  conditions: ['signalbox-source'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
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
