import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type { StoreConfig } from '../src/open-samples.ts'

export interface WorkerBundle {
  /** The query worker as the build makes it. */
  readonly url: URL
  /** The same worker, whose query threads die of `DEADLY_QUERY` and hang on `ENDLESS_QUERY`, and whose store dies of `DEADLY_SERIES`. */
  readonly mortalUrl: URL
  remove(): Promise<void>
}

export const DEADLY_QUERY = '42 - 42'
export const ENDLESS_QUERY = '43 - 43'
export const DEADLY_SERIES = 'deadly'

/** A store that ends with its test. */
export const memoryStore: StoreConfig = {
  folder: undefined,
  seriesMax: 10_000,
  retentionMs: 10 * 365 * 86_400_000,
  retentionBytes: 100_000_000,
  outOfOrderMs: 300_000,
}

/** Bundles the query worker's thread: Node 20 does not run TypeScript. */
export async function bundleWorker(): Promise<WorkerBundle> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-monitor-test-'))
  const outfile = join(folder, 'query-worker.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL('../src/query-worker.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['signalbox-source'],
    logLevel: 'silent',
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  })
  const mortal = join(folder, 'mortal-worker.mjs')
  await writeFile(
    mortal,
    `import { parentPort } from 'node:worker_threads'
parentPort.on('message', (message) => {
  if (message.query?.query === '${DEADLY_QUERY}') process.exit(7)
  while (message.query?.query === '${ENDLESS_QUERY}');
  if (message.kind === 'append' && message.batch.opened.some(({ values }) => values.includes('${DEADLY_SERIES}'))) process.exit(7)
})
await import('./query-worker.mjs')
`,
  )
  return { url: pathToFileURL(outfile), mortalUrl: pathToFileURL(mortal), remove: () => rm(folder, { recursive: true, force: true }) }
}
