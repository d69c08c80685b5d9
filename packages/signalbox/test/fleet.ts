import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseSeries } from '@signalbox/exposition'

const program = fileURLToPath(new URL('../dist/signalbox.js', import.meta.url))

/** A running `signalbox up`, as a user has it: the built command in a process of its own. */
export interface Fleet {
  readonly child: ChildProcess
  readonly api: string
  readonly admin: string
  readonly console: string
  readonly enginePort: number
  /** Everything printed so far. */
  output(): string
  /** SIGINT, then the exit code, or 'timeout' after 20 s. */
  interrupt(): Promise<number | 'timeout'>
}

export interface FleetOptions {
  readonly args?: readonly string[]
  readonly cwd?: string
}

/** Starts a fleet on free ports and waits until it says that it is up. */
export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const [api, admin, page] = [await freePort(), await freePort(), await freePort()]
  const enginePort = await freePorts(4)
  const ports = ['--port', api, '--metrics-port', admin, '--console-port', page, '--engine-port', enginePort].map(String)
  const running = runSignalbox(['up', ...ports, ...(options.args ?? [])], options.cwd)
  const settled = () => running.output().includes('Ctrl-C stops everything') || running.child.exitCode !== null
  await eventually(settled, 'the fleet to be up').catch((error: unknown) => {
    running.child.kill('SIGKILL')
    throw new Error(`${String(error)}\n${running.output()}`)
  })
  if (running.child.exitCode !== null) throw new Error(`the fleet ended:\n${running.output()}`)
  return {
    ...running,
    api: `http://127.0.0.1:${api}`,
    admin: `http://127.0.0.1:${admin}`,
    console: `http://127.0.0.1:${page}`,
    enginePort,
    interrupt: async () => {
      running.child.kill('SIGINT')
      return running.exited()
    },
  }
}

/** Runs the built command with its output collected. */
export function runSignalbox(args: readonly string[], cwd?: string) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) })
  // A test that fails half way must not leave a fleet behind.
  const end = (): boolean => child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  let text = ''
  child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (text += bytes.toString()))
  const closed = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)))
  const exited = async (): Promise<number | 'timeout'> => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(() => resolve('timeout'), 20_000)
    })
    const outcome = await Promise.race([closed, late])
    clearTimeout(timer)
    if (outcome === 'timeout') child.kill('SIGKILL')
    return outcome
  }
  return { child, output: () => text, exited }
}

/** Polls until `condition` answers something true; fails with what was awaited after a generous deadline. */
export async function eventually<T>(condition: () => T | Promise<T>, what: string, deadlineMs = 60_000): Promise<Exclude<NonNullable<T>, false>> {
  const until = Date.now() + deadlineMs
  let last: unknown
  for (;;) {
    try {
      const value = await condition()
      if (value) return value as Exclude<NonNullable<T>, false>
      last = value
    } catch (error) {
      last = error
    }
    if (Date.now() > until) throw new Error(`waited ${deadlineMs} ms for ${what}; last: ${String(last)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export async function freePort(): Promise<number> {
  return freePorts(1)
}

/** The first of `count` consecutive free ports. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 12_000)
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)))
    if (free.every(Boolean)) return first
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** The value of one sample of a text page, by its exact series text; undefined when the page has none. */
export function sampleOf(page: string, series: string): number | undefined {
  const line = page.split('\n').find((candidate) => candidate.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

/** The sum over all series of a name. */
export function sumOf(page: string, name: string, selector = ''): number {
  return page
    .split('\n')
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(selector))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

/** The samples of a name with their labels, in the order of the page. */
export function samplesOf(page: string, name: string): { readonly labels: Readonly<Record<string, string>>; readonly value: number }[] {
  return page
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => {
      const end = line.lastIndexOf(' ')
      const parsed = parseSeries(line.slice(0, end))
      if (!parsed.ok) throw new Error(`no series: ${line}`)
      const { names, values } = parsed.value.labels
      return { labels: Object.fromEntries(names.map((label, index) => [label, values[index] as string])), value: Number(line.slice(end + 1)) }
    })
}

/** The pages of a fleet that tests read most. */
export const metricsOf = (fleet: Fleet): Promise<string> => textOf(`${fleet.admin}/metrics`)

export async function readyPods(fleet: Fleet): Promise<number | undefined> {
  return sampleOf(await metricsOf(fleet), 'inference_pool_ready_pods{name="signalbox"}')
}

export async function textOf(url: string, headers: Record<string, string> = {}): Promise<string> {
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) })
  return answer.text()
}
