// `npm start`: sets up what is missing, then runs `signalbox up` with the arguments given, in this same process.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt, ensureInstalled, requireNode, root } from './setup.mjs'

requireNode()
await ensureInstalled()
await ensureBuilt()
const command = join(root, 'packages', 'signalbox', 'dist', 'signalbox.js')
process.argv = [process.argv[0], command, 'up', ...process.argv.slice(2)]
await import(pathToFileURL(command).href)
