#!/bin/sh
':' /*; exec node -- "$0" "$@" # Without "--" Node takes flags such as --env-file for its own.
*/;
import { main } from '../dist/bundle/main.js';

await main(process.argv);
