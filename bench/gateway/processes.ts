import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface ProxyProcess {
  readonly name: string
  readonly port: number
  /** The processes whose CPU and memory are the proxy's. */
  readonly pids: readonly number[]
  stop(): void
}

/** Starts the instant backend; answers its port. */
export async function startBackend(): Promise<{ port: number; stop(): void }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'backend.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  return { port: Number(await firstLine(child)), stop: () => child.kill('SIGKILL') }
}

/** The gateway alone, from the bundle, with its default policy and metrics on. */
export async function startGateway(root: string, backendPort: number): Promise<ProxyProcess> {
  const [port, admin] = [await freePort(), await freePort()]
  const child = spawn(
    process.execPath,
    [
      join(root, 'packages/signalbox/dist/signalbox.js'),
      'gateway',
      '--backend',
      `http://127.0.0.1:${backendPort}`,
      '--port',
      String(port),
      '--metrics-port',
      String(admin),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: tmpdir() },
  )
  await firstLine(child)
  return { name: 'signalbox', port, pids: [child.pid as number], stop: () => child.kill('SIGKILL') }
}

/** Debian's nginx: one worker, keep-alive to the backend, no buffering, no access log. */
export async function startNginx(backendPort: number): Promise<ProxyProcess> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process on; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  client_body_buffer_size 1m; keepalive_requests 1000000000; tcp_nodelay on;
  upstream backend { server 127.0.0.1:${backendPort}; keepalive 512; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; } }
}
`,
  )
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] })
  await accepting(port)
  const workers = childrenOf(child.pid as number)
  return {
    name: 'nginx',
    port,
    pids: workers,
    stop: () => {
      child.kill('SIGTERM')
      child.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    },
  }
}

/** User and system CPU seconds of the processes so far, all threads (proc(5), fields 14 and 15, in ticks of 10 ms). */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0
  for (const pid of pids) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / 100
}

/** Resident megabytes of the processes. */
export function residentMegabytes(pids: readonly number[]): number {
  let kilobytes = 0
  for (const pid of pids) kilobytes += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  return kilobytes / 1024
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid)
}

function parentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1])
  } catch {
    return 0 // ended meanwhile
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error('no output to wait for')
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready`)))
  })
}

/** A port that nobody listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

async function accepting(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      await fetch(`http://127.0.0.1:${port}/v1/models`, { signal: AbortSignal.timeout(1_000) })
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  throw new Error(`nothing answers on port ${port}`)
}
