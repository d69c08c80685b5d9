// `npm run build:libraries`: builds what others may use without the rest, the pure packages, into their dist/: one module each, with
// declarations. The repository itself reads their sources and needs none of it. publint then holds each against what npm expects.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled, requireNode, root } from './setup.mjs'

/** In the order in which they build on each other. */
const libraries = ['base', 'exposition', 'tsdb', 'promql']

requireNode()
await ensureInstalled()
const { build } = await import('esbuild')
const { publint } = await import('publint')
const { formatMessage } = await import('publint/utils')
let failed = false
for (const name of libraries) {
  const folder = join(root, 'packages', name)
  const out = join(folder, 'dist')
  rmSync(out, { recursive: true, force: true })
  await build({
    absWorkingDir: folder,
    entryPoints: ['src/index.ts'],
    outdir: out,
    bundle: true,
    // What a package depends on is installed beside it.
    packages: 'external',
    platform: 'neutral',
    format: 'esm',
    target: 'es2023',
    sourcemap: 'linked',
    logLevel: 'warning',
  })
  declare(folder, out)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const { messages } = await publint({ pkgDir: folder, level: 'suggestion', strict: true })
  for (const message of messages) console.error(`${manifest.name}: ${message.type}: ${formatMessage(message, manifest)}`)
  failed ||= messages.length > 0
  console.log(`${messages.length === 0 ? 'ok' : 'FAIL'}  ${manifest.name}`)
}
process.exitCode = failed ? 1 : 0

/** Writes declarations for the sources that the door reaches. */
function declare(folder, out) {
  // Its own configuration, so that tests are left out and the sources of other packages are not written here.
  const config = join(folder, 'tsconfig.build.json')
  writeFileSync(
    config,
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        rewriteRelativeImportExtensions: true,
        rootDir: 'src',
        outDir: out,
        customConditions: [],
      },
      files: ['src/index.ts'],
      include: [],
    }),
  )
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', config], { cwd: folder, encoding: 'utf8' })
    if (status !== 0) {
      console.error(stdout)
      process.exit(1)
    }
  } finally {
    rmSync(config)
  }
}
