#!/usr/bin/env node
// The command as `npx signalbox` finds it: stands in the repository, so that npm can link it before anything is built.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const bundle = new URL('../dist/signalbox.js', import.meta.url)
if (existsSync(fileURLToPath(bundle))) await import(bundle.href)
else {
  console.error('signalbox is not built yet: npm run build')
  process.exitCode = 1
}
