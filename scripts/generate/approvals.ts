/** `docs/reference/approvals.md`: which actions take the agreement of how many, of how many organisations. */
import { applications } from '@daybook/applications';
import type { ManifestAction, ManifestContract, ManifestGuard } from '@daybook/contracts';
import { createEngine } from '@daybook/contracts';
import { markdownTable, pageHead } from './packages.ts';

const INTRO = `Persons are different officers; two keys of one officer are one person. One of them holds the role of
who begins, all others the role of who joins: a second one who may begin joins nobody by that alone
([X-21](../protocol/07-execution.md)). Whatever else the contract demands of them stands in the last column.

Three acts count agreement by themselves: \`governance.vote\` (one vote of each active organisation, see
X-27), \`directory.recover\` (so many colleagues as \`recoveryOfficers\` of the organisation says) and
\`procurement.endContract\` (the supplier, too, or the controller of the money, while something is owed). Every
other action takes one signature.`;

const GUARDS = `A payment that a guard holds is released, or refused, by so many; one alone does neither. None
who signed the payment counts, and nobody of the organisation that began it; one of them at least is of an
organisation that signed none of it: three organisations with releasers can lift every hold on a payment of
two of them. Whoever agreed to the payment may withdraw it alone; what was refused or withdrawn may be handed in anew under the same
number, and is judged anew. What nobody answers in time expires.`;

const MEMBERS = `No signature takes these; the members decide by vote (\`governance.proposeAct\`), adopted when
\`approvalPercent\` of the active organisations say yes.`;

const full = ({ contract, name }: ManifestAction): string => `\`${contract}.${name}\``;

function approvalRow(action: ManifestAction): readonly string[] {
  const { by, approvals, help } = action;
  const first = typeof by === 'string' ? by : `\`${by.role}\``;
  const { role = '', officers = 1, organisations = 1 } = approvals ?? {};
  return [full(action), first, `\`${role}\``, `${officers}`, `${organisations}`, help?.en ?? ''];
}

function guardRow(contract: string, name: string, guard: ManifestGuard): readonly string[] {
  const { role, officers, organisations, days } = guard.release;
  const actions = guard.actions.map((action) => `\`${action}\``).join(', ');
  const who = [`\`${role}\``, `${officers}`, `${organisations}`, `${days}`];
  return [`\`${contract}.${name}\``, actions, ...who];
}

function actionsOf(contracts: readonly ManifestContract[]): readonly ManifestAction[] {
  return contracts.flatMap(({ actions }) => Object.values(actions));
}

export function buildApprovalsPage(): string {
  const { contracts } = createEngine(applications).manifest();
  const actions = actionsOf(contracts);
  const agreed = actions.filter(({ approvals }) => approvals !== undefined).map(approvalRow);
  const guards = contracts.flatMap(({ name, guards: own }) =>
    Object.entries(own).map(([key, guard]) => guardRow(name, key, guard)),
  );
  const adopted = actions.filter(({ by }) => by === 'governance');
  const head = [
    'action',
    'who begins',
    'who joins',
    'persons',
    'organisations, at least',
    'of whom',
  ];
  const guardHead = ['guard', 'holds', 'role', 'persons', 'organisations', 'days, at most'];
  return [
    pageHead('Approvals', INTRO),
    `${markdownTable(head, agreed)}\n`,
    `## Held payments\n\n${GUARDS}\n\n${markdownTable(guardHead, guards)}\n`,
    `## Acts of the members\n\n${MEMBERS}\n\n${markdownTable(
      ['action', 'what it does'],
      adopted.map((action) => [full(action), action.title.en]),
    )}\n`,
  ].join('\n');
}
