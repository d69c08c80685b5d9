import { readFileSync } from 'node:fs'
import type { ExperimentReport } from '@signalbox/replay'
import { reportScript, reportStyle } from '../roles/bundled.ts'

/** A report as one self-contained page: its script, its style and its data are in it, nothing is fetched. */
export function reportHtml(report: ExperimentReport): string {
  const script = readFileSync(reportScript, 'utf8').replaceAll('</script', '<\\/script')
  const style = readFileSync(reportStyle, 'utf8').replaceAll('</style', '<\\/style')
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Signalbox</title>
    <style>${style}</style>
  </head>
  <body>
    <noscript>This page draws its curves with JavaScript; the same numbers are what --json writes.</noscript>
    <div id="app"></div>
    <script type="application/json" id="report">${JSON.stringify(report).replaceAll('<', '\\u003c')}</script>
    <script>${script}</script>
  </body>
</html>
`
}
