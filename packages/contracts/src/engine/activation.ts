/**
 * Which version of each contract acts at a height. The list is one record of the ledger, so that a
 * block reads it at once; decided changes take effect when their height comes.
 */
import type { Hash } from '@daybook/core';
import { assert } from '@daybook/core';
import { ContractsError } from '../errors.ts';
import type { ErasedDefinition, Values } from '../language/definition.ts';
import { manifestHashOfContracts } from '../manifest/canonical.ts';
import type { LinkedContract } from './link.ts';
import { linkContract } from './link.ts';
import type { ActiveVersions, Session } from './session.ts';

/** One contract in the list; without `version` it does not act yet. */
export interface ActivationEntry {
  readonly contract: string;
  readonly version?: number | undefined;
  /** Its records are read, nobody acts on them any more. */
  readonly retired?: boolean | undefined;
  readonly nextVersion?: number | undefined;
  /** When the next version acts; without one, when the contract retires. */
  readonly fromHeight?: number | undefined;
}

/** A version as it acts, and as it is read once it is retired. */
export interface KnownVersion {
  readonly acting: LinkedContract;
  /** Linked when it is first asked for. */
  readonly retired: () => LinkedContract;
}

/** Every contract version that this release knows. */
export type KnownContracts = ReadonlyMap<string, ReadonlyMap<number, KnownVersion>>;

/** spec X-34: a retired version is the same without actions and guards. */
export function knownVersion(definition: ErasedDefinition): KnownVersion {
  let retired: LinkedContract | undefined;
  return {
    acting: linkContract(definition),
    retired: () => {
      retired ??= linkContract({ ...definition, actions: {}, guards: {} });
      return retired;
    },
  };
}

/** The entries of the activation row, which was checked when it was read. */
export function entriesOf(row: Values): readonly ActivationEntry[] {
  return row.contracts as readonly ActivationEntry[];
}

/** The list with one entry replaced or added, ascending by name. */
export function withEntry(
  entries: readonly ActivationEntry[],
  changed: ActivationEntry,
): readonly ActivationEntry[] {
  const others = entries.filter(({ contract }) => contract !== changed.contract);
  return [...others, changed].sort((a, b) => (a.contract < b.contract ? -1 : 1));
}

/**
 * The contracts that act, ascending by number.
 * @throws ContractsError if one of them is not known to this release
 */
export function activeVersions(
  known: KnownContracts,
  entries: readonly ActivationEntry[],
): ActiveVersions {
  const active: LinkedContract[] = [];
  for (const { contract, version, retired } of entries) {
    if (version === undefined) continue;
    const found = known.get(contract)?.get(version);
    if (found === undefined) {
      throw new ContractsError({ code: 'CONTRACTS_VERSION_MISSING', contract, version });
    }
    active.push(retired === true ? found.retired() : found.acting);
  }
  active.sort((a, b) => a.number - b.number);
  return new Map(active.map((linked) => [linked.name, linked]));
}

/** Hash of the manifest of these versions, which ascend by number. */
export function activeManifestHash(versions: ActiveVersions): Hash {
  return manifestHashOfContracts([...versions.values()].map(({ hash }) => hash()));
}

/** At the end of a block: versions whose time is the next height act from then on. */
export function advanceActivations(session: Session, known: KnownContracts): void {
  const table = session.contract('ledger')?.writing().records.activation;
  const row = table?.get({});
  assert(table !== undefined && row !== undefined, 'the ledger keeps the active versions');
  const entries = entriesOf(row);
  const next = session.block.height + 1;
  if (!entries.some(({ fromHeight }) => fromHeight === next)) return;
  const contracts = entries.map((entry) => (entry.fromHeight === next ? turned(entry) : entry));
  const manifestHash = activeManifestHash(activeVersions(known, contracts));
  table.put({ contracts, manifestHash });
}

/** An entry whose time has come. */
function turned({ contract, version, nextVersion }: ActivationEntry): ActivationEntry {
  if (nextVersion !== undefined) return { contract, version: nextVersion };
  return { contract, version, retired: true };
}
