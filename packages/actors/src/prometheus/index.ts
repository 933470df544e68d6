export { farmMetrics } from './farm-metrics.js'
export { MetricsOptions } from './metrics.options.js'
export { serviceMetrics } from './service-metrics.js'
