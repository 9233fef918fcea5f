// SPDX-License-Identifier: Apache-2.0
export { runPython, runSpark, skipWithoutPython, skipWithoutSpark } from "@sluice/testkit";
