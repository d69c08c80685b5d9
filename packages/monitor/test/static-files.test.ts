import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { StaticFiles } from '../src/static-files.ts'

let folder: string
let files: StaticFiles

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-static-test-'))
  const root = join(folder, 'console')
  await mkdir(join(root, 'assets'), { recursive: true })
  await writeFile(join(root, 'index.html'), '<title>console</title>')
  await writeFile(join(root, 'favicon.svg'), '<svg/>')
  await writeFile(join(root, '.env'), 'hidden')
  await writeFile(join(root, 'assets', 'main-Ab12_xY9.js'), 'run()')
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await symlink(join(folder, 'secret.txt'), join(root, 'link.txt'))
  files = new StaticFiles(root)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function get(path: string): Promise<{ body: string; type: string; cache: string | undefined; csp: string | undefined } | undefined> {
  const reply = await files.handle(path)
  if (reply === undefined) return undefined
  const body = typeof reply.body === 'string' ? reply.body : new TextDecoder().decode(reply.body)
  return { body, type: reply.contentType, cache: reply.headers?.['cache-control'], csp: reply.headers?.['content-security-policy'] }
}

test('pages of the console, whatever their address, are its index, never cached without asking', async () => {
  for (const path of ['/', '/requests', '/requests/abc-123', '/endpoints/gpu1%3A8000']) {
    expect(await get(path), path).toMatchObject({ body: '<title>console</title>', type: 'text/html; charset=utf-8', cache: 'no-cache' })
  }
})

test('assets with a hash are kept forever, other files are not', async () => {
  expect(await get('/assets/main-Ab12_xY9.js')).toMatchObject({
    body: 'run()',
    type: 'text/javascript; charset=utf-8',
    cache: 'public, max-age=31536000, immutable',
  })
  expect(await get('/favicon.svg')).toMatchObject({ type: 'image/svg+xml', cache: 'no-cache' })
})

test('scripts of other origins and inline scripts are not allowed to run', async () => {
  const policy = (await get('/'))?.csp
  expect(policy).toMatch(/^default-src 'self';/)
  expect(policy).not.toContain('unsafe')
})

test('nothing outside of the folder and nothing hidden is ever served', async () => {
  const paths = ['/../secret.txt', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '/assets/../../secret.txt', '/..\\secret.txt', '/%2e%2e%5csecret.txt']
  for (const path of [...paths, '/link.txt', '/.env', '/assets/%00.js', '/%', '//etc/passwd.txt', '/missing.js', '/assets']) {
    const answer = await get(path)
    expect(answer?.body ?? 'nothing', path).not.toMatch(/secret|hidden|root:/)
    expect(answer === undefined || answer.body === '<title>console</title>', path).toBe(true)
  }
  expect(await get('/missing.js')).toBeUndefined()
})

test('without a built console there is a page that says how to build it', async () => {
  for (const root of [undefined, join(folder, 'nowhere')]) {
    const reply = await new StaticFiles(root).handle('/')
    expect(reply?.status).toBe(200)
    expect(reply?.body).toContain('npm run build')
  }
})
