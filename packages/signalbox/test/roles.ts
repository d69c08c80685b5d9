import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Fleet } from './fleet.ts'

/** The processes of a running fleet, one a role, as `ps` shows them: `signalbox gateway`. */
export function rolesOf(fleet: Fleet): { readonly pid: number; readonly role: string }[] {
  return execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+signalbox (\w+)/.exec(line))
    .filter((match) => match !== null)
    .filter((match) => Number(match[2]) === fleet.child.pid)
    .map((match) => ({ pid: Number(match[1]), role: match[3] as string }))
}

/** The one process of a role other than `engine`, of which there are several. */
export function pidOf(fleet: Fleet, role: 'gateway' | 'monitor' | 'traffic'): number {
  const found = rolesOf(fleet).find((each) => each.role === role)
  if (found === undefined) throw new Error(`no ${role} is running`)
  return found.pid
}

/** The engine that listens on a port. */
export function engineOn(fleet: Fleet, port: number): number {
  const found = rolesOf(fleet).find(({ pid, role }) => role === 'engine' && portsOf(pid).includes(port))
  if (found === undefined) throw new Error(`no engine listens on ${port}`)
  return found.pid
}

/** Whether a process still runs; one that has ended and waits to be reaped does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z'
  } catch {
    return false
  }
}

/** Ports that a process listens on. */
function portsOf(pid: number): number[] {
  const inodes = new Map<string, number>()
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    if (columns[3] === '0A' && columns[9] !== undefined) inodes.set(columns[9], Number.parseInt((columns[1] ?? '').split(':')[1] ?? '', 16))
  }
  const links = execFileSync('sh', ['-c', `ls -l /proc/${pid}/fd 2>/dev/null || true`], { encoding: 'utf8' })
  return [...links.matchAll(/socket:\[(\d+)\]/g)].map((match) => inodes.get(match[1] as string)).filter((port) => port !== undefined)
}
