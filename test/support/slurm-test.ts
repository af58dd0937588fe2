import test from 'ava';
import { hasSlurm } from './slurm-rig.js';

/** Tests that start a cluster; they are left out where Slurm is not installed. */
export const slurmTest = hasSlurm() ? test.serial : test.skip;
