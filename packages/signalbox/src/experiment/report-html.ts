import { readFileSync } from 'node:fs'
import type { ExperimentReport } from '@signalbox/replay'
import { reportScript, reportStyle } from '../roles/bundled.ts'

/** What the page may do: run and look as it is, and fetch nothing. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"

/** A report as one self-contained page: its script, its style and its data are in it, nothing is fetched. */
export function reportHtml(report: ExperimentReport): string {
  const script = readFileSync(reportScript, 'utf8').replaceAll('</script', '<\\/script')
  const style = readFileSync(reportStyle, 'utf8').replaceAll('</style', '<\\/style')
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" href="data:," />
    <title>${escaped(report.title)}</title>
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

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
