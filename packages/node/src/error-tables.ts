/** The error tables of every package of a node: what the API, the daemon and its documents know. */
import { CONSENSUS_ERRORS } from '@daybook/consensus';
import { CONTRACTS_ERRORS } from '@daybook/contracts';
import type { ErrorTable } from '@daybook/core';
import { CORE_ERRORS } from '@daybook/core';
import { KEYSTORE_ERRORS } from '@daybook/keystore';
import { NETWORK_ERRORS } from '@daybook/network';
import { READMODEL_ERRORS } from '@daybook/readmodel';
import { STATE_ERRORS } from '@daybook/state';
import { NODE_ERRORS } from './errors.ts';

export const ERROR_TABLES: readonly ErrorTable[] = [
  CORE_ERRORS,
  CONSENSUS_ERRORS,
  STATE_ERRORS,
  CONTRACTS_ERRORS,
  NETWORK_ERRORS,
  KEYSTORE_ERRORS,
  READMODEL_ERRORS,
  NODE_ERRORS,
];
