import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { failure, ok, type Result } from '@signalbox/base'

/** 'held': another living process has the folder. 'io': the file system said something else. */
export interface FolderLockError {
  readonly code: 'held' | 'io'
  /** For people, with the folder and who holds it. */
  readonly message: string
}

/** Who holds a lock, as its file says. */
interface Holder {
  readonly pid: number
  /** Tells a process from a later one with its number: boot and clock tick at which it began; '' where there is no /proc. */
  readonly began: string
}

const LOCK_FILE = 'lock'

/** Each further round means that another process was quicker. */
const ROUNDS_MAX = 5

/**
 * The right of one process to a folder, made if it is missing: a file `lock` that names the process. A lock whose process is gone, by kill -9
 * or with its machine, is taken over. Processes that cannot see each other (containers with a shared volume) are not kept apart.
 */
export class FolderLock {
  readonly #path: string
  readonly #text: string

  private constructor(path: string, text: string) {
    this.#path = path
    this.#text = text
  }

  static take(folder: string): Result<FolderLock, FolderLockError> {
    const path = join(folder, LOCK_FILE)
    const text = JSON.stringify({ pid: process.pid, began: beganOf(process.pid) } satisfies Holder)
    // Written under a name of our own and linked: whoever sees the lock sees all of it.
    const own = `${path}.${process.pid}`
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      writeFileSync(own, text, { mode: 0o600 })
      const refused = takeOver(own, path)
      rmSync(own, { force: true })
      return refused === undefined ? ok(new FolderLock(path, text)) : failure({ code: 'held', message: `${folder} ${refused}` })
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error
      return failure({ code: 'io', message: `${folder} cannot be locked: ${error.message}` })
    }
  }

  /** Repeated calls do nothing. */
  release(): void {
    if (textOf(this.#path) === this.#text) rmSync(this.#path, { force: true })
  }
}

/** Links our file as the lock; undefined, or why the lock is another's. */
function takeOver(own: string, path: string): string | undefined {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (isLinked(own, path)) return undefined
    const found = textOf(path)
    if (found === undefined) continue
    const holder = holderOf(found)
    if (holder !== undefined && isAlive(holder)) return `is in use by process ${holder.pid}`
    if (isReplaced(own, path, found)) return undefined
  }
  return 'is being taken by other processes'
}

/** False: there is a lock already. */
function isLinked(own: string, path: string): boolean {
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Puts our lock in the place of a stale one. Only who holds the claim, a lock on the lock, may; what was read before it is read again, as another
 * may have been quicker.
 */
function isReplaced(own: string, path: string, stale: string): boolean {
  const claim = `${path}.claim`
  if (!isLinked(own, claim)) {
    const claimant = holderOf(textOf(claim) ?? '')
    // It was killed within these few lines.
    if (claimant !== undefined && !isAlive(claimant)) rmSync(claim, { force: true })
    return false
  }
  try {
    if (textOf(path) !== stale) return false
    renameSync(own, path)
    return true
  } finally {
    rmSync(claim, { force: true })
  }
}

function holderOf(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder> | null
    return typeof value?.pid === 'number' && typeof value.began === 'string' ? { pid: value.pid, began: value.began } : undefined
  } catch {
    return undefined
  }
}

function isAlive({ pid, began }: Holder): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives and is another user's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = beganOf(pid)
  return began === '' || now === '' || began === now
}

/** SOURCE: proc_pid_stat(5), field 22 (starttime); the command name before it may hold spaces. Field 3 is 'Z' for one that has ended. */
function beganOf(pid: number): string {
  const stat = textOf(`/proc/${pid}/stat`)
  if (stat === undefined) return ''
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z') return 'ended'
  return `${textOf('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}/${fields[19] ?? ''}`
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
