import { fileURLToPath } from 'node:url'

// Where the build puts what the monitor serves and runs, seen from the command's bundle.

export const consoleFolder: string = fileURLToPath(new URL('./console', import.meta.url))
export const queryWorker: URL = new URL('./query-worker.js', import.meta.url)
