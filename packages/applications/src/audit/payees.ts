/** All that a payee is called, in SQL: parts of the audit rules; see `risk/payees.ts` for the contract's. */
import { partyNameKeySql } from '../party-name.ts';

/** Who was paid, in the words of risk.relation: what says most of it, whatever way a name was written. */
export const PAYEE_ID = `CASE
        WHEN p.payee_organisation IS NOT NULL THEN 'organisation:' || p.payee_organisation
        WHEN p.payee_person IS NOT NULL THEN 'person:' || p.payee_person
        ELSE 'name:' || ${partyNameKeySql("COALESCE(p.payee_name, '')")} END`;

/**
 * Names `known`, the payments in scope once for all that their payee is called, as rules of risk control
 * judge it (`risk/payees.ts`): naming an organisation beside a name hides neither.
 */
export const KNOWN = `payees AS (
    SELECT record, first_id AS payee_id FROM paid
    UNION SELECT record, 'name:' || ${partyNameKeySql('payee_name')} FROM paid
      WHERE payee_name IS NOT NULL
    UNION SELECT p.record, 'name:' || ${partyNameKeySql('o.title_en')} FROM paid p
      JOIN directory_organisation o ON o.slug = p.payee_organisation
    UNION SELECT p.record, 'name:' || ${partyNameKeySql('o.title_zh')} FROM paid p
      JOIN directory_organisation o ON o.slug = p.payee_organisation
    UNION SELECT record, 'key:' || payee_key FROM paid WHERE payee_key IS NOT NULL
  ),
  known AS (SELECT p.*, x.payee_id FROM paid p JOIN payees x ON x.record = p.record)`;
