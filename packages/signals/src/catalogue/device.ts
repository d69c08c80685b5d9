import { signal } from '../signal.ts'

const GPU = ['gpu', 'uuid', 'device', 'gpu_model', 'host', 'mig_instance', 'mig_profile', 'pod', 'namespace', 'container'] as const

/** What the accelerator under an engine measures. */
export const deviceSignals = {
  'gpu.power': signal('gauge watts down', GPU, 'Power drawn now.', 'power caps; cost'),
  'gpu.power_limit': signal('gauge watts neither', GPU, 'Power the device may draw.', 'power caps'),
  'gpu.energy': signal('counter joules down', GPU, 'Energy drawn since the driver was loaded.', 'energy a token'),
  'gpu.utilization': signal('gauge ratio neither', GPU, 'Share of time in which some kernel ran; 1 does not mean busy.', 'idle devices'),
  'gpu.memory_copy_utilization': signal('gauge ratio neither', GPU, 'Share of time in which memory was read or written.', 'memory-bound work'),
  'gpu.memory_used': signal('gauge bytes neither', GPU, 'Framebuffer in use.', 'memory pressure'),
  'gpu.memory_free': signal('gauge bytes neither', GPU, 'Framebuffer free.', 'memory pressure'),
  'gpu.memory_total': signal('gauge bytes neither', GPU, 'Framebuffer of the device.', 'denominator of memory use'),
  'gpu.memory_reserved': signal('gauge bytes neither', GPU, 'Framebuffer reserved by the driver.', 'memory pressure'),
  'gpu.sm_clock': signal('gauge hertz up', GPU, 'Clock of the multiprocessors.', 'throttling'),
  'gpu.memory_clock': signal('gauge hertz up', GPU, 'Clock of the memory.', 'throttling'),
  'gpu.temperature': signal('gauge celsius down', GPU, 'Temperature of the device.', 'throttling'),
  'gpu.memory_temperature': signal('gauge celsius down', GPU, 'Temperature of the memory.', 'throttling'),
  'gpu.xid': signal('gauge none neither', GPU, 'Code of the last XID error.', 'broken devices'),
  'gpu.power_violation': signal('counter seconds down', GPU, 'Time throttled for power.', 'throttling'),
  'gpu.thermal_violation': signal('counter seconds down', GPU, 'Time throttled for heat.', 'throttling'),
  'gpu.pcie_replays': signal('counter none down', GPU, 'PCIe transfers repeated.', 'broken links'),
  'gpu.nvlink_bandwidth': signal('counter none neither', GPU, 'NVLink traffic over all lanes.', 'tensor-parallel traffic'),
  'gpu.remapped_rows_uncorrectable': signal(
    'counter none down',
    GPU,
    'Memory rows remapped for errors that could not be corrected.',
    'broken devices',
  ),
  'gpu.remapped_rows_correctable': signal('counter none down', GPU, 'Memory rows remapped for errors that could be corrected.', 'broken devices'),
  'gpu.row_remap_failed': signal('gauge none down', GPU, '1 when a row could not be remapped.', 'broken devices'),
  'gpu.graphics_active': signal('gauge ratio neither', GPU, 'Share of time the graphics or compute engine was active.', 'idle devices'),
  'gpu.sm_active': signal('gauge ratio up', GPU, 'Share of cycles in which a multiprocessor had a warp.', 'how busy the device is'),
  'gpu.sm_occupancy': signal('gauge ratio up', GPU, 'Resident warps over the most possible.', 'how busy the device is'),
  'gpu.tensor_active': signal(
    'gauge ratio up',
    GPU,
    'Share of cycles in which the tensor pipe was active.',
    'how busy the device is: compute-bound work',
  ),
  'gpu.dram_active': signal(
    'gauge ratio neither',
    GPU,
    'Share of cycles in which device memory moved data.',
    'how busy the device is: memory-bound work',
  ),
  'gpu.pcie_tx': signal('gauge bytes/s neither', GPU, 'Bytes a second sent over PCIe.', 'offloading'),
  'gpu.pcie_rx': signal('gauge bytes/s neither', GPU, 'Bytes a second received over PCIe.', 'offloading'),
  'gpu.nvlink_tx': signal('gauge bytes/s neither', GPU, 'Bytes a second sent over NVLink.', 'tensor-parallel traffic'),
} as const
