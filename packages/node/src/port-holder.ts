import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * Who listens on a TCP port of this machine, as `name (pid N)`: the socket's inode from `/proc/net/tcp`, looked for
 * among the open files of every process we may read. Undefined where that is not to be known (other users' processes, no /proc).
 */
export function portHolder(port: number): string | undefined {
  const inodes = listeningInodes(port)
  if (inodes.size === 0) return undefined
  for (const pid of entries('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    for (const descriptor of entries(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${descriptor}`))?.[1]
      if (inode !== undefined && inodes.has(inode)) return `${commandOf(pid)} (pid ${pid})`
    }
  }
  return undefined
}

const LISTEN = '0A'

/** Columns of /proc/net/tcp: sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode (proc(5)). */
function listeningInodes(port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of textOf(table).split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/)
      if (columns[1]?.endsWith(suffix) && columns[3] === LISTEN && columns[9] !== undefined) inodes.add(columns[9])
    }
  }
  return inodes
}

function commandOf(pid: string): string {
  const words = textOf(`/proc/${pid}/cmdline`)
    .split('\0')
    .filter((word) => word !== '')
  const text = words.length > 0 ? words.join(' ') : textOf(`/proc/${pid}/comm`).trim()
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

// Processes end and permissions differ while /proc is read: what cannot be read is not a holder.

function entries(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
