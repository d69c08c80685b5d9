import { execFileSync } from 'node:child_process'

/**
 * Where a Debian program is, or undefined after saying which tests are skipped for want of it. In CI (`CI=true`) a
 * missing program fails the run: green must not depend on what a machine happens to have.
 */
export function program(name: string, debianPackage: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
  } catch {
    if (process.env['CI'] === 'true') throw new Error(`${name} is required in CI: apt-get install ${debianPackage}`)
    console.log(`skipped: ${name} is not installed (apt-get install ${debianPackage})`)
    return undefined
  }
}
