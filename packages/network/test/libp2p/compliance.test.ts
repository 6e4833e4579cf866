/**
 * The libp2p adapter against the suite of the port, over TCP on loopback.
 */
import { libp2pMaker } from '../support/cluster.ts';
import { networkCompliance } from '../support/compliance.ts';

networkCompliance('libp2p', libp2pMaker);
