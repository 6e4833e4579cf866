/**
 * The memory adapter against the suite of the port.
 */
import { memoryMaker } from '../support/cluster.ts';
import { networkCompliance } from '../support/compliance.ts';

networkCompliance('memory', memoryMaker);
