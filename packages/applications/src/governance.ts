/**
 * Governance: member organisations propose and vote; what they adopt takes effect at a stated later
 * height. It keeps the validator set, the order of proposers and the chain parameters, and applies
 * the admission rules of protocol §15, so that no decision can leave the chain without a quorum.
 */
import { defineContract, instantText } from '@daybook/contracts';
import {
  asPublicKey,
  freshRotation,
  fromHex,
  isGoodPublicKey,
  PARAMETER_NAMES,
  PARAMETERS,
  validatorIdOf,
  ZERO_HASH,
} from '@daybook/core';
import { directory } from './directory.ts';
import { recordEvidence } from './governance/evidence.ts';
import {
  actInput,
  actionName,
  because,
  consensusKey,
  contractName,
  officerName,
  organisation,
  parameterName,
  proof,
  proposalNumber,
  publicKey,
  reason,
  role,
  scope,
  slug,
  titleField,
  validator,
  value,
  version,
} from './governance/fields.ts';
import { epochOf, isOrdered, memberCount, setAt, storedSetOf } from './governance/ground.ts';
import {
  castVotes,
  checkReservedRole,
  checkStanding,
  closeProposal,
  decide,
  needOpen,
  propose,
  runSchedule,
} from './governance/proposals.ts';
import { recordReady, rememberBlock } from './governance/ready.ts';
import { parameters, records, roles, sums } from './governance/records.ts';
import { recordRecovery } from './governance/recovery.ts';
import { putRotation, turnRotation } from './governance/turns.ts';
import {
  checkConsensusKey,
  checkQuorumKept,
  checkSetSize,
  crossBoundary,
  needValidator,
} from './governance/validator-set.ts';
import { events, failures } from './governance/words.ts';

