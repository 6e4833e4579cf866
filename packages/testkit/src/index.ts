/** For integration testers: local clusters, consortia, free ports and the simulator. Exports only. */
export type {
  Cluster,
  ClusterNode,
  ClusterOptions,
  MemberPlan,
  NodeHosts,
  SignerPlace,
} from './cluster.ts';
export { createCluster, startCluster } from './cluster.ts';
export type {
  Consortium,
  ConsortiumPlan,
  OfficerKey,
  OfficerPlan,
  OrganisationKeys,
  OrganisationPlan,
} from './consortium.ts';
export { createConsortium } from './consortium.ts';
export type { ClusterDescription, DescribedNode, DescribedOfficer } from './description.ts';
export { CLUSTER_FORMAT, readClusterDescription } from './description.ts';
export type { InProcessNode, InProcessOptions } from './in-process.ts';
export { startInProcessNode, startInProcessNodes } from './in-process.ts';
export type { LyingProvider, LyingProviderPlan } from './lying-provider.ts';
export { startLyingProvider } from './lying-provider.ts';
export type { NodeProcess, NodeProcessOptions, ProcessEnd } from './node-process.ts';
export { createNodeProcess } from './node-process.ts';
export type { PortClaim } from './ports.ts';
export { claimPorts } from './ports.ts';
export type { LinkConditions, LinkEnds, RelayedNode, Relays } from './relay.ts';
export { createRelays } from './relay.ts';
export type { CoverageGoal } from './sim/coverage-goals.ts';
export { COVERAGE_GOALS, missedGoals } from './sim/coverage-goals.ts';
export type { CrashPoint } from './sim/crash-points.ts';
export { listCrashPoints, runCrashPoint } from './sim/crash-points.ts';
export type { Foundry } from './sim/foundry.ts';
export { createFoundry } from './sim/foundry.ts';
export type { TwinsRound } from './sim/model/twins-round.ts';
export type {
  TwinsFailure,
  TwinsFound,
  TwinsOptions,
  TwinsProgress,
  TwinsUnit,
} from './sim/model/twins-search.ts';
export { searchTwins } from './sim/model/twins-search.ts';
export type { RunPlan, Sizes, Traitor } from './sim/plan.ts';
export { drawPlan } from './sim/plan.ts';
export { REGRESSIONS } from './sim/regressions/all.ts';
export type { Regression } from './sim/regressions/regression.ts';
export { renderFailure, renderResult } from './sim/report.ts';
export type { Scenario, ScenarioOptions } from './sim/scenario.ts';
export { openScenario } from './sim/scenario.ts';
export { shrink } from './sim/shrink.ts';
export { simulate } from './sim/simulate.ts';
export type { RunResult, Simulation, SimulationOptions } from './sim/simulation.ts';
export type { Bend, Outgoing, Strategy } from './sim/strategies/strategy.ts';
export type { TwinsCase } from './sim/twins.ts';
export { DROPPED } from './sim/twins.ts';
export type { TwinsPlan, TwinsReport } from './sim/twins-space.ts';
export { sampleTwins } from './sim/twins-space.ts';
export type { Workload } from './sim/workload.ts';
export type { Prng } from './sim/world/prng.ts';
export { createPrng } from './sim/world/prng.ts';
