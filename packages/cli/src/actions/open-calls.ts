/**
 * Calls that a transaction left open: held by a rule, or waiting for others to agree. Such a
 * transaction is final, yet what it asks for was not carried out, and whoever sent it must hear so.
 */
import type { Client, JsonRow, Receipt } from '@daybook/client';
import { ClientError } from '@daybook/client';
import type { ManifestApprovals } from '@daybook/contracts';
import type { Call } from '@daybook/core';
import { toHex } from '@daybook/core';
import { contractNamed } from './contracts.ts';

/** What a rule found in a held call; money as the contract words it. */
interface CallFinding {
  readonly rule: string;
  readonly found: string;
  readonly allowed: string;
}

/** Who has agreed, and who is needed. */
interface Agreeing {
  /** Full name of the role of those who count. */
  readonly role: string;
  readonly officers: number;
  readonly organisations: number;
  /** Identities, `organisation/name`. */
  readonly agreed: readonly string[];
  readonly missingOfficers: number;
  /** Of how many organisations that have not agreed the missing ones must be, at least. */
  readonly missingOrganisations: number;
}

export interface OpenCall {
  /** 32 bytes in hex, as `daybook ledger release --call` takes it. */
  readonly call: string;
  readonly status: 'held' | 'waiting';
  /** `contract.action` */
  readonly action: string;
  /** RFC 3339; missing, as is the rest, where the record could not be read. */
  readonly until?: string;
  readonly guard?: string;
  readonly rule?: string;
  readonly findings: readonly CallFinding[];
  readonly agreeing?: Agreeing;
  /** How many officers have refused a held call. */
  readonly refusals: number;
}

const OPENING = new Map<string, OpenCall['status']>([
  ['held', 'held'],
  ['waiting', 'waiting'],
]);
/** Actions of the ledger that may leave the call they name open. */
const JUDGING: ReadonlySet<string> = new Set(['approve', 'release', 'refuse']);

/**
 * The calls that are still open of those that a transaction opened or judged.
 * @param calls  what the transaction asked for; an incomplete release leaves no event
 */
export async function openCallsOf(
  { events }: Receipt,
  calls: readonly Call[],
  client: Client,
): Promise<readonly OpenCall[]> {
  const ofLedger = events.filter(({ contract }) => contract === 'ledger');
  const namedIn = (name: string) =>
    ofLedger.filter((event) => event.name === name).map(({ fields }) => String(fields.call));
  const closed = new Set(namedIn('closed'));
  const opened = new Map<string, OpenCall>();
  for (const { name, fields } of ofLedger) {
    const status = OPENING.get(name);
    if (status === undefined) continue;
    const { call, contract, action, guard } = fields;
    const row = { call: String(call), status, action: `${contract}.${action}` };
    const by = guard === undefined ? {} : { guard: String(guard) };
    opened.set(row.call, { ...row, ...by, findings: [], refusals: 0 });
  }
  const judged = calls.flatMap(({ contract, action, args }) => {
    const { call } = args as { readonly call?: unknown };
    const isJudging = contract === 'ledger' && JUDGING.has(action);
    return isJudging && call instanceof Uint8Array ? [toHex(call)] : [];
  });
  const open: OpenCall[] = [];
  for (const call of new Set([...opened.keys(), ...judged])) {
    if (closed.has(call)) continue;
    const found = await readOpen(call, client, opened.get(call));
    if (found !== undefined) open.push(found);
  }
  return open;
}

/** As the ledger has it now; what the receipt says, where no node can be asked any more. */
async function readOpen(
  call: string,
  client: Client,
  told: OpenCall | undefined,
): Promise<OpenCall | undefined> {
  try {
    const ledger = client.contractBy(await contractNamed('ledger', client));
    const row = (await ledger.records('pending').get({ call }))?.row;
    if (row === undefined) return told;
    const status = OPENING.get(String(row.status));
    if (status === undefined) return undefined;
    const guard = row.guard === undefined ? {} : { guard: String(row.guard) };
    const rule = row.rule === undefined ? {} : { rule: String(row.rule) };
    const agreeing = await agreeingTo(row, status, client);
    return {
      call,
      status,
      action: `${row.contract}.${row.action}`,
      until: String(row.expires),
      ...(status === 'held' && { ...guard, ...rule }),
      findings: status === 'held' ? await findingsOf(call, client) : [],
      ...(agreeing !== undefined && { agreeing }),
      refusals: identitiesIn(row.refusers).length,
    };
  } catch (error) {
    // The transaction is final whatever becomes of this look: its outcome must not be lost.
    if (error instanceof ClientError) return told;
    throw error;
  }
}

