/** The consortium of these tests: departments of the shipped spending data, with officers. */
import type { MemberPlan } from '@daybook/testkit';

const ADMIN = { name: 'admin', roles: ['directory.administrator', 'governance.delegate'] };
const SPENDING = [
  ADMIN,
  { name: 'budgeter', roles: ['treasury.budgeter'] },
  { name: 'payer', roles: ['treasury.payer'] },
];
const GRANTING = [
  ADMIN,
  { name: 'granter', roles: ['treasury.appropriator'] },
  { name: 'controller', roles: ['treasury.controller'] },
];

function member(
  slug: string,
  officers: MemberPlan['officers'],
  node: MemberPlan['node'] = 'validator',
): MemberPlan {
  return { slug, title: { en: slug, zh: slug }, officers, node };
}

export const TREASURY = 'hm-treasury';
export const SPENDERS = [
  'cabinet-office',
  'government-property-agency',
  'crown-commercial-service',
] as const;

export const MEMBERS: readonly MemberPlan[] = [
  member(TREASURY, GRANTING),
  ...SPENDERS.map((slug) => member(slug, SPENDING)),
  member('newspaper', [ADMIN], 'observer'),
];
