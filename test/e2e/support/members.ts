/** The consortia of these tests: officers for every role, so that each test only says who acts. */
import type { MemberPlan } from '@daybook/testkit';

const OFFICERS: MemberPlan['officers'] = [
  { name: 'admin', roles: ['directory.administrator', 'governance.delegate'] },
  { name: 'treasurer', roles: ['treasury.appropriator'] },
  { name: 'budgeter', roles: ['treasury.budgeter'] },
  { name: 'payer', roles: ['treasury.payer'] },
  { name: 'controller', roles: ['treasury.controller'] },
];

export function member(slug: string, node: MemberPlan['node']): MemberPlan {
  return { slug, title: { en: slug, zh: slug }, officers: OFFICERS, node };
}

/** A development chain: one validator, and the department that controls its payments. */
export const ALONE: readonly MemberPlan[] = [
  member('finance', 'validator'),
  member('audit', 'none'),
];

export const FOUR: readonly MemberPlan[] = ['finance', 'health', 'education', 'audit'].map((slug) =>
  member(slug, 'validator'),
);

export const FOUR_AND_OBSERVER: readonly MemberPlan[] = [...FOUR, member('newspaper', 'observer')];