async function agreeingTo(
  row: JsonRow,
  status: OpenCall['status'],
  client: Client,
): Promise<Agreeing | undefined> {
  const isHeld = status === 'held';
  const demand = isHeld ? await releaseOf(row, client) : await approvalsOf(row, client);
  if (demand === undefined) return undefined;
  const agreed = identitiesIn(isHeld ? row.releasers : row.approvers);
  const bodies = bodiesOf(agreed);
  const parties = bodiesOf(identitiesIn(row.approvers));
  // X-33: of those who release, one at least is of an organisation without part in the call.
  const lacking = isHeld && [...bodies].every((body) => parties.has(body)) ? 1 : 0;
  const { role, officers, organisations } = demand;
  return {
    role,
    officers,
    organisations,
    agreed,
    missingOfficers: Math.max(lacking, officers - agreed.length),
    missingOrganisations: Math.max(lacking, organisations - bodies.size),
  };
}

async function releaseOf(row: JsonRow, client: Client): Promise<ManifestApprovals | undefined> {
  const [contract = '', guard = ''] = String(row.guard).split('.');
  return (await contractNamed(contract, client)).guards[guard]?.release;
}

async function approvalsOf(row: JsonRow, client: Client): Promise<ManifestApprovals | undefined> {
  const contract = await contractNamed(String(row.contract), client);
  return contract.actions[String(row.action)]?.approvals;
}

/** What the rules of risk control found; nothing for calls that other guards hold. */
async function findingsOf(call: string, client: Client): Promise<readonly CallFinding[]> {
  const risk = client.contractBy(await contractNamed('risk', client));
  const hold = (await risk.records('hold').get({ call }))?.row;
  if (hold === undefined) return [];
  const { fund = '', payment = '', rules } = hold;
  const findings: CallFinding[] = [];
  for (const rule of Array.isArray(rules) ? rules.map(String) : []) {
    const hit = (await risk.records('hit').get({ fund, payment, rule }))?.row;
    if (hit === undefined) continue;
    findings.push({ rule, found: String(hit.found), allowed: String(hit.allowed) });
  }
  return findings;
}

function bodiesOf(identities: readonly string[]): ReadonlySet<string | undefined> {
  return new Set(identities.map((identity) => identity.split('/')[0]));
}

function identitiesIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.map(({ identity }) => String(identity)) : [];
}

/** An open call in words: that it was not carried out, why, until when, and who ends that. */
export function openCallLines(open: OpenCall): readonly string[] {
  const { call, status, action, guard, rule, until, findings, agreeing, refusals } = open;
  const isHeld = status === 'held';
  const by = isHeld && guard !== undefined ? ` by ${guard}` : '';
  const why = rule === undefined ? '' : `, rule ${rule}`;
  const time = until === undefined ? '' : `, until ${until}`;
  const head = isHeld
    ? `Held, not carried out: ${action}${by}${why}${time}.`
    : `Waits for approval, not carried out: ${action}${time}.`;
  const verb = isHeld
    ? `daybook ledger release --call ${call} --reason …`
    : `daybook ledger approve --call ${call}`;
  const others = isHeld
    ? ', one at least of an organisation that did not sign it, release it'
    : ' agree';
  return [
    head,
    ...findings.map((one) => `  ${one.rule}: found ${one.found}, allowed ${one.allowed}`),
    `${agreeing === undefined ? 'Others' : whoText(agreeing)}${others} with ` +
      `${verb}${agreeing === undefined ? '' : ` (${progressText(agreeing)})`}.`,
    ...(refusals === 0 ? [] : [`${counted(refusals, 'officer')} refused it so far.`]),
  ];
}

function whoText({ officers, organisations, role }: Agreeing): string {
  return `${counted(officers, 'officer')} of ${counted(organisations, 'organisation')} with the role ${role}`;
}

function progressText({ agreed, officers, ...missing }: Agreeing): string {
  const others =
    missing.missingOrganisations === 0
      ? ''
      : `, of at least ${counted(missing.missingOrganisations, 'more organisation')}`;
  const names = agreed.length === 0 ? '' : `: ${agreed.join(', ')}`;
  return `${agreed.length} of ${officers} so far${names}; missing: ${counted(missing.missingOfficers, 'officer')}${others}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
