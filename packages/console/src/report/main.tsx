import type { ExperimentReport } from '@signalbox/replay'
import { render } from 'preact'
import 'uplot/dist/uPlot.min.css'
import '../styles/tokens.css'
import '../styles/base.css'
import '../styles/tables.css'
import './report.css'
import { ReportPage } from './report-page.tsx'

// The page of one report, in one file: its data stands in the document, nothing is fetched.
const data = document.getElementById('report')?.textContent
const root = document.getElementById('app')
if (root === null || data === null || data === undefined) throw new Error('the page has no report in it')
const report = JSON.parse(data) as ExperimentReport
document.title = report.title
document.documentElement.dataset['theme'] = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
render(<ReportPage report={report} />, root)
