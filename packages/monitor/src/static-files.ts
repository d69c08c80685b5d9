import { readFile, realpath, stat } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import type { Reply } from './reply.ts'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

/** Scripts, styles and connections of our own origin only, nothing inline. */
const POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

/** Addresses of the console's own pages even where they end like a file: a request id may hold a dot. */
const PAGES = '/requests/'

/** A name with the hash of its content, as the console's build makes them: what is behind it never changes. */
const HASHED = /^\/assets\/.+-[\w-]{8,}\.\w+$/

const FILE_BYTES_MAX = 16 * 1024 * 1024

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Signalbox</title>
<h1>The console is not built</h1>
<p>Build it with <code>npm run build</code> in the repository and start again. The monitor itself works:
<a href="/api/console/fleet">fleet</a>, <a href="/api/v1/targets">targets</a>, <a href="/metrics">metrics</a>.</p>
</html>
`

/**
 * The console's built files. A path without an extension that is no file is a page of the console itself, which reads
 * the address: it gets `index.html`. Nothing outside of the folder is ever read, symbolic links included.
 */
export class StaticFiles {
  readonly #root: string | undefined

  constructor(root: string | undefined) {
    this.#root = root
  }

  /** `pathname` as in the address, still percent-encoded. Undefined: there is no such file. */
  async handle(pathname: string): Promise<Reply | undefined> {
    const path = safePath(pathname)
    if (path === undefined) return undefined
    const isPage = extname(path) === '' || path.startsWith(PAGES)
    const file = isPage ? undefined : await this.#read(path)
    if (file !== undefined) return fileReply(path, file)
    if (!isPage) return undefined
    const index = await this.#read('/index.html')
    return index === undefined ? fileReply('/index.html', NOT_BUILT) : fileReply('/index.html', index)
  }

  async #read(path: string): Promise<Uint8Array | undefined> {
    if (this.#root === undefined) return undefined
    try {
      const root = await realpath(this.#root)
      const file = await realpath(join(root, path))
      if (!file.startsWith(root + sep)) return undefined
      const { size } = await stat(file)
      return size <= FILE_BYTES_MAX ? await readFile(file) : undefined
    } catch {
      // Whatever keeps a file from being read (absent, a folder, no permission), to a browser it does not exist.
      return undefined
    }
  }
}

/** The decoded path, or undefined for one that no link of ours has: climbing, hidden, or with characters of other systems' paths. */
function safePath(pathname: string): string | undefined {
  let path: string
  try {
    path = decodeURIComponent(pathname)
  } catch {
    return undefined
  }
  const suspicious = !path.startsWith('/') || path.includes('\0') || path.includes('\\') || path.split('/').some((segment) => segment.startsWith('.'))
  return suspicious ? undefined : path
}

function fileReply(path: string, body: Uint8Array | string): Reply {
  return {
    status: 200,
    contentType: CONTENT_TYPES[extname(path)] ?? 'application/octet-stream',
    headers: {
      'cache-control': HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
    },
    body,
  }
}
