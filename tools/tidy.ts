import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { findings } from './tidy-rules.ts'

// Checks what no other tool checks: which room may import which, what core code must not touch, words that do not belong
// in a product. Prints one line a finding, with the rule and what to do instead.

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && !path.includes('/testdata/') && !path.startsWith('bench/results/'))

let count = 0
for (const path of files) {
  if (!/\.(ts|tsx|mjs|js|json|md|yaml|yml|css|html|run)$|^\.ci\//.test(path) || path === 'package-lock.json') continue
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    continue // deleted in the work tree, not yet in the index
  }
  for (const finding of findings(path, text)) {
    count += 1
    console.log(`${path}:${finding.line}: ${finding.message}`)
  }
}
if (count > 0) {
  console.log(`${count} finding${count === 1 ? '' : 's'}`)
  process.exitCode = 1
}
