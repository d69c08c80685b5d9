export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One line a happening, for people and for grep: `level: message key=value ...`. Debug lines are left out. */
export function log(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  if (level === 'debug') return
  const details = Object.entries(fields).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value)}`,
  )
  const line = `${level === 'info' ? '' : `${level}: `}${message}${details.join('')}\n`
  if (level === 'info') process.stdout.write(line)
  else process.stderr.write(line)
}
