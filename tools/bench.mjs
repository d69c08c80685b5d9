// `npm run bench -- NAME... [options]`: builds what is measured, then runs bench/NAME/main.ts of each in turn, all with these options.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt, ensureInstalled, requireNode, root, run } from './setup.mjs'

requireNode()
const names = readdirSync(join(root, 'bench')).filter((name) => existsSync(join(root, 'bench', name, 'main.ts')))
const given = process.argv.slice(2)
const firstOption = given.findIndex((arg) => arg.startsWith('-'))
const wanted = firstOption < 0 ? given : given.slice(0, firstOption)
const options = given.slice(wanted.length)
if (wanted.length === 0 || wanted.some((name) => !names.includes(name))) {
  console.error(`usage: npm run bench -- <name>... [options]\nbenchmarks: ${names.join(', ')}`)
  process.exit(2)
}
await ensureInstalled()
await ensureBuilt()
for (const name of wanted) {
  const main = join(root, 'bench', name, 'main.ts')
  process.exitCode = await run(process.execPath, ['--conditions=signalbox-source', '--import=tsx', main, ...options])
  if (process.exitCode !== 0) break
}
