import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const examples = readdirSync(join(root, 'packages'))
  .map((name) => `packages/${name}`)
  .filter((folder) => existsSync(join(root, folder, 'examples')))
  .flatMap((folder) => readdirSync(join(root, folder, 'examples')).map((file) => [`${folder}/examples/${file}`, `${folder}/README.md`] as const))

test('there are examples', () => {
  expect(examples.map(([example]) => example)).toEqual(expect.arrayContaining(['packages/promql/examples/own-arrays.mjs']))
})

test.each(examples)('%s runs, and its text and what it prints stand in %s', (example, readme) => {
  const run = spawnSync(process.execPath, ['--conditions=signalbox-source', '--import=tsx', example], {
    cwd: root,
    encoding: 'utf8',
    timeout: 50_000,
  })
  expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 0, stderr: '' })
  const document = readFileSync(join(root, readme), 'utf8')
  expect(document).toContain(`--import=tsx ${example}\`:`)
  expect(document).toContain(`\`\`\`js\n${readFileSync(join(root, example), 'utf8')}\`\`\`\n\nprints\n\n\`\`\`\n${run.stdout}\`\`\`\n`)
})
