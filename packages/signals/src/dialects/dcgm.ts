import type { DialectEntry } from '../types.ts'
import { speaker } from '../voice.ts'

const LABELS =
  'gpu UUID=uuid device modelName=gpu_model Hostname=host GPU_I_ID=mig_instance GPU_I_PROFILE=mig_profile ' +
  'pod exported_pod=pod namespace exported_namespace=namespace container exported_container=container'

/** The blank, not found, not supported and not permitted values of each number type; a double cannot tell the 64-bit ones apart. */
const WIDE_BLANKS: NonNullable<DialectEntry['blanks']> = [[2 ** 63 - 1024, 2 ** 63]]
const BLANKS: NonNullable<DialectEntry['blanks']> = [[2_147_483_632, 2_147_483_647], [140_737_488_355_328, 140_737_488_355_343], ...WIDE_BLANKS]
const MEBIBYTES = 1 / 1_048_576
const PERCENT = 100

const device = speaker({
  dialect: 'dcgm',
  prefix: 'DCGM_FI_DEV_',
  labels: LABELS,
  blanks: BLANKS,
  source: 'reference/vllm.md §1.10, reference/ux.md §1.11 (dcgm-exporter etc/default-counters.csv; blanks: dcgm_structs.h)',
})
const profiling = speaker({
  dialect: 'dcgm',
  prefix: 'DCGM_FI_PROF_',
  labels: LABELS,
  blanks: BLANKS,
  source: 'reference/vllm.md §1.10, reference/ux.md §1.8, §1.11',
})

/** The names of the DCGM exporter. With time slicing or MIG, power and energy are those of the whole device. */
export const dcgmEntries: readonly DialectEntry[] = [
  device('POWER_USAGE', 'gpu.power'),
  device('POWER_MGMT_LIMIT', 'gpu.power_limit'),
  device('TOTAL_ENERGY_CONSUMPTION', 'gpu.energy', { scale: 1000, blanks: WIDE_BLANKS }),
  device('GPU_UTIL', 'gpu.utilization', { scale: PERCENT, note: 'a kernel ran: 100 does not mean busy' }),
  device('MEM_COPY_UTIL', 'gpu.memory_copy_utilization', { scale: PERCENT }),
  device('FB_USED', 'gpu.memory_used', { scale: MEBIBYTES }),
  device('FB_FREE', 'gpu.memory_free', { scale: MEBIBYTES }),
  device('FB_TOTAL', 'gpu.memory_total', { scale: MEBIBYTES }),
  device('FB_RESERVED', 'gpu.memory_reserved', { scale: MEBIBYTES }),
  device('SM_CLOCK', 'gpu.sm_clock', { scale: 1e-6 }),
  device('MEM_CLOCK', 'gpu.memory_clock', { scale: 1e-6 }),
  device('GPU_TEMP', 'gpu.temperature'),
  device('MEMORY_TEMP', 'gpu.memory_temperature'),
  device('XID_ERRORS', 'gpu.xid', { note: 'a gauge that holds the last code' }),
  device('POWER_VIOLATION', 'gpu.power_violation', { scale: 1e6 }),
  device('THERMAL_VIOLATION', 'gpu.thermal_violation', { scale: 1e6 }),
  device('PCIE_REPLAY_COUNTER', 'gpu.pcie_replays'),
  device('NVLINK_BANDWIDTH_TOTAL', 'gpu.nvlink_bandwidth'),
  device('UNCORRECTABLE_REMAPPED_ROWS', 'gpu.remapped_rows_uncorrectable'),
  device('CORRECTABLE_REMAPPED_ROWS', 'gpu.remapped_rows_correctable'),
  device('ROW_REMAP_FAILURE', 'gpu.row_remap_failed'),
  profiling('GR_ENGINE_ACTIVE', 'gpu.graphics_active'),
  profiling('SM_ACTIVE', 'gpu.sm_active'),
  profiling('SM_OCCUPANCY', 'gpu.sm_occupancy'),
  profiling('PIPE_TENSOR_ACTIVE', 'gpu.tensor_active'),
  profiling('DRAM_ACTIVE', 'gpu.dram_active'),
  profiling('PCIE_TX_BYTES', 'gpu.pcie_tx', { note: 'a gauge: bytes a second already' }),
  profiling('PCIE_RX_BYTES', 'gpu.pcie_rx', { note: 'a gauge: bytes a second already' }),
  profiling('NVLINK_TX_BYTES', 'gpu.nvlink_tx', { note: 'a gauge: bytes a second already' }),
]
