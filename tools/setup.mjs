// Brings a fresh clone to a state that can run: packages installed, command and console built. Plain JavaScript on Node
// alone, because it runs before anything is installed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const NODE_NEEDED = [20, 19]
const installStamp = join(root, 'node_modules', '.signalbox-installed')
const buildStamp = join(root, 'packages', 'signalbox', 'dist', '.built-from')

/** Ends the process with a plain sentence where Node is too old. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor >= NODE_NEEDED[1])) return
  console.error(`Signalbox needs Node ${NODE_NEEDED.join('.')} or later; this is ${process.versions.node}.`)
  process.exit(1)
}

/** Installs the packages of package-lock.json unless exactly these are installed. */
export async function ensureInstalled() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(installStamp) && readFileSync(installStamp, 'utf8') === wanted) return
  console.log('Installing packages (once) ...')
  const began = Date.now()
  // Not `npm ci`: it refuses a lock that lists the optional binaries of some platforms only, and some registries carry only some.
  await run(
    'npm',
    ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
    'npm install failed: the lines above say why; a registry that cannot be reached is the usual cause',
  )
  writeFileSync(installStamp, wanted)
  console.log(`Installed in ${seconds(began)} s.`)
}

/** Builds the command and the console unless they were built from exactly these sources. */
export async function ensureBuilt() {
  const wanted = sourcesKey()
  if (existsSync(buildStamp) && readFileSync(buildStamp, 'utf8') === wanted) return
  const began = Date.now()
  console.log('Building the command and the console (once) ...')
  await run(process.execPath, [join(root, 'tools', 'build.mjs')], 'the build failed: the lines above say why')
  mkdirSync(dirname(buildStamp), { recursive: true })
  writeFileSync(buildStamp, wanted)
  console.log(`Built in ${seconds(began)} s.`)
}

/** Runs a command in the repository's root with our terminal; a failure ends this process with `complaint`. */
export function run(command, args, complaint, environment = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...environment } })
    child.on('error', (error) => {
      console.error(`${complaint ?? command} (${error.message})`)
      process.exit(1)
    })
    child.on('exit', (code) => {
      if (code === 0 || complaint === undefined) return resolve(code ?? 1)
      console.error(complaint)
      process.exit(code ?? 1)
    })
  })
}

/** Changes whenever a file that goes into the build changes its size or time. */
function sourcesKey() {
  const hash = createHash('sha256')
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name === 'test' || entry.name === 'testdata') continue
      const path = join(folder, entry.name)
      if (entry.isDirectory()) visit(path)
      else if (!/\.test\.ts$|\.md$/.test(entry.name)) {
        const { size, mtimeMs } = statSync(path)
        hash.update(`${path} ${size} ${mtimeMs}\n`)
      }
    }
  }
  visit(join(root, 'packages'))
  hash.update(readFileSync(join(root, 'package-lock.json')))
  return hash.digest('hex')
}

function seconds(began) {
  return ((Date.now() - began) / 1000).toFixed(1)
}
