/**
 * `daybookd doctor`: looks at everything a node needs and says one line about each. It runs before
 * the first start, on a node that is down, and beside a running one; what it cannot look at then it
 * names. It changes nothing but what opening a data directory mends anyway.
 */
import type { Settings } from '../config.ts';
import { loadSettings } from '../config.ts';
import { checkArchive } from './archive-checks.ts';
import { checkData } from './data-checks.ts';
import { checkDisk } from './disk-checks.ts';
import type { Finding } from './finding.ts';
import { exitCodeFor, good, renderFindings, skipped, thrown } from './finding.ts';
import { checkGenesis, checkKeys } from './key-checks.ts';
import { checkDown, checkRunning } from './network-checks.ts';
import { checkPermissions } from './permission-checks.ts';

export interface DoctorRequest {
  readonly configFile: string;
  readonly json: boolean;
  /** Variables that override settings. */
  readonly environment: Environment;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** All findings, in the order in which a start would meet what fails. */
export async function examine(
  configFile: string,
  environment: Environment,
): Promise<readonly Finding[]> {
  let settings: Settings;
  try {
    settings = loadSettings(configFile, environment);
  } catch (error) {
    const advice = 'correct each line that is named; docs/reference/config.md lists all settings';
    const rest = skipped('the rest', 'nothing else can be looked at without settings');
    return [thrown('settings', error, advice), rest];
  }
  const { finding, genesis } = await checkGenesis(settings);
  const before = [
    good('settings', configFile),
    finding,
    ...(await checkKeys(settings, genesis)),
    ...attempt('disk', () => checkDisk(settings)),
    ...attempt('permissions', () => checkPermissions(settings)),
    ...(await checkArchive(settings)),
  ];
  if (genesis === undefined) {
    return [...before, skipped('the rest', 'data and peers are of a chain that is not known')];
  }
  const data = await checkData(settings, genesis);
  const outside = data.isRunning
    ? await checkRunning(settings, genesis)
    : await checkDown(settings, genesis, data.newestMs);
  return [...before, ...data.findings, ...outside];
}

/** Who may not look at something is told so, and hears the rest all the same. */
function attempt(check: string, look: () => readonly Finding[]): readonly Finding[] {
  try {
    return look();
  } catch (error) {
    return [thrown(check, error, 'run doctor as the service user')];
  }
}

export async function runDoctor({ configFile, json, environment }: DoctorRequest): Promise<number> {
  const findings = await examine(configFile, environment);
  const exitCode = exitCodeFor(findings);
  const text = json ? `${JSON.stringify({ exitCode, findings })}\n` : renderFindings(findings);
  process.stdout.write(text);
  return exitCode;
}
