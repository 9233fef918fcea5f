// SPDX-License-Identifier: Apache-2.0
import type { Finding } from "./run-checks.ts";

type Cloud = "AWS" | "Azure" | "GCP";

/** `<workspace id>.zerobus.<region>.<domain>` */
const HOST = /^([^.]+)\.zerobus\.([a-z0-9-]+)\.(.+)$/;
const CLOUDS: Readonly<Record<string, Cloud>> = {
  "cloud.databricks.com": "AWS",
  "azuredatabricks.net": "Azure",
  "gcp.databricks.com": "GCP",
};

/** Regions that the documentation names; it grows faster than this list. Those of GCP are not listed there. */
const REGIONS: Readonly<Record<Cloud, ReadonlySet<string>>> = {
  AWS: new Set([
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "ca-central-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "sa-east-1",
  ]),
  Azure: new Set([
    "westus",
    "westus2",
    "westus3",
    "eastus",
    "eastus2",
    "centralus",
    "northcentralus",
    "southcentralus",
    "canadacentral",
    "brazilsouth",
    "westeurope",
    "northeurope",
    "germanywestcentral",
    "swedencentral",
    "switzerlandnorth",
    "uksouth",
    "australiaeast",
    "centralindia",
    "southeastasia",
  ]),
  GCP: new Set(),
};

/** Reads the region from the host of an endpoint. */
export function checkRegion(host: string): Finding {
  const match = HOST.exec(host);
  if (match === null) {
    if (!/\.(databricks\.com|azuredatabricks\.net)$/.test(host)) {
      return { status: "ok", detail: `${host} is not a host of Databricks: no region to check` };
    }
    return {
      status: "fail",
      detail: `${host} is a host of Databricks, but not of Zerobus`,
      fix: "use https://<workspace id>.zerobus.<region>.cloud.databricks.com, or .azuredatabricks.net, .gcp.databricks.com",
    };
  }
  const [, workspaceId = "", region = "", domain = ""] = match;
  const cloud = CLOUDS[domain];
  if (cloud === undefined) {
    return {
      status: "warn",
      detail: `${region}, of the unknown domain ${domain}`,
      fix: `the domains known are ${Object.keys(CLOUDS).join(", ")}`,
    };
  }
  if (!/^\d+$/.test(workspaceId)) {
    return {
      status: "fail",
      detail: `the host begins with ${workspaceId}, not with a workspace id, which is a number`,
      fix: "take the id from the workspace's URL (?o=...)",
    };
  }
  const regions = REGIONS[cloud];
  if (regions.size > 0 && !regions.has(region)) {
    return {
      status: "warn",
      detail: `${region} is not among the documented regions of ${cloud}`,
      fix: `check the region of the workspace; documented are ${[...regions].join(", ")}`,
    };
  }
  return { status: "ok", detail: `${region} of ${cloud}, workspace ${workspaceId}` };
}
