/**
 * Who takes part in the main job: departments that answer for the money in the shipped files, the
 * auditor, and a university that only watches. On this machine all of them are played by one
 * person; in the world each runs its own node and keeps its own keys.
 */
import type { MemberPlan, OfficerPlan } from '@daybook/testkit';

/** Grants the reconstructed budgets and signs every payment beside the paying department. */
export const TREASURY = 'hm-treasury';
/** The node that is killed in the middle of the import. */
export const VICTIM = 'government-property-agency';

const ADMINISTRATOR: OfficerPlan = {
  name: 'administrator',
  roles: ['directory.administrator', 'governance.delegate'],
};

/** Officers of a department that spends. */
const SPENDING: readonly OfficerPlan[] = [
  ADMINISTRATOR,
  { name: 'budget-officer', roles: ['treasury.budgeter'] },
  { name: 'paying-officer', roles: ['treasury.payer'] },
];

const GRANTING: readonly OfficerPlan[] = [
  ADMINISTRATOR,
  { name: 'appropriation-officer', roles: ['treasury.appropriator'] },
  { name: 'controller', roles: ['treasury.controller'] },
];

export const DEPARTMENTS: readonly MemberPlan[] = [
  {
    slug: TREASURY,
    title: { en: 'HM Treasury', zh: '英国财政部' },
    officers: GRANTING,
    node: 'validator',
  },
  {
    slug: 'cabinet-office',
    title: { en: 'Cabinet Office', zh: '英国内阁办公室' },
    officers: SPENDING,
    node: 'validator',
  },
  {
    slug: VICTIM,
    title: { en: 'Government Property Agency', zh: '英国政府物业局' },
    officers: SPENDING,
    node: 'validator',
  },
  {
    slug: 'national-audit-office',
    title: { en: 'National Audit Office', zh: '英国国家审计署' },
    officers: [ADMINISTRATOR],
    node: 'validator',
  },
  {
    slug: 'spending-observatory',
    title: { en: 'Spending Observatory, a university', zh: '某大学支出观察站' },
    officers: [ADMINISTRATOR],
    node: 'observer',
  },
  {
    slug: 'crown-commercial-service',
    title: { en: 'Crown Commercial Service', zh: '英国皇家商务服务局' },
    officers: SPENDING,
    node: 'none',
  },
  {
    slug: 'epsrc',
    title: {
      en: 'Engineering and Physical Sciences Research Council',
      zh: '英国工程与自然科学研究理事会',
    },
    officers: SPENDING,
    node: 'none',
  },
];
