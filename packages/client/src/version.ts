// SPDX-License-Identifier: Apache-2.0

/** The version of this package, as the user agent names it. */
export const CLIENT_VERSION = "0.1.0";
