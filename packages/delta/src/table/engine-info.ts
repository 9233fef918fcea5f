// SPDX-License-Identifier: Apache-2.0

/** `commitInfo.engineInfo` of commits whose caller gives none. */
export const ENGINE_INFO = "Sluice/0.1.0";
