import { endpointPickerPlan } from './plans/endpoint-picker.ts'
import { llumnixEnginePlan, vllmOverviewPlan } from './plans/engine.ts'
import { llumnixCmsPlan, llumnixLrsPlan } from './plans/llumnix-instances.ts'
import { llumnixComponentPlan, llumnixRequestPlan } from './plans/llumnix-requests.ts'
import { ownPlan } from './plans/own.ts'
import { performancePlan } from './plans/performance.ts'
import type { DashboardPlan } from './types.ts'

/** Every dashboard, most general first. One that a fleet's dialects have nothing for is built without rows. */
export const dashboardPlans: readonly DashboardPlan[] = [
  performancePlan,
  vllmOverviewPlan,
  endpointPickerPlan,
  ownPlan,
  llumnixRequestPlan,
  llumnixComponentPlan,
  llumnixCmsPlan,
  llumnixLrsPlan,
  llumnixEnginePlan,
]
