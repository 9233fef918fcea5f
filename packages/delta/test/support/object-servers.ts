// SPDX-License-Identifier: Apache-2.0
export {
  AZURE_ACCOUNT,
  type ObjectServer,
  S3_CREDENTIALS,
  skipWithoutAzureServer,
  skipWithoutGcsServer,
  skipWithoutS3Server,
  startAzureServer,
  startGcsServer,
  startS3Server,
} from "@sluice/testkit";
