import { fileURLToPath } from 'node:url'

// Where the build puts what the monitor serves and runs, seen from the command's bundle.

export const consoleFolder: string = fileURLToPath(new URL('./console', import.meta.url))
export const queryWorker: URL = new URL('./query-worker.js', import.meta.url)
export const replayWorker: URL = new URL('./replay-worker.js', import.meta.url)
export const reportScript: URL = new URL('./report-page.js', import.meta.url)
export const reportStyle: URL = new URL('./report-page.css', import.meta.url)