export const governance = defineContract({
  number: 2,
  name: 'governance',
  version: 1,
  title: { en: 'Governance', zh: '治理' },
  help: {
    en: 'Proposals and votes of member organisations, the validator set, and parameters.',
    zh: '成员机构的提案与表决、验证节点集以及参数。',
  },
  records,
  roles,
  parameters,
  sums,
  uses: { directory },
  failures,
  events,

  actions: {
    proposeAdmission: {
      title: { en: 'Propose to admit an organisation', zh: '提议接纳机构' },
      by: { role: 'delegate' },
      discretion: true,
      input: {
        organisation: slug,
        title: titleField,
        governanceKey: publicKey,
        administrator: officerName,
        publicKey,
        ...because,
      },
      handler(context, input) {
        const { organisation: name, title, governanceKey, administrator, publicKey: key } = input;
        const isTaken = context.contracts.directory.records.organisation.has({ slug: name });
        context.check(!isTaken, 'ORGANISATION_EXISTS', { organisation: name });
        context.check(isGoodPublicKey(governanceKey) && isGoodPublicKey(key), 'KEY_UNUSABLE');
        const wanted = {
          organisation: name,
          title,
          governanceKey,
          name: administrator,
          publicKey: key,
        };
        propose(context, 'admitOrganisation', wanted, input);
      },
    },
    proposeSuspension: {
      title: { en: 'Propose to suspend an organisation', zh: '提议暂停机构' },
      by: { role: 'delegate' },
      discretion: true,
      input: { organisation, ...because },
      handler(context, input) {
        checkStanding(context, input.organisation, 'active');
        context.check(memberCount(context) > 1, 'LAST_MEMBER');
        propose(context, 'suspendOrganisation', { organisation: input.organisation }, input);
      },
    },
    proposeReinstatement: {
      title: { en: 'Propose to lift a suspension', zh: '提议恢复机构' },
      by: { role: 'delegate' },
      discretion: true,
      input: { organisation, ...because },
      handler(context, input) {
        checkStanding(context, input.organisation, 'suspended');
        propose(context, 'reinstateOrganisation', { organisation: input.organisation }, input);
      },
    },
    proposeRole: {
      title: { en: 'Propose to grant a reserved role', zh: '提议授予保留角色' },
      by: { role: 'delegate' },
      discretion: true,
      input: { organisation, name: officerName, role, scope, ...because },
      handler(context, input) {
        checkReservedRole(context, input);
        const { organisation: owner, name, role: given, scope: reach } = input;
        propose(
          context,
          'assignRole',
          { organisation: owner, name, role: given, scope: reach },
          input,
        );
      },
    },
    proposeRoleWithdrawal: {
      title: { en: 'Propose to withdraw a reserved role', zh: '提议收回保留角色' },
      by: { role: 'delegate' },
      discretion: true,
      input: { organisation, name: officerName, role, scope, ...because },
      handler(context, input) {
        checkReservedRole(context, input);
        const { organisation: owner, name, role: given, scope: reach } = input;
        propose(
          context,
          'withdrawRole',
          { organisation: owner, name, role: given, scope: reach },
          input,
        );
      },
    },
    proposeValidator: {
      title: { en: 'Propose a new validator', zh: '提议增加验证节点' },
      by: { role: 'delegate' },
      discretion: true,
      input: { organisation, consensusKey, proof, ...because },
      handler(context, input) {
        checkStanding(context, input.organisation, 'active');
        checkConsensusKey(context, input.consensusKey, input);
        checkSetSize(context, 1);
        checkQuorumKept(context, { joining: 1 });
        const wanted = { organisation: input.organisation, publicKey: input.consensusKey };
        propose(context, 'addValidator', wanted, input);
      },
    },
    proposeValidatorRemoval: {
      title: { en: 'Propose to remove a validator', zh: '提议移除验证节点' },
      by: { role: 'delegate' },
      discretion: true,
      input: { validator, ...because },
      handler(context, input) {
        const row = needValidator(context, input.validator);
        checkSetSize(context, -1);
        checkQuorumKept(context, { removed: input.validator, joining: 0 });
        const wanted = { validator: input.validator, organisation: row.organisation };
        propose(context, 'removeValidator', wanted, input);
      },
    },
    proposeKeyRotation: {
      title: { en: 'Propose a new key for a validator', zh: '提议更换验证节点密钥' },
      by: { role: 'delegate' },
      discretion: true,
      input: { validator, consensusKey, proof, ...because },
      handler(context, input) {
        const { organisation: owner } = needValidator(context, input.validator);
        checkConsensusKey(context, input.consensusKey, { organisation: owner, proof: input.proof });
        checkQuorumKept(context, { removed: input.validator, joining: 1 });
        const wanted = {
          validator: input.validator,
          organisation: owner,
          publicKey: input.consensusKey,
        };
        propose(context, 'rotateValidator', wanted, input);
      },
    },
    proposeParameter: {
      title: { en: 'Propose to change a parameter', zh: '提议变更参数' },
      by: { role: 'delegate' },
      discretion: true,
      input: { contract: contractName, parameter: parameterName, value, ...because },
      handler(context, input) {
        const { contract, parameter, value: text } = input;
        const isFixed = contract === 'governance' && parameter === 'epochBlocks';
        context.check(!isFixed, 'PARAMETER_FIXED', { parameter });
        const fact = context.ledger.faultOfParameter(contract, parameter, text);
        const facts = { contract, parameter, value: text, fact: fact ?? '' };
        context.check(fact === undefined, 'PARAMETER_REFUSED', facts);
        propose(context, 'changeParameter', { contract, parameter, value: text }, input);
      },
    },
    proposeContract: {
      title: { en: 'Propose to activate a contract version', zh: '提议启用合约版本' },
      by: { role: 'delegate' },
      discretion: true,
      input: { contract: contractName, version, ...because },
      handler(context, input) {
        const { contract, version: wanted } = input;
        // Which versions a release brings is no fact of the chain: whoever lacks this one does not
        // admit the transaction, and stops before the version acts (spec X-35).
        propose(context, 'activateContract', { contract, version: wanted }, input);
      },
    },
    proposeContractRetirement: {
      title: { en: 'Propose to retire a contract', zh: '提议停用合约' },
      help: {
        en: 'Its records stay and are read; nobody acts on them until a version is activated again.',
        zh: '记录保留可查;重新启用前不再受理操作。',
      },
      by: { role: 'delegate' },
      discretion: true,
      input: { contract: contractName, ...because },
      handler(context, input) {
        const { contract } = input;
        const fact = context.ledger.faultOfRetirement(contract);
        const facts = { contract, fact: fact ?? '' };
        context.check(fact === undefined, 'RETIREMENT_REFUSED', facts);
        propose(context, 'retireContract', { contract }, input);
      },
    },
    proposeAct: {
      title: { en: 'Propose an act reserved for members', zh: '提议须由成员决定的行为' },
      help: {
        en: 'Such as a rule of risk control; the input is the JSON of that action.',
        zh: '例如风控规则;输入为该操作的 JSON。',
      },
      by: { role: 'delegate' },
      discretion: true,
      input: { contract: contractName, action: actionName, input: actInput, ...because },
      handler(context, input) {
        const { contract, action, input: given } = input;
        const act = { contract, action, input: given };
        const fact = context.ledger.faultOfAct(act);
        context.check(fact === undefined, 'ACT_REFUSED', { contract, action, fact: fact ?? '' });
        propose(context, 'takeAct', act, input);
      },
    },
    vote: {
      title: { en: 'Vote on a proposal', zh: '表决提案' },
      help: {
        en: 'One vote per member organisation; delegates of several may sign together.',
        zh: '每个成员机构一票;多个机构的代表可共同签名。',
      },
      by: { role: 'delegate' },
      discretion: true,
      input: { proposal: proposalNumber, choice: records.vote.fields.choice, reason },
      handler(context, input) {
        const row = needOpen(context, input.proposal);
        const cast = castVotes(context, row.number, input.choice);
        context.check(cast > 0, 'VOTED_ALREADY');
        decide(context, row);
      },
    },
    close: {
      title: { en: 'Close a proposal whose time is over', zh: '关闭到期提案' },
      help: {
        en: 'Votes are counted a last time, by who is in good standing then.',
        zh: '按届时状态正常的机构作最后计票。',
      },
      by: 'officer',
      input: { proposal: proposalNumber },
      handler(context, { proposal }) {
        const row = context.records.proposal.need({ number: proposal }, 'PROPOSAL_UNKNOWN');
        const facts = { status: row.status, closes: instantText(row.closes) };
        context.check(row.status === 'open', 'VOTING_CLOSED', facts);
        context.check(row.closes < context.timestampMs, 'VOTING_OPEN', facts);
        closeProposal(context, row);
      },
    },
  },

  invariants: {
    setIsUsable: {
      title: { en: 'The validator set is sorted and not empty', zh: '验证节点集有序且非空' },
      record: 'validators',
      holds: ({ after }) =>
        after !== undefined && isOrdered(after.present) && isOrdered(after.next ?? after.present),
    },
    votesCounted: {
      title: { en: 'A proposal counts no votes but those cast', zh: '提案票数不超过表决记录' },
      record: 'proposal',
      holds: ({ after }, { sums: kept }) => {
        if (after === undefined) return false;
        const cast = (choice: string): number =>
          kept.votes.get({ proposal: after.number, choice }).count;
        const { yes, no, abstain } = after;
        return yes <= cast('yes') && no <= cast('no') && abstain <= cast('abstain');
      },
    },
    ballotsListed: {
      title: { en: 'The votes counted are the votes cast', zh: '所计表决与表决记录一致' },
      record: 'ballots',
      holds: ({ after }, { sums: kept }) =>
        after !== undefined &&
        (['yes', 'no', 'abstain'] as const).every(
          (choice) =>
            kept.votes.get({ proposal: after.proposal, choice }).count ===
            after.cast.filter((one) => one.choice === choice).length,
        ),
    },
  },

  queries: {
    proposals: { title: { en: 'Proposals', zh: '提案' }, record: 'proposal' },
    open: {
      title: { en: 'Proposals open for votes', zh: '表决中的提案' },
      record: 'proposal',
      where: { field: 'status', is: ['open'] },
      inTime: 'closes',
    },
    overdue: {
      title: { en: 'Proposals whose time is over', zh: '已到期的提案' },
      record: 'proposal',
      overdue: 'closes',
    },
    votesOf: {
      title: { en: 'Votes on a proposal', zh: '提案的表决' },
      record: 'vote',
      by: ['proposal'],
    },
    validatorsEver: { title: { en: 'Validators ever', zh: '历任验证节点' }, record: 'validator' },
    provenFaults: { title: { en: 'Proven faults', zh: '违规证据' }, record: 'evidence' },
    recoveries: { title: { en: 'Recoveries', zh: '恢复记录' }, record: 'recovery' },
    evidenceOf: {
      title: { en: 'Proven faults of a validator', zh: '某验证节点的违规证据' },
      record: 'evidence',
      by: ['validator'],
    },
  },

  system: {
    onGenesis(context, { document, validators: founders }) {
      const { developmentMode, parameters: chosen } = document;
      context.records.chain.insert({ developmentMode, epochBlocks: chosen.epochBlocks });
      for (const name of PARAMETER_NAMES) {
        if (chosen[name] === PARAMETERS[name].default) continue;
        const setting = { contract: 'governance', name, value: String(chosen[name]) };
        context.ledger.setParameter({ ...setting, fromHeight: 1 });
      }
      if (founders.length === 0) return;
      context.records.validators.insert({ present: storedSetOf(founders) });
      putRotation(context, freshRotation(founders));
      for (const { organisation: owner, consensusKey: keyHex } of document.validators) {
        const key = asPublicKey(fromHex(keyHex) ?? ZERO_HASH);
        const id = validatorIdOf(key);
        const row = { id, organisation: owner, publicKey: key, sinceHeight: 1 };
        context.records.validator.insert({ ...row, status: 'active' });
        context.records.consensusKey.insert({ publicKey: key, id, fromHeight: 1 });
      }
    },
    onBlock(context, block) {
      const row = context.records.validators.get({});
      if (row !== undefined) turnRotation(context, setAt(row, block.height), block.proposer);
      runSchedule(context, block.height + 1);
      rememberBlock(context, block);
      const epoch = epochOf(context);
      if ((block.height + 1) % epoch === 0) crossBoundary(context, block.height + 1);
    },
    transactions: {
      recovery: (context, payload) => recordRecovery(context, payload),
      evidence: (context, payload) => recordEvidence(context, payload),
      ready: (context, payload) => recordReady(context, payload),
    },
  },
});
